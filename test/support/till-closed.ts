import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import type { Run } from './till-checks.ts';
import { movedIn, moving } from './till-drawers.ts';
import { isSettled, isSold, minor, sumsIn, sumsOn } from './till-model.ts';
import { hasFlag } from './till-rules.ts';
import type { TillShop } from './till-shop.ts';

export const [DAY_BEFORE, FIRST_DAY, SECOND_DAY] = ['2026-06-13', '2026-06-14', '2026-06-15'] as const;

type Reports = Record<string, Record<string, unknown>>;
/** The first day when it was over: its orders, and its reports where they are to be compared. */
export type EndOfDay = { orders: Order[]; roundedMinor: number; reports: Reports | null };

const GROUPINGS = ['day', 'hour', 'variant', 'cashier', 'paymentMethod'];
const OTHERS = ['tax', 'payments', 'margins', 'staff', 'sellers'];

/** All that can be read of the first day, without the time at which it is read and what is unpaid by now. */
export async function reportsOfFirstDay(shop: TillShop): Promise<Reports> {
  const span = `from=${FIRST_DAY}&to=${FIRST_DAY}`;
  const names = [
    ...GROUPINGS.map((groupBy) => `sales?${span}&groupBy=${groupBy}`),
    ...OTHERS.map((name) => `${name}?${span}`),
  ];
  const read = async (name: string): Promise<[string, Reports[string]]> => {
    const { status, body, text } = await shop.manager.get(`${shop.path}/reports/${name}`);
    if (status !== 200) throw new Error(`${name}: ${text}`);
    const { asOf: _, unpaid: __, ...report } = body;
    return [name, report];
  };
  return Object.fromEntries(await Promise.all(names.map(read)));
}

/** No act of the second day changes a report of the first, beside what was open on it or came in late. */
export async function checkClosedDay({ shop, orders, endOfDay, history, seen }: Run): Promise<void> {
  const check = async (day: string) => {
    const span = `from=${day}&to=${day}`;
    const { body: sales } = await shop.manager.get(`${shop.path}/reports/sales?${span}`);
    expect(sumsIn(sales.totals), `sales of ${day}`).to.deep.equal(
      sumsOn(orders, history.roundedOn(day), day),
    );
    const { body: payments } = await shop.manager.get(`${shop.path}/reports/payments?${span}`);
    expect(movedIn(payments.methods), `payments of ${day}`).to.deep.equal(moving(history.movedOn(day)));
  };
  await Promise.all([DAY_BEFORE, FIRST_DAY, SECOND_DAY].map(check));
  const { orders: then, reports } = endOfDay;
  if (!reports) throw new Error('The reports of the first day were not read.');
  const first = reports[`sales?from=${FIRST_DAY}&to=${FIRST_DAY}&groupBy=day`] as {
    totals: Parameters<typeof sumsIn>[0];
  };
  expect(sumsIn(first.totals), 'sales when the day was over').to.deep.equal(
    sumsOn(then, endOfDay.roundedMinor, FIRST_DAY),
  );
  if (orders.some((order) => touches(order, then))) return;
  expect(await reportsOfFirstDay(shop), 'reports of the first day').to.deep.equal(reports);
  seen('a closed day, its reports unchanged');
}

/** What may change a closed day: the figures of an order that was open on it, or that came in late. */
function touches(now: Order, then: Order[]): boolean {
  if (now.businessDate !== FIRST_DAY) return false;
  const known = then.find(({ id }) => id === now.id);
  if (!known) return true;
  return !isSettled(known) && known.version !== now.version;
}

/** `openDays` and `late` of a sales report over everything. */
export function openAndLate(orders: Order[]): {
  openDays: string[];
  late: { orders: number; total: number };
} {
  const isOpen = ({ status, paymentStatus, payLater }: Order) =>
    status !== 'completed' &&
    status !== 'voided' &&
    !payLater &&
    (status === 'open' || paymentStatus !== 'completed');
  const late = orders.filter((order) => isSold(order) && hasFlag(order, 'closed_day'));
  return {
    openDays: [...new Set(orders.filter(isOpen).map(({ businessDate }) => businessDate))].sort(),
    late: { orders: late.length, total: late.reduce((sum, { total }) => sum + minor(total), 0) },
  };
}
