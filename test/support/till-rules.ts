import { isDeepStrictEqual } from 'node:util';
import type { Order } from '../../src/contract/orders.ts';
import type { Change } from './till-history.ts';
import { coveredMinor, milli, minor, sum } from './till-model.ts';
import type { TillShop } from './till-shop.ts';

/** What no change of an order may do; each rule gives sentences on what is wrong. */
type Rule = (change: Change, shop: TillShop) => string[];

const FIXED = [
  'items',
  'subtotal',
  'discount',
  'serviceCharge',
  'tax',
  'rounding',
  'total',
  'shiftId',
  'businessDate',
] as const;

/**
 * What was settled on a day that has ended, or in a shift that was counted, stays; refunds and the rest of a debt come on top. Of an
 * order on the book, payments of later days can be given back and corrected: reports of the day hold that they change nothing of it.
 */
const closedStays: Rule = ({ before, after, wasClosed }) => {
  if (!before || !wasClosed) return [];
  const changed = FIXED.filter((field) => !isDeepStrictEqual(before[field], after[field]));
  const lost = before.payments.filter(
    (payment) => !after.payments.some((each) => isDeepStrictEqual(each, payment)),
  );
  const returned = after.payments.filter(
    ({ id, kind }) => kind === 'return' && !before.payments.some((each) => each.id === id),
  );
  return [
    ...changed.map((field) => `${field} changed`),
    ...(before.payLater ? [] : lost).map(({ id }) => `payment ${id} changed`),
    ...(before.payLater ? [] : returned).map(({ id }) => `return ${id} was made`),
    ...(after.status === 'voided' ? ['it was voided'] : []),
  ].map((what) => `closed order ${after.orderNumber}: ${what}`);
};

/** A refund lowers what is owed first, and pays out the rest. */
const debtFirst: Rule = ({ before, after }) => {
  const refund = after.refunds.at(-1);
  if (!before || !refund || after.refunds.length === before.refunds.length) return [];
  const owedMinor = Math.max(0, minor(before.total) - coveredMinor(before));
  const outMinor = Math.max(0, minor(refund.total) - owedMinor);
  if (minor(refund.paidOut) === outMinor) return [];
  return [
    `refund ${refund.creditNoteNumber} of ${refund.total} paid out ${refund.paidOut}, with ${owedMinor} owed before`,
  ];
};

/** No more of a payment goes back than came, and the way it came. */
const returnsOfPayments: Rule = ({ after }) =>
  after.payments.flatMap((payment) => {
    if (payment.kind === 'return') return [];
    const returns = after.payments.filter(({ paymentId }) => paymentId === payment.id);
    const isTooMuch =
      sum(returns.map((each) => minor(each.amount) - minor(each.rounding))) > minor(payment.amount);
    const isOther = returns.some(({ method }) => method !== payment.method);
    return isTooMuch || isOther ? [`more of payment ${payment.id} was returned, or by another method`] : [];
  });

/** An order that isn't settled can be overpaid; one on the book can't. */
const noDebtOverpaid: Rule = ({ after }) =>
  after.payLater && after.status !== 'voided' && after.toGiveBack !== '0.00'
    ? [`order ${after.orderNumber} on the book was paid ${after.toGiveBack} too much`]
    : [];

export const hasFlag = ({ flags }: Order, wanted: Order['flags'][number]['code']) =>
  flags.some(({ code }) => code === wanted);

/** Orders made offline are flagged for what they were not refused for, and others never. */
const flagsAsDue: Rule = ({ before, after, day }) => {
  if (before) return [];
  const isOffline = after.receivedAt !== null;
  const isFraction = after.items.some(
    ({ soldBy, quantity }) => soldBy === 'piece' && milli(quantity) % 1000 !== 0,
  );
  const due = { closed_day: after.businessDate < day, fraction_of_piece: isFraction } as const;
  const wrong = Object.entries(due).filter(
    ([code, isDue]) => (isDue && isOffline) !== hasFlag(after, code as keyof typeof due),
  );
  return [
    ...wrong.map(([code]) => `order ${after.orderNumber} has the flag ${code}, or lacks it`),
    ...(!isOffline && (isFraction || after.businessDate !== day || after.flags.length > 0)
      ? [`order ${after.orderNumber} is not one of today's as they are`]
      : []),
  ];
};

const rules: Rule[] = [closedStays, debtFirst, returnsOfPayments, noDebtOverpaid, flagsAsDue];

export const brokenRules = (changes: Change[], shop: TillShop): string[] =>
  changes.flatMap((change) => rules.flatMap((rule) => rule(change, shop)));
