import type { Order, OrderItem } from '../../contract/orders.ts';
import { clockIn } from './clock.ts';
import { formatCount, formatMoney } from './format.ts';
import { inLine } from './in-line.ts';
import { summary, table } from './table.ts';

type Shop = { currency: string; timezone: string };

/** How a bill was paid, in a word or two. */
export function paidBy({ paymentStatus, paymentMethod, payLater, status }: Order): string {
  if (status === 'voided') return '';
  if (paymentStatus === 'completed') return paymentMethod ?? 'yes';
  if (payLater) return 'on the book';
  return paymentStatus === 'partial' ? 'in part' : 'no';
}

/** A bill to read on a terminal; its lines have numbers, by which a refund names them. */
export function orderText(order: Order, shop: Shop): string {
  return [headOf(order, shop), linesOf(order, shop), sumsOf(order, shop), ...afterwards(order, shop)].join(
    '\n\n',
  );
}

function headOf(order: Order, { timezone }: Shop): string {
  const { orderNumber, status, orderType, tokenNumber, tableNumber, customerName } = order;
  const where = [
    orderType.replace('_', ' '),
    tokenNumber === null ? '' : `token ${tokenNumber}`,
    tableNumber === null ? '' : `table ${tableNumber}`,
    customerName ?? '',
  ];
  const lines = [
    `${orderNumber} · ${status}${order.voidReason ? `: ${order.voidReason}` : ''}`,
    [clockIn(timezone)(order.createdAt), ...where].filter((part) => part !== '').join(' · '),
    ...(order.notes ? [order.notes] : []),
  ];
  return lines.map(inLine).join('\n');
}

function linesOf({ items }: Order, { currency }: Shop): string {
  const money = (amount: string) => formatMoney(amount, currency);
  const numbered = items.map((item, index) => ({ item, number: index + 1 }));
  return table(numbered, [
    { title: '#', value: ({ number }) => String(number), align: 'right' },
    { title: 'item', value: ({ item }) => nameOf(item) },
    { title: 'quantity', value: ({ item }) => quantityOf(item), align: 'right' },
    { title: 'price', value: ({ item }) => money(item.unitPrice), align: 'right' },
    { title: 'discount', value: ({ item }) => someMoney(item.discount, currency), align: 'right' },
    { title: 'total', value: ({ item }) => money(item.total), align: 'right' },
  ]);
}

const nameOf = ({ name, variantName, modifiers }: OrderItem) =>
  [
    variantName === null ? name : `${name} (${variantName})`,
    ...modifiers.map((modifier) => modifier.name),
  ].join(', ');

/** Pieces need no unit. */
const quantityOf = ({ quantity, soldBy, unit }: OrderItem) =>
  soldBy === 'piece' || unit === null ? formatCount(quantity) : `${formatCount(quantity)} ${unit}`;

const someMoney = (amount: string, currency: string) =>
  /[1-9]/.test(amount) ? formatMoney(amount, currency) : '';

function sumsOf(order: Order, { currency }: Shop): string {
  const { subtotal, discount, serviceCharge, taxLines, rounding, total, due, toGiveBack } = order;
  const inTax = order.taxMode === 'inclusive' ? ', in it' : '';
  const sums: [string, string][] = [
    ['Subtotal', subtotal],
    ['Discount', discount],
    ['Service charge', serviceCharge],
    ...taxLines.map(({ name, amount }): [string, string] => [`${name}${inTax}`, amount]),
    ['Rounding', rounding],
  ];
  const some = sums.filter(([, amount]) => /[1-9]/.test(amount));
  const left: [string, string][] = due ? [['Still to pay', due.other]] : [];
  const back: [string, string][] = /[1-9]/.test(toGiveBack) ? [['To give back', toGiveBack]] : [];
  return summary(
    [...some, ['Total', total] as const, ...left, ...back].map(
      ([name, amount]) => [name, formatMoney(amount, currency)] as const,
    ),
  );
}

/** Payments, refunds, and what somebody should look at. */
function afterwards(order: Order, { currency, timezone }: Shop): string[] {
  const money = (amount: string) => formatMoney(amount, currency);
  const clock = clockIn(timezone);
  const payments = order.payments.map(({ at, kind, method, amount, tip, returnedAt }) => {
    const tips = /[1-9]/.test(tip) ? `, and a tip of ${money(tip)}` : '';
    const gone = returnedAt === null ? '' : ', given back';
    return `${clock(at)}  ${kind === 'return' ? 'gave back' : 'paid'} ${money(amount)} by ${method}${tips}${gone}`;
  });
  const refunds = order.refunds.map(
    ({ at, creditNoteNumber, total, method, reason }) =>
      `${clock(at)}  refunded ${money(total)} by ${method}, ${creditNoteNumber}: ${reason}`,
  );
  const flags = order.flags.map(({ detail }) => `Look at it: ${detail}`);
  const reviewed = flags.length > 0 && order.reviewedBy !== null ? ['Somebody looked at it.'] : [];
  return [
    [...payments, ...refunds],
    [...flags, ...reviewed],
  ].flatMap((lines) => (lines.length === 0 ? [] : [lines.map(inLine).join('\n')]));
}
