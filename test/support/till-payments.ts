import { formatMinor, parseMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import { isSettled } from './till-model.ts';
import type { TillRequest } from './till-requests.ts';
import type { Command, Pay } from './till-script.ts';
import type { TillShop } from './till-shop.ts';

/** Requests that move money on an order. */

const minor = (amount: string) => parseMinor(amount) as number;

/** Cash is handed over in steps, tips too, and each of the scripts' steps makes whole amounts. */
const WHOLE_TIP = '5.00';

/** What a new order says of its payment. */
export function waysToPay(idOf: (name: string) => string, tip: string | null): Record<Pay, object> {
  const cash = { id: idOf('cash'), method: 'cash' };
  return {
    cash: { paymentMethod: 'cash' },
    upi: { paymentMethod: 'upi' },
    note: { payments: [{ ...cash, amount: '500.00' }] },
    split: {
      payments: [
        { id: idOf('upi'), method: 'upi', amount: '10.00', ...(tip ? { tip } : {}), reference: 'UPI-1' },
        { ...cash, amount: '500.00' },
      ],
    },
    part: { payments: [{ ...cash, amount: '20.00', ...(tip ? { tip: WHOLE_TIP } : {}), tendered: '40.00' }] },
    none: {},
    later: { payLater: true, customerName: 'Asha' },
  };
}

type Of<D extends Command['do']> = Extract<Command, { do: D }>;
type Step = { shop: TillShop; idOf: (name: string) => string; order: Order; path: string };

export function pay({ share, method, tip }: Of<'pay'>, { idOf, order, path }: Step): TillRequest {
  const isCash = method === 'cash';
  const due = minor((isCash ? order.due?.cash : order.due?.other) ?? '0.00');
  const wanted = { half: Math.floor(due / 2), most: Math.floor((due * 4) / 5) };
  const part = share === 'half' || share === 'most' ? wanted[share] : due;
  const amount = isCash && part < due ? part - (part % 100) : part;
  const id = idOf('payment');
  const given = tip && isCash ? WHOLE_TIP : tip;
  const exact = { id, method, amount: formatMinor(amount), ...(given ? { tip: given } : {}) };
  const handedOver = { ...exact, tendered: formatMinor(amount + minor(given ?? '0') + 10_000) };
  // A note of 500 in cash, with change; what is due of it isn't said.
  const note = { id, method, amount: '500.00' };
  // What the order comes to, as a till that knows no rounding names it.
  const shown = { ...handedOver, amount: order.due?.other ?? '0.00', tendered: '5000.00' };
  const inCash = share === 'note' ? note : share === 'shown' ? shown : handedOver;
  return { method: 'put', path, body: { payments: [isCash ? inCash : exact] }, as: 'cashier', isKeyed: true };
}

/** What is left of each payment, in minor units. */
const paymentsLeft = ({ payments }: Order) =>
  payments
    .filter(({ kind }) => kind === 'payment')
    .map((payment) => {
      const returns = payments.filter(({ paymentId }) => paymentId === payment.id);
      const returned = returns.reduce((sum, { amount }) => sum + minor(amount), 0);
      return { ...payment, leftMinor: minor(payment.amount) - returned };
    });

/** The manager's own request, or the cashier's, with or without the manager's approval. */
const signed = (shop: TillShop, by: 'cashier' | 'manager' | 'approval') => ({
  as: by === 'manager' ? ('manager' as const) : ('cashier' as const),
  approval: by === 'approval' ? { approval: shop.approval } : {},
});

/** Below what rounding may have added, in minor units. */
const LITTLE = 20;

export function giveBack(
  { payment: nth, share, anew: asked, by }: Of<'giveBack'>,
  { shop, idOf, order, path }: Step,
): TillRequest | null {
  const left = paymentsLeft(order).filter(({ leftMinor }) => leftMinor > 0);
  const payment = left[nth % Math.max(left.length, 1)];
  if (!payment) return null;
  const over = Math.min(minor(order.toGiveBack), payment.leftMinor);
  const parts = {
    half: Math.floor(payment.leftMinor / 2),
    over,
    whole: 0,
    little: Math.min(LITTLE, payment.leftMinor),
  };
  const wanted = parts[share];
  const inCoins = payment.method === 'cash' ? wanted - (wanted % shop.stepMinor) : wanted;
  const amount = formatMinor(inCoins || payment.leftMinor);
  const { as, approval } = signed(shop, by);
  // A sold order stays paid. Of a little, the order may come to less by itself.
  const anew = asked ?? (isSettled(order) && share !== 'little' ? 'card' : null);
  const body = {
    returnPayments: [{ id: idOf('return'), paymentId: payment.id, amount }],
    ...(anew ? { payments: [{ id: idOf('payment'), method: anew, amount }] } : {}),
    ...approval,
  };
  return { method: 'put', path, body, as, isKeyed: true };
}

/** Names the version: corrections to and fro can't be told from a retry otherwise. */
export function correct(
  { payment: nth, method, by }: Of<'correct'>,
  { shop, order, path }: Step,
): TillRequest | null {
  const payments = order.payments.filter(({ kind }) => kind === 'payment');
  const payment = payments[nth % Math.max(payments.length, 1)];
  if (!payment) return null;
  const { as, approval } = signed(shop, by);
  const other = payment.method === 'upi' ? 'card' : 'upi';
  const right = method === payment.method ? other : method;
  const changePayments = [{ id: payment.id, method: right, reason: 'typed wrong' }];
  const body = { changePayments, version: order.version, ...approval };
  return { method: 'put', path, body, as, isKeyed: true };
}
