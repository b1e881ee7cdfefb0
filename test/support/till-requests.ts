import { v5 as uuidv5 } from 'uuid';
import type { Order } from '../../src/contract/orders.ts';
import { MENU } from './till-menu.ts';
import { correct, giveBack, pay, waysToPay } from './till-payments.ts';
import type { Command, OfflineSale, ScriptLine } from './till-script.ts';
import type { TillShop } from './till-shop.ts';

/** What goes over the wire. `isKeyed`: an id or a version in it keeps it from being done twice. */
export type TillRequest = {
  method: 'post' | 'put' | 'delete';
  path: string;
  body: Record<string, unknown>;
  as: 'cashier' | 'manager';
  isKeyed: boolean;
  /** One order of a batch: `body` is the order alone. */
  isOffline?: boolean;
};

/** A name → the same id in every run of the shop. */
export type IdOf = (name: string) => string;
export const idsOf =
  (shop: TillShop): IdOf =>
  (name) =>
    uuidv5(name, shop.id);

/** What a till knows when it makes a request: of the order that it is about, and of the drawer. */
export type Step = { shop: TillShop; idOf: IdOf; order: Order | null; openShiftId: string | null };
type OrderStep = Step & { order: Order; path: string };
type Of<D extends Command['do']> = Extract<Command, { do: D }>;

/** A command as the requests that it takes, one after the other; none where there is nothing to do it to. */
export function requestsOf(command: Command, step: Step): TillRequest[] {
  if (command.do === 'place') return [place(command, step)];
  if (command.do === 'offline') return command.sales.map((sale, n) => sellOffline(sale, n, step));
  if (command.do === 'count' || command.do === 'adjust') return [moveStock(command, step)];
  if (command.do === 'drawer') return turnDrawer(command, step);
  if (command.do === 'cash') return moveCash(command, step);
  const { order } = step;
  if (!order) return [];
  const made = requestOf(command, { ...step, order, path: `${step.shop.path}/orders/${order.id}` });
  return made ? [made] : [];
}

type OrderCommand = Extract<Command, { order: number }>;

function requestOf(command: OrderCommand, step: OrderStep): TillRequest | null {
  const { order, path } = step;
  switch (command.do) {
    case 'edit':
      return edit(command, step);
    case 'shrink':
      return shrink(step);
    case 'pay':
      return pay(command, step);
    case 'giveBack':
      return giveBack(command, step);
    case 'correct':
      return correct(command, step);
    case 'move': {
      const body = { status: command.to, version: order.version };
      return { method: 'put', path, body, as: 'cashier', isKeyed: true };
    }
    case 'void':
      return voidOf(step);
    case 'refund':
      return refund(command, step);
  }
}

/** What is sold by the piece is sold whole where the server would refuse a part of it. */
const wholeIfPiece = (product: number, quantity: string) =>
  MENU[product]?.soldBy === 'piece' ? String(Math.ceil(Number(quantity))) : quantity;

function lineOf({ product, quantity, discount }: ScriptLine, { shop }: Pick<Step, 'shop'>, id: string) {
  const value = discount === null ? null : { type: 'percentage', value: discount };
  return {
    id,
    productId: shop.products[product]?.id,
    quantity: wholeIfPiece(product, quantity),
    discount: value,
  };
}

function place({ lines, pay: how, discount, tip }: Of<'place'>, step: Step): TillRequest {
  const { idOf, shop } = step;
  const body = {
    id: idOf('order'),
    items: lines.map((line, n) => lineOf(line, step, idOf(`line ${n}`))),
    discount: discount === null ? null : { type: 'percentage', value: discount, reason: 'regular' },
    ...waysToPay(idOf, tip)[how],
  };
  return { method: 'post', path: `${shop.path}/orders`, body, as: 'cashier', isKeyed: true };
}

/** An order that a command can be done to: paid, on the book, parked with a deposit on it, or parked. Water takes nothing from stock. */
export function placeFor(command: OrderCommand, shop: TillShop, idOf: IdOf): TillRequest {
  const isSold = 'of' in command ? command.of === 'sold' : ['void', 'refund'].includes(command.do);
  const hasDeposit = ['shrink', 'giveBack', 'correct'].includes(command.do);
  const isOnBook = command.do === 'refund' && command.order === 0;
  const method = command.order % 2 === 0 ? 'card' : 'cash';
  const deposit = { id: idOf('deposit'), method, amount: '60.00' };
  const water = shop.products[MENU.findIndex(({ name }) => name === 'Water')]?.id;
  const body = {
    id: idOf('order for it'),
    items: ['1', '3'].map((quantity) => ({ id: idOf(`line of ${quantity}`), productId: water, quantity })),
    ...(isSold && !isOnBook ? { paymentMethod: method } : {}),
    ...(isOnBook ? { payLater: true, customerName: 'Asha', payments: [deposit] } : {}),
    ...(hasDeposit && !isSold ? { payments: [deposit] } : {}),
  };
  return { method: 'post', path: `${shop.path}/orders`, body, as: 'cashier', isKeyed: true };
}

const MINUTE_MS = 60_000;
const AGES_MS = { now: 1_000, yesterday: 24 * 60 * MINUTE_MS, 'long ago': 40 * 24 * 60 * MINUTE_MS };

