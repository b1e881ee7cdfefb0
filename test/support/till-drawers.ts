import { expect } from 'chai';
import { formatMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import type { ShiftReport } from '../../src/contract/shifts.ts';
import type { Run } from './till-checks.ts';
import type { MovedBy, ShiftBooks } from './till-history.ts';
import { isSold, milli, minor, sum, sumsIn, sumsOf } from './till-model.ts';

type MethodRow = { method: string; count: number } & Record<
  'taken' | 'tips' | 'refunds' | 'returned',
  string
>;

/** The rows of a report by method, without those in which nothing moved. */
export function movedIn(rows: MethodRow[]): MovedBy {
  const by = rows.map(({ method, count, taken, tips, refunds, returned }): [string, MovedBy[string]] => {
    const amounts = {
      taken: minor(taken),
      tips: minor(tips),
      refunds: minor(refunds),
      returned: minor(returned),
    };
    return [method, { count, ...amounts }];
  });
  return moving(Object.fromEntries(by));
}

export const moving = (by: MovedBy): MovedBy =>
  Object.fromEntries(Object.entries(by).filter(([, moved]) => Object.values(moved).some(Boolean)));

/** What of a drawer is no whole coins: what tills took offline as they printed it. */
export const looseMinor = ({ orders }: Pick<Run, 'orders'>, stepMinor: number): number =>
  sum(orders.flatMap((order) => takenOffline(order).map(({ amount }) => minor(amount) % stepMinor)));

/** Payments that a till took before its order came in: they are booked as printed, in coins or not. */
export const takenOffline = ({ receivedAt, createdAt, payments }: Order): Order['payments'] =>
  receivedAt === null ? [] : payments.filter(({ at, method }) => at === createdAt && method === 'cash');

const NOTE_MINOR = 100;

/** The drawer counted, in notes, in coins of the shop's step, and what is left of it in the smallest there are. */
export function countOf(drawerMinor: number, stepMinor: number): { value: string; count: number }[] {
  const restMinor = drawerMinor % NOTE_MINOR;
  const counted = [
    { value: formatMinor(NOTE_MINOR), count: Math.floor(drawerMinor / NOTE_MINOR) },
    { value: formatMinor(stepMinor), count: Math.floor(restMinor / stepMinor) },
    { value: '0.01', count: restMinor % stepMinor },
  ];
  return counted.filter(({ count }) => count > 0);
}

/** Z reports say what was committed while their drawer was open, for good, and add up to the sales report. */
export async function checkDrawers(run: Run): Promise<void> {
  const { shop, journal, history, counts } = run;
  const check = async ([id, books]: [string, ShiftBooks]) => {
    const { body }: { body: ShiftReport } = await shop.manager.get(`${shop.path}/shifts/${id}/report`);
    expect(body, 'the Z report by now').to.deep.equal(journal.zReports.get(id));
    checkZ(body, books);
    return body.shift.zNumber as number;
  };
  const numbers = await Promise.all([...history.counted].map(check));
  expect(numbers.sort((a, b) => a - b)).to.deep.equal(numbers.map((_, n) => n + 1));
  for (const { shiftId, hasLoose } of counts) {
    const { shift } = journal.zReports.get(shiftId) as ShiftReport;
    expect(shift.variance, 'what was counted less what the books say').to.equal('0.00');
    const coins = shift.denominations?.filter(({ value }) => minor(value) % shop.stepMinor !== 0) ?? [];
    if (!hasLoose) expect(coins, `a drawer in coins of ${shop.stepMinor}`).to.deep.equal([]);
  }
  await checkSumOfZ(run);
}

function checkZ({ type, totals, drawer, payments, shift }: ShiftReport, books: ShiftBooks): void {
  const what = `Z report ${shift.zNumber}`;
  expect(type).to.equal('Z');
  if (!totals || !drawer) throw new Error(`${what} has no totals.`);
  const { items: _, ...due } = sumsOf(books.orders, books.refunds, books.roundedMinor);
  const { items, ...is } = sumsIn({ ...totals, total: totals.net });
  expect(is, what).to.deep.equal(due);
  const sold = books.orders.filter(isSold).flatMap((order) => order.items);
  expect(items, what).to.equal(sum(sold.map(({ quantity }) => milli(quantity))));
  expect(movedIn(payments), what).to.deep.equal(moving(books.moved));
  expect(minor(drawer.expected), `the drawer of ${what}`).to.equal(books.drawerMinor);
  expect(minor(shift.variance as string)).to.equal(minor(shift.counted as string) - books.drawerMinor);
}

/** Orders, refunds and payments of no shift are all that may be between the Z reports and the sales report. */
async function checkSumOfZ({ shop, journal, history, orders, seen }: Run): Promise<void> {
  const shifts = [...history.counted.values()];
  const nets = sum([...journal.zReports.values()].map(({ totals }) => minor(totals?.net ?? '0.00')));
  const outside = orders.filter((order) => isSold(order) && order.shiftId === null);
  const refunded = new Set(shifts.flatMap(({ refunds }) => refunds.map(({ id }) => id)));
  const refundsOutside = orders.flatMap(({ refunds }) => refunds).filter(({ id }) => !refunded.has(id));
  const roundedOutside = history.roundedOn() - sum(shifts.map(({ roundedMinor }) => roundedMinor));
  const { body } = await shop.manager.get(`${shop.path}/reports/sales?from=2026-01-01&to=2027-12-31`);
  const total = minor(body.totals.total);
  const rest = sumsOf(outside, refundsOutside, roundedOutside).total;
  expect(nets + rest, 'Z reports and the rest').to.equal(total);
  if (outside.length + refundsOutside.length > 0 || roundedOutside !== 0) return;
  expect(nets, 'the sum of the Z reports').to.equal(total);
  seen('every sale in a Z report');
}
