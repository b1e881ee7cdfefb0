import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { EventEnvelope } from '../../src/contract/events.ts';
import type { Order } from '../../src/contract/orders.ts';
import type { Shift } from '../../src/contract/shifts.ts';
import { isSettled, minor, signedMinor, signedRounding, sum } from './till-model.ts';

/** A change of an order, as it was before and after. */
export type Change = {
  seq: number;
  day: string;
  before: Order | null;
  after: Order;
  /** It was settled, and its day had ended or its shift was counted. */
  wasClosed: boolean;
};

/** Money of one method, in minor units. */
export type Moved = { count: number; taken: number; tips: number; refunds: number; returned: number };

export type MovedBy = Record<string, Moved>;

/** What a shift came to when its drawer was counted, or by now. */
export type ShiftBooks = {
  shift: Shift;
  /** Its orders and refunds, as they were then. */
  orders: Order[];
  refunds: Order['refunds'];
  moved: MovedBy;
  /** What its payments were rounded by on their own day, in minor units. */
  roundedMinor: number;
  /** What should lie in its drawer, in minor units. */
  drawerMinor: number;
};

/** What happened in a shop, in the order in which it was committed. */
export type History = {
  changes: Change[];
  counted: Map<string, ShiftBooks>;
  openShift: ShiftBooks | null;
  /** Money by the business date on which it moved. */
  movedOn: (day: string) => MovedBy;
  /** What payments of a business date, or of all, were rounded by; what went back for voids is off it. */
  roundedOn: (day?: string) => number;
  violations: string[];
};

/** Which drawer money went through; orders don't show it. */
type Drawers = {
  payments: Map<string, string | null>;
  returned: Map<string, string | null>;
  refunds: Map<string, string | null>;
};

async function readDrawers(db: pg.Client, shopId: string): Promise<Drawers> {
  const payments = await db.query('SELECT id, shift_id, returned_shift_id FROM payments WHERE shop_id = $1', [
    shopId,
  ]);
  const refunds = await db.query('SELECT id, shift_id FROM refunds WHERE shop_id = $1', [shopId]);
  return {
    payments: new Map(payments.rows.map((row) => [row.id, row.shift_id])),
    returned: new Map(payments.rows.map((row) => [row.id, row.returned_shift_id])),
    refunds: new Map(refunds.rows.map((row) => [row.id, row.shift_id])),
  };
}

type Payment = Order['payments'][number];
type Refund = Order['refunds'][number];
type Selection = {
  payment(payment: Payment): boolean;
  voided(payment: Payment, order: Order): boolean;
  refund(refund: Refund): boolean;
};

/** Adds up the money of the payments, voids and refunds selected, by method. */
function movedBy(orders: Iterable<Order>, { payment, voided, refund }: Selection): MovedBy {
  const by: MovedBy = {};
  const add = (method: string, change: Partial<Moved>) => {
    by[method] ??= { count: 0, taken: 0, tips: 0, refunds: 0, returned: 0 };
    for (const [figure, amount] of Object.entries(change)) by[method][figure as keyof Moved] += amount;
  };
  for (const order of orders) {
    for (const each of order.payments) {
      const [amount, tip] = [minor(each.amount), minor(each.tip)];
      if (payment(each))
        add(
          each.method,
          each.kind === 'return' ? { returned: amount } : { count: 1, taken: amount, tips: tip },
        );
      if (order.status === 'voided' && voided(each, order))
        add(each.method, { returned: signedMinor(each) + tip });
    }
    for (const each of order.refunds)
      if (refund(each))
        for (const { method, amount, tip } of each.payments)
          add(method, { refunds: minor(amount), tips: -minor(tip) });
  }
  return by;
}

function roundedBy(orders: Iterable<Order>, { payment, voided }: Omit<Selection, 'refund'>): number {
  let roundedMinor = 0;
  for (const order of orders)
    for (const each of order.payments) {
      if (payment(each)) roundedMinor += signedRounding(each);
      if (order.status === 'voided' && voided(each, order)) roundedMinor -= signedRounding(each);
    }
  return roundedMinor;
}

function booksOf(shift: Shift, orders: ReadonlyMap<string, Order>, drawers: Drawers): ShiftBooks {
  const { id } = shift;
  const all = [...orders.values()];
  const selection: Selection = {
    payment: (each) => drawers.payments.get(each.id) === id,
    voided: (each) => drawers.returned.get(each.id) === id,
    refund: (each) => drawers.refunds.get(each.id) === id,
  };
  const moved = movedBy(all, selection);
  const cash = moved.cash ?? { taken: 0, tips: 0, refunds: 0, returned: 0 };
  const put = shift.cashMovements.map(({ type, amount }) => (type === 'in' ? 1 : -1) * minor(amount));
  return {
    shift,
    orders: all.filter(({ shiftId }) => shiftId === id),
    refunds: all.flatMap(({ refunds }) => refunds).filter((each) => drawers.refunds.get(each.id) === id),
    moved,
    roundedMinor: roundedBy(all, selection),
    drawerMinor: minor(shift.openingFloat) + cash.taken + cash.tips - cash.refunds - cash.returned + sum(put),
  };
}