function sellOffline({ lines, pay: how, placed, printed }: OfflineSale, n: number, step: Step): TillRequest {
  const { shop } = step;
  const idOf: IdOf = (name) => step.idOf(`${name} of sale ${n}`);
  const body = {
    id: idOf('order'),
    items: lines.map(({ listPrice, ...line }, at) => ({
      ...lineOf(line, step, idOf(`line ${at}`)),
      quantity: line.quantity,
      ...(listPrice === null ? {} : { listPrice }),
    })),
    ...waysToPay(idOf, null)[how],
    ...(printed === null ? {} : { expectedTotal: printed }),
    placedAt: new Date(shop.now().getTime() - AGES_MS[placed]).toISOString(),
  };
  return offlineRequest(shop, body);
}

const offlineRequest = (shop: TillShop, body: Record<string, unknown>): TillRequest => ({
  method: 'post',
  path: `${shop.path}/orders/batch`,
  body,
  as: 'cashier',
  isKeyed: true,
  isOffline: true,
});

/** The order again as the till's outbox sends it, when it got no response. */
export const fromOutbox = (shop: TillShop, { body }: TillRequest): TillRequest =>
  offlineRequest(shop, { ...body, placedAt: new Date(shop.now().getTime() - 1_000).toISOString() });

function edit(
  { add, change, drop, isGuarded }: Of<'edit'>,
  { shop, idOf, order, path }: OrderStep,
): TillRequest | null {
  const changed = change && order.items[change.line % order.items.length];
  const dropped = drop && order.items[drop.line % order.items.length];
  const productOf = (id: string) => shop.products.findIndex((known) => known.id === id);
  const items = [
    ...(changed
      ? [
          {
            id: changed.id,
            productId: changed.productId,
            quantity: wholeIfPiece(productOf(changed.productId), change.quantity),
          },
        ]
      : []),
    ...(add ? [lineOf(add, { shop }, idOf('line'))] : []),
  ];
  const voidItems = dropped
    ? [{ id: dropped.id, reason: 'spilt', ...(drop.isWhole ? {} : { quantity: '0.5' }) }]
    : [];
  if (items.length + voidItems.length === 0) return null;
  const body = {
    ...(items.length > 0 ? { items } : {}),
    ...(voidItems.length > 0 ? { voidItems } : {}),
    ...(isGuarded ? { version: order.version } : {}),
  };
  return { method: 'put', path, body, as: 'cashier', isKeyed: isGuarded };
}

function shrink({ idOf, order, path }: OrderStep): TillRequest | null {
  const [kept, ...others] = order.items;
  const quantity = kept?.soldBy === 'piece' ? 1 : 0.25;
  const isLess = kept !== undefined && kept.quantity > quantity;
  const items = isLess ? [{ id: kept.id, productId: kept.productId, quantity }] : [];
  const voidItems = others.map(({ id }, n) => ({ id, reason: 'spilt', voidId: idOf(`void ${n}`) }));
  if (items.length + voidItems.length === 0) return null;
  const body = {
    ...(items.length > 0 ? { items } : {}),
    ...(voidItems.length > 0 ? { voidItems } : {}),
    version: order.version,
  };
  return { method: 'put', path, body, as: order.status === 'open' ? 'cashier' : 'manager', isKeyed: true };
}

export const voidOf = ({ path }: Pick<OrderStep, 'path'>): TillRequest => ({
  method: 'delete',
  path,
  body: { reason: 'wrong table' },
  as: 'manager',
  isKeyed: true,
});

function refund({ lines, restock, inCash }: Of<'refund'>, { idOf, order, path }: OrderStep): TillRequest {
  const methods = new Set(order.payments.map(({ method }) => method));
  const parts = lines?.flatMap(({ line, share }) => {
    const item = order.items[line];
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

/** Large enough for what goes back in cash that came by card. */
const FLOAT = '10000.00';

export const openDrawer = ({ shop, idOf }: Pick<Step, 'shop' | 'idOf'>): TillRequest => {
  const body = { id: idOf('shift'), openingFloat: FLOAT, deviceId: null };
  return { method: 'post', path: `${shop.path}/shifts`, body, as: 'cashier', isKeyed: true };
};

type Denominations = { value: string; count: number }[];
export const countDrawer = (shop: TillShop, shiftId: string, denominations: Denominations): TillRequest => ({
  method: 'post',
  path: `${shop.path}/shifts/${shiftId}/close`,
  body: { denominations },
  as: 'cashier',
  isKeyed: true,
});

/** Nobody knows what is in the drawer while others sell: what is counted here is the float. */
function turnDrawer({ reopens }: Of<'drawer'>, step: Step): TillRequest[] {
  const { shop, openShiftId } = step;
  if (!openShiftId) return [openDrawer(step)];
  const counting = countDrawer(shop, openShiftId, [{ value: '500.00', count: 20 }]);
  return reopens ? [counting, openDrawer(step)] : [counting];
}

function moveCash({ type }: Of<'cash'>, { shop, idOf, openShiftId }: Step): TillRequest[] {
  if (!openShiftId) return [];
  const path = `${shop.path}/shifts/${openShiftId}/cash-movements`;
  const body = { id: idOf('movement of cash'), type, amount: '50.00', reason: 'change for the day' };
  return [{ method: 'post', path, body, as: 'cashier', isKeyed: true }];
}

function moveStock(command: Of<'count'> | Of<'adjust'>, { shop, idOf }: Step): TillRequest {
  const how =
    command.do === 'count' ? { count: command.count } : { adjust: command.adjust, reason: command.reason };
  const path = `${shop.path}/inventory/${shop.items[command.item]?.id}`;
  return { method: 'put', path, body: { id: idOf('movement'), ...how }, as: 'manager', isKeyed: true };
}
