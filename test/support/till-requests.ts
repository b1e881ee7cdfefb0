import { v5 as uuidv5 } from 'uuid';
import { formatMinor, parseMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import type { Command, ScriptLine } from './till-script.ts';
import type { TillShop } from './till-shop.ts';

/** What goes over the wire. `isKeyed`: an id or a version in it keeps it from being done twice. */
export type TillRequest = {
  method: 'post' | 'put' | 'delete';
  path: string;
  body: Record<string, unknown>;
  as: 'cashier' | 'manager';
  isKeyed: boolean;
};

/** A name → the same id in every run of the shop. */
export type IdOf = (name: string) => string;
export const idsOf =
  (shop: TillShop): IdOf =>
  (name) =>
    uuidv5(name, shop.id);

type Step = { shop: TillShop; idOf: IdOf };

/** A command as a request, made on what its till knows of the bill; null when there is nothing to do it to. */
export function requestOf(command: Command, step: Step, bill: Order | null): TillRequest | null {
  if (command.do === 'place') return place(command, step);
  if (command.do === 'count' || command.do === 'adjust') return moveStock(command, step);
  if (!bill) return null;
  const path = `${step.shop.path}/orders/${bill.id}`;
  switch (command.do) {
    case 'edit':
      return edit(command, step, bill, path);
    case 'pay':
      return pay(command, step, bill, path);
    case 'move': {
      const body = { status: command.to, version: bill.version };
      return { method: 'put', path, body, as: 'cashier', isKeyed: true };
    }
    case 'void':
      return { method: 'delete', path, body: { reason: 'wrong table' }, as: 'manager', isKeyed: true };
    case 'refund':
      return refund(command, step, bill, path);
  }
}

type Of<D extends Command['do']> = Extract<Command, { do: D }>;

function lineOf({ product, quantity, discount }: ScriptLine, { shop }: Step, id: string) {
  const value = discount === null ? null : { type: 'percentage', value: discount };
  return { id, productId: shop.products[product]?.id, quantity, discount: value };
}

function place({ lines, pay: how, discount, tip }: Of<'place'>, step: Step): TillRequest {
  const { idOf, shop } = step;
  const cash = { id: idOf('cash'), method: 'cash' };
  const ways = {
    cash: { paymentMethod: 'cash' },
    upi: { paymentMethod: 'upi' },
    note: { payments: [{ ...cash, amount: '500.00' }] },
    split: {
      payments: [
        { id: idOf('upi'), method: 'upi', amount: '10.00', ...(tip ? { tip } : {}), reference: 'UPI-1' },
        { ...cash, amount: '500.00' },
      ],
    },
    part: { payments: [{ ...cash, amount: '5.00', ...(tip ? { tip: WHOLE_TIP } : {}), tendered: '20.00' }] },
    none: {},
    later: { payLater: true, customerName: 'Asha' },
  };
  const body = {
    id: idOf('order'),
    items: lines.map((line, n) => lineOf(line, step, idOf(`line ${n}`))),
    discount: discount === null ? null : { type: 'percentage', value: discount, reason: 'regular' },
    ...ways[how],
  };
  return { method: 'post', path: `${shop.path}/orders`, body, as: 'cashier', isKeyed: true };
}

function edit(
  { add, change, drop, isGuarded }: Of<'edit'>,
  step: Step,
  bill: Order,
  path: string,
): TillRequest | null {
  const changed = change && bill.items[change.line % bill.items.length];
  const dropped = drop && bill.items[drop.line % bill.items.length];
  const items = [
    ...(changed ? [{ id: changed.id, productId: changed.productId, quantity: change.quantity }] : []),
    ...(add ? [lineOf(add, step, step.idOf('line'))] : []),
  ];
  const voidItems = dropped
    ? [{ id: dropped.id, reason: 'spilt', ...(drop.isWhole ? {} : { quantity: '0.5' }) }]
    : [];
  if (items.length + voidItems.length === 0) return null;
  const body = {
    ...(items.length > 0 ? { items } : {}),
    ...(voidItems.length > 0 ? { voidItems } : {}),
    ...(isGuarded ? { version: bill.version } : {}),
  };
  return { method: 'put', path, body, as: 'cashier', isKeyed: isGuarded };
}

const minor = (amount: string) => parseMinor(amount) as number;

/** Cash is handed over in steps, tips too, and each of the scripts' steps makes whole amounts. */
const WHOLE_TIP = '5.00';

function pay({ share, method, tip }: Of<'pay'>, { idOf }: Step, bill: Order, path: string): TillRequest {
  const isCash = method === 'cash';
  const due = minor((isCash ? bill.due?.cash : bill.due?.other) ?? '0.00');
  const half = Math.floor(due / 2);
  const amount = share === 'half' ? half - (isCash ? half % 100 : 0) : due;
  const id = idOf('payment');
  const given = tip && isCash ? WHOLE_TIP : tip;
  const exact = { id, method, amount: formatMinor(amount), ...(given ? { tip: given } : {}) };
  const handedOver = { ...exact, tendered: formatMinor(amount + minor(given ?? '0') + 10_000) };
  // A note of 500 in cash, with change; what is due of it isn't said.
  const note = { id, method, amount: '500.00' };
  // What the order comes to, as a till that knows no rounding names it.
  const shown = { ...handedOver, amount: bill.due?.other ?? '0.00', tendered: '5000.00' };
  const inCash = share === 'note' ? note : share === 'shown' ? shown : handedOver;
  return { method: 'put', path, body: { payments: [isCash ? inCash : exact] }, as: 'cashier', isKeyed: true };
}

function refund(
  { lines, restock, inCash }: Of<'refund'>,
  { idOf }: Step,
  bill: Order,
  path: string,
): TillRequest {
  const methods = new Set(bill.payments.map(({ method }) => method));
  const parts = lines?.flatMap(({ line, share }) => {
    const item = bill.items[line];
    if (!item) return [];
    const milli = Math.max(1, Math.floor(Math.round(item.quantity * 1000) / share));
    return [{ lineId: item.id, quantity: milli / 1000 }];
  });
  const body = {
    id: idOf('refund'),
    reason: 'cold',
    restock,
    ...(parts && parts.length > 0 ? { lines: parts } : {}),
    ...(methods.size > 1 || inCash ? { method: 'cash' } : {}),
  };
  return { method: 'post', path: `${path}/refunds`, body, as: 'manager', isKeyed: true };
}

function moveStock(command: Of<'count'> | Of<'adjust'>, { shop, idOf }: Step): TillRequest {
  const how =
    command.do === 'count' ? { count: command.count } : { adjust: command.adjust, reason: command.reason };
  const path = `${shop.path}/inventory/${shop.items[command.item]?.id}`;
  return { method: 'put', path, body: { id: idOf('movement'), ...how }, as: 'manager', isKeyed: true };
}