type Days = { first: string; second: string; nextDayAt: number };

/**
 * Folds the events of a shop. After event `nextDayAt` it is the second day. The drawer of money is read from the database and
 * held against the one that was open then.
 */
export async function historyOf(
  db: pg.Client,
  shopId: string,
  heard: EventEnvelope[],
  { first, second, nextDayAt }: Days,
): Promise<History> {
  const drawers = await readDrawers(db, shopId);
  const orders = new Map<string, Order>();
  const shifts = new Map<string, Shift>();
  const counted: History['counted'] = new Map();
  const [changes, violations]: [Change[], string[]] = [[], []];
  /** Days by payment, and of voids by order. */
  const days = new Map<string, string>();
  let openShiftId: string | null = null;
  const countedOn = new Set<string>();
  for (const { seq, type, data } of heard) {
    const day = seq <= nextDayAt ? first : second;
    if (type === 'shift_updated') {
      const shift = data as Shift;
      if (!shifts.has(shift.id)) openShiftId = shift.id;
      shifts.set(shift.id, shift);
      if (shift.status === 'open') continue;
      counted.set(shift.id, booksOf(shift, orders, drawers));
      countedOn.add(day);
      if (openShiftId === shift.id) openShiftId = null;
    }
    if (!type.startsWith('order_')) continue;
    const after = data as Order;
    const before = orders.get(after.id) ?? null;
    const isOver = before && (before.businessDate < day || counted.has(before.shiftId ?? ''));
    changes.push({ seq, day, before, after, wasClosed: Boolean(isOver) && isSettled(before as Order) });
    orders.set(after.id, after);
    for (const { id } of after.payments) if (!days.has(id)) days.set(id, before ? day : after.businessDate);
    if (after.status === 'voided' && before?.status !== 'voided') days.set(after.id, day);
    const isOfBefore = ({ id }: Payment) =>
      (days.get(id) ?? day) < day || counted.has(drawers.payments.get(id) ?? '');
    violations.push(
      ...changedPayments(before, after)
        .filter(isOfBefore)
        .map(({ id }) => `payment ${id} changed`),
    );
    const place = { order: after.orderNumber, openShiftId, hasGap: countedOn.has(day) };
    violations.push(...wrongDrawers(newMoney(before, after), drawers, place));
  }
  const open = openShiftId === null ? undefined : shifts.get(openShiftId);
  const on = (day?: string): Selection => ({
    payment: ({ id }) => day === undefined || days.get(id) === day,
    voided: (_, { id }) => day === undefined || days.get(id) === day,
    refund: ({ businessDate }) => day === undefined || businessDate === day,
  });
  const movedOn = (day: string) => movedBy(orders.values(), on(day));
  const roundedOn = (day?: string) => roundedBy(orders.values(), on(day));
  return {
    changes,
    counted,
    openShift: open ? booksOf(open, orders, drawers) : null,
    movedOn,
    roundedOn,
    violations,
  };
}

/** The payments and refunds that an order hadn't before. */
function newMoney(before: Order | null, after: Order) {
  const isNew = (known: { id: string }[] | undefined) => (each: { id: string }) =>
    !known?.some(({ id }) => id === each.id);
  return {
    payments: after.payments.filter(isNew(before?.payments)),
    refunds: after.refunds.filter(isNew(before?.refunds)),
  };
}

/** Payments that are others by now; those of a counted drawer, or of a day that has ended, have to stay. */
const changedPayments = (before: Order | null, after: Order): Payment[] =>
  (before?.payments ?? []).filter(
    (was) =>
      !after.payments.some((payment) =>
        // That it went back for a void is no change of it.
        isDeepStrictEqual({ ...payment, returnedAt: null }, { ...was, returnedAt: null }),
      ),
  );

/** Money goes into the drawer that is open, or into none where one was counted and the next wasn't open yet. */
function wrongDrawers(
  { payments, refunds }: ReturnType<typeof newMoney>,
  drawers: Drawers,
  { order, openShiftId, hasGap }: { order: string; openShiftId: string | null; hasGap: boolean },
): string[] {
  const isWrong = (shiftId: string | null | undefined) =>
    shiftId !== openShiftId && !(shiftId === null && hasGap);
  return [
    ...payments.filter(({ id }) => isWrong(drawers.payments.get(id))).map(({ id }) => `payment ${id}`),
    ...refunds.filter(({ id }) => isWrong(drawers.refunds.get(id))).map(({ id }) => `refund ${id}`),
  ].map((what) => `${what} of ${order} went into another drawer than the open one, ${openShiftId}`);
}
