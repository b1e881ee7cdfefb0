import { parseMilli, parseMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import { MENU } from './till-menu.ts';
import type { TillShop } from './till-shop.ts';

/** What the books should say by what the tills were told, worked out without the server's own code. */

export const minor = (amount: string) => parseMinor(amount) as number;
export const milli = (quantity: number) => Math.round(quantity * 1000);
export const sum = (figures: number[]) => figures.reduce((total, figure) => total + figure, 0);

export const isSold = ({ status }: Pick<Order, 'status'>) => status !== 'open' && status !== 'voided';

/** Sold for good: paid and nothing of it to give back, on the book, or done. */
export const isSettled = ({ status, paymentStatus, payLater, toGiveBack }: Order) =>
  status !== 'voided' &&
  ((paymentStatus === 'completed' && toGiveBack === '0.00') || payLater || status === 'completed');

type Payment = Order['payments'][number];
const signed = ({ kind }: Payment, amount: string) => (kind === 'return' ? -minor(amount) : minor(amount));

/** What a payment brought in; a return takes from it. */
export const signedMinor = (payment: Payment): number => signed(payment, payment.amount);
/** What of it is rounding to coins of its own day. */
export const signedRounding = (payment: Payment): number => signed(payment, payment.rounding);

/** What of an order nobody owes any more: its payments, and what refunds took off without paying it out. */
export const coveredMinor = ({ payments, refunds }: Order) =>
  sum(payments.map(signedMinor)) -
  sum(payments.map(signedRounding)) +
  sum(refunds.map(({ total, paidOut }) => minor(total) - minor(paidOut)));

/** What an order has taken from each item, in thousandths: its lines, less what was put back, nothing once voided. */
export function takenBy(order: Order, shop: TillShop): number[] {
  return shop.items.map((_, item) => {
    if (order.status === 'voided') return 0;
    return sum(order.items.map((line) => takenByLine(order, line, partOf(line.productId, item, shop))));
  });
}

function partOf(productId: string, item: number, shop: TillShop): number {
  const product = MENU[shop.products.findIndex(({ id }) => id === productId)];
  const each = (product?.recipe as Record<number, string> | undefined)?.[item];
  return each === undefined ? 0 : (parseMilli(each) as number);
}

function takenByLine({ refunds }: Order, line: Order['items'][number], part: number): number {
  // Half up, to a thousandth.
  const share = (quantity: number) => Math.floor((part * quantity + 500) / 1000);
  let returned = 0;
  let taken = share(milli(line.quantity));
  for (const refund of refunds) {
    const back = milli(refund.lines.find(({ lineId }) => lineId === line.id)?.quantity ?? 0);
    if (refund.restock) taken -= share(returned + back) - share(returned);
    returned += back;
  }
  return taken;
}

export type Sums = {
  orders: number;
  items: number;
  gross: number;
  discount: number;
  serviceCharge: number;
  tax: number;
  rounding: number;
  refunds: number;
  total: number;
};

type Refund = Order['refunds'][number];

/** The figures of a report by its orders and refunds, and what its payments were rounded by on their own days. */
export function sumsOf(orders: Order[], refunds: Refund[], roundedMinor: number): Sums {
  const sold = orders.filter(isSold);
  const of = (figure: (order: Order) => string) => sum(sold.map((order) => minor(figure(order))));
  const refunded = sum(refunds.map(({ total }) => minor(total)));
  const items = [
    ...sold.flatMap((order) => order.items.map(({ quantity }) => milli(quantity))),
    ...refunds.flatMap(({ lines }) => lines.map(({ quantity }) => -milli(quantity))),
  ];
  return {
    orders: sold.length,
    items: sum(items),
    gross: of((order) => order.subtotal),
    discount: of((order) => order.discount),
    serviceCharge: of((order) => order.serviceCharge),
    tax: of((order) => order.tax),
    rounding: of((order) => order.rounding) + roundedMinor,
    refunds: refunded,
    total: of((order) => order.total) + roundedMinor - refunded,
  };
}

/** The sums of a business date; without one, of all. */
export function sumsOn(orders: Order[], roundedMinor: number, day?: string): Sums {
  const isOn = ({ businessDate }: { businessDate: string }) => day === undefined || businessDate === day;
  return sumsOf(orders.filter(isOn), orders.flatMap(({ refunds }) => refunds).filter(isOn), roundedMinor);
}

/** The same figures as a sales report has them. */
export const sumsIn = (
  totals: Record<Exclude<keyof Sums, 'orders' | 'items'>, string> & {
    orders: number;
    itemsSold: number;
  },
): Sums => ({
  orders: totals.orders,
  items: milli(totals.itemsSold),
  gross: minor(totals.gross),
  discount: minor(totals.discount),
  serviceCharge: minor(totals.serviceCharge),
  tax: minor(totals.tax),
  rounding: minor(totals.rounding),
  refunds: minor(totals.refunds),
  total: minor(totals.total),
});
