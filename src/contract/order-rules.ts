/**
 * What may be done to an order in which state. Pure data and functions without imports: the server, tills
 * (`smoocho/order-rules`) and the table in docs/api.md all read it.
 */

export const orderStates = [
  'open',
  'preparing',
  'owed_preparing',
  'owed',
  'paid',
  'closed',
  'partly_refunded',
  'refunded',
  'voided',
] as const;
export type OrderState = (typeof orderStates)[number];

/** What each state means, for people. */
export const stateMeanings: Record<OrderState, string> = {
  open: 'parked: nothing is sold yet',
  preparing: 'the kitchen has it; neither paid nor on the book',
  owed_preparing: 'on the book, and the kitchen has it',
  owed: 'on the book, and handed over',
  paid: 'paid in full',
  closed: 'paid or on the book, and its business day has ended or its shift was counted',
  partly_refunded: 'some of it was refunded',
  refunded: 'all of it was refunded',
  voided: 'voided',
};

/** `edit` changes its price or its items; `giveBack` returns or corrects its payments; `move` changes its status. */
export const orderActions = ['edit', 'pay', 'giveBack', 'void', 'refund', 'move'] as const;
export type OrderAction = (typeof orderActions)[number];

/** What works instead: another action on the same order, or `place`, a new one. */
export type InsteadAction = OrderAction | 'place';

/** Where each action is sent. */
export const orderRequests: Record<InsteadAction, { method: 'POST' | 'PUT' | 'DELETE'; path: string }> = {
  place: { method: 'POST', path: '/api/shops/:shopId/orders' },
  edit: { method: 'PUT', path: '/api/shops/:shopId/orders/:orderId' },
  pay: { method: 'PUT', path: '/api/shops/:shopId/orders/:orderId' },
  giveBack: { method: 'PUT', path: '/api/shops/:shopId/orders/:orderId' },
  move: { method: 'PUT', path: '/api/shops/:shopId/orders/:orderId' },
  void: { method: 'DELETE', path: '/api/shops/:shopId/orders/:orderId' },
  refund: { method: 'POST', path: '/api/shops/:shopId/orders/:orderId/refunds' },
};

/** Problem codes of a refusal. */
export type RefusalCode = 'order_open' | 'order_closed' | 'day_closed';
export type Refusal = { problem: RefusalCode; instead: InsteadAction };
export type OrderRule = 'allowed' | Refusal;

const yes = 'allowed';
const refuse = (problem: RefusalCode, instead: InsteadAction): Refusal => ({ problem, instead });
const notSold = refuse('order_open', 'void');
const sold = refuse('order_closed', 'refund');
const dayClosed = refuse('day_closed', 'refund');
const over = refuse('order_closed', 'place');

/** The table. An allowed action may still be refused by what it asks for, such as a payment above what is due. */
export const orderRules: Record<OrderState, Record<OrderAction, OrderRule>> = {
  open: { edit: yes, pay: yes, giveBack: yes, void: yes, refund: notSold, move: yes },
  preparing: { edit: yes, pay: yes, giveBack: yes, void: yes, refund: notSold, move: yes },
  owed_preparing: { edit: yes, pay: yes, giveBack: yes, void: yes, refund: yes, move: yes },
  owed: { edit: sold, pay: yes, giveBack: yes, void: yes, refund: yes, move: yes },
  paid: { edit: sold, pay: yes, giveBack: yes, void: yes, refund: yes, move: yes },
  // CGST Act 2017, s. 34: what was invoiced goes back by a credit note.
  closed: { edit: dayClosed, pay: yes, giveBack: dayClosed, void: dayClosed, refund: yes, move: yes },
  partly_refunded: { edit: sold, pay: yes, giveBack: sold, void: sold, refund: yes, move: yes },
  refunded: { edit: over, pay: yes, giveBack: over, void: over, refund: over, move: yes },
  voided: { edit: over, pay: over, giveBack: over, void: over, refund: over, move: over },
};

/** The part of an order, as GET and the feed show it, that decides its state. */
export type OrderFacts = {
  status: 'open' | 'preparing' | 'ready' | 'completed' | 'voided';
  paymentStatus: 'pending' | 'partial' | 'completed';
  payLater: boolean;
  /** What was paid above its total. */
  toGiveBack: string;
  items: readonly { id: string; quantity: number }[];
  refunds: readonly { lines: readonly { lineId: string; quantity: number }[] }[];
};

/** `isClosed`: its business day has ended, or its shift was counted. */
export function orderStateOf(order: OrderFacts, { isClosed }: { isClosed: boolean }): OrderState {
  const { status, paymentStatus, payLater, refunds } = order;
  if (status === 'voided') return 'voided';
  if (refunds.length > 0) return isWhollyRefunded(order) ? 'refunded' : 'partly_refunded';
  if (!isSettled(order)) return status === 'open' ? 'open' : 'preparing';
  if (isClosed) return 'closed';
  if (paymentStatus === 'completed') return 'paid';
  return payLater && status !== 'completed' ? 'owed_preparing' : 'owed';
}

/** Whether it is sold for good: paid in full, or on the book. */
export function isSettled(
  order: Pick<OrderFacts, 'status' | 'paymentStatus' | 'payLater' | 'toGiveBack'>,
): boolean {
  const { status, paymentStatus, payLater, toGiveBack } = order;
  if (status === 'voided') return false;
  // One that became smaller than its deposit is still being changed.
  const isPaid = paymentStatus === 'completed' && Number(toGiveBack) === 0;
  return isPaid || payLater || status === 'completed';
}

/** Quantities have at most three decimals. */
const milli = (quantity: number) => Math.round(quantity * 1000);

function isWhollyRefunded({ items, refunds }: OrderFacts): boolean {
  return items.every(({ id, quantity }) => {
    const lines = refunds.flatMap((refund) => refund.lines).filter(({ lineId }) => lineId === id);
    return lines.reduce((sum, line) => sum + milli(line.quantity), 0) >= milli(quantity);
  });
}

/** Why a state refuses, as a sentence about the order; `refund` on what isn't sold has its own. */
const reasons: Record<OrderState, string> = {
  open: 'is still open',
  preparing: 'is not paid yet',
  owed_preparing: 'is on the book',
  owed: 'is on the book, and handed over',
  paid: 'is paid',
  closed: 'is of a day that has ended, or of a shift that was counted, and what was reported then stays',
  partly_refunded: 'was refunded in part',
  refunded: 'was refunded already',
  voided: 'is voided already',
};

const suggestions: Record<InsteadAction, string> = {
  edit: 'Change its items instead.',
  pay: 'Take the rest of the money instead.',
  giveBack: 'Give its payments back instead.',
  move: 'Move its status on instead.',
  void: 'Void it instead, or take items off it.',
  refund: 'Refund it instead.',
  place: 'Make a new order instead.',
};

/** The sentence for the person at the till. */
export const refusalSentence = (orderNumber: string, state: OrderState, { instead }: Refusal): string =>
  `Order ${orderNumber} ${reasons[state]}. ${suggestions[instead]}`;

/** Which status may follow which. Being paid moves an open order on by itself. */
export const nextStatuses: Record<OrderFacts['status'], readonly ('preparing' | 'ready' | 'completed')[]> = {
  open: ['preparing', 'completed'],
  preparing: ['ready', 'completed'],
  ready: ['completed'],
  completed: [],
  voided: [],
};
