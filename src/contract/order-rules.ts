/**
 * Which actions an order's state allows. Pure data and functions without imports: used by the server, by tills
 * (`smoocho/order-rules`) and for the table in docs/api.md.
 */

export const orderStates = [
  'open',
  'preparing',
  'owed_preparing',
  'owed',
  'paid',
  'closed',
  'owed_closed',
  'partly_refunded',
  'refunded',
  'voided',
] as const;
export type OrderState = (typeof orderStates)[number];

/** Descriptions of the states, for docs/api.md. */
export const stateMeanings: Record<OrderState, string> = {
  open: 'parked: nothing is sold yet',
  preparing: 'the kitchen has it; neither paid nor on the book',
  owed_preparing: 'on the book, and the kitchen has it',
  owed: 'on the book, and handed over',
  paid: 'paid in full',
  closed: 'paid, and its business day has ended or its shift was counted',
  owed_closed: 'put on the book, and its business day has ended or its shift was counted; paid or not',
  partly_refunded: 'some of it was refunded',
  refunded: 'all of it was refunded',
  voided: 'voided',
};

/** `edit` changes what is on the order, notes and customer included; `giveBack` returns or corrects payments, `move` changes the status. */
export const orderActions = ['edit', 'pay', 'giveBack', 'void', 'refund', 'move'] as const;
export type OrderAction = (typeof orderActions)[number];

/** The alternative to a refused action: another action on the same order, or `place`, a new order. */
export type InsteadAction = OrderAction | 'place';

/** Method and path of each action. */
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

/** An allowed action may still be refused for its content, such as a payment above the amount due. */
export const orderRules: Record<OrderState, Record<OrderAction, OrderRule>> = {
  open: { edit: yes, pay: yes, giveBack: yes, void: yes, refund: notSold, move: yes },
  preparing: { edit: yes, pay: yes, giveBack: yes, void: yes, refund: notSold, move: yes },
  owed_preparing: { edit: yes, pay: yes, giveBack: yes, void: yes, refund: yes, move: yes },
  owed: { edit: sold, pay: yes, giveBack: yes, void: yes, refund: yes, move: yes },
  paid: { edit: sold, pay: yes, giveBack: yes, void: yes, refund: yes, move: yes },
  // CGST Act 2017, s. 34: an invoice is reversed by a credit note.
  closed: { edit: dayClosed, pay: yes, giveBack: dayClosed, void: dayClosed, refund: yes, move: yes },
  // What is paid later belongs to the day on which it is paid; the total stands.
  owed_closed: { edit: dayClosed, pay: yes, giveBack: yes, void: dayClosed, refund: yes, move: yes },
  partly_refunded: { edit: sold, pay: yes, giveBack: sold, void: sold, refund: yes, move: yes },
  refunded: { edit: over, pay: yes, giveBack: over, void: over, refund: over, move: yes },
  voided: { edit: over, pay: over, giveBack: over, void: over, refund: over, move: over },
};

/** The fields of an order, as GET and the feed have them, that its state depends on. */
export type OrderFacts = {
  status: 'open' | 'preparing' | 'ready' | 'completed' | 'voided';
  paymentStatus: 'pending' | 'partial' | 'completed';
  payLater: boolean;
  /** The overpaid amount. */
  toGiveBack: string;
  items: readonly { id: string; quantity: number }[];
  refunds: readonly { lines: readonly { lineId: string; quantity: number }[] }[];
};

/** `isClosed`: its business day ended, or its shift was counted. */
export function orderStateOf(order: OrderFacts, { isClosed }: { isClosed: boolean }): OrderState {
  const { status, paymentStatus, payLater, refunds } = order;
  if (status === 'voided') return 'voided';
  if (refunds.length > 0) return isWhollyRefunded(order) ? 'refunded' : 'partly_refunded';
  if (!isSettled(order)) return status === 'open' ? 'open' : 'preparing';
  if (isClosed) return payLater ? 'owed_closed' : 'closed';
  if (paymentStatus === 'completed') return 'paid';
  return payLater && status !== 'completed' ? 'owed_preparing' : 'owed';
}

/** Whether the sale is final: paid in full, or on the book. */
export function isSettled(
  order: Pick<OrderFacts, 'status' | 'paymentStatus' | 'payLater' | 'toGiveBack'>,
): boolean {
  const { status, paymentStatus, payLater, toGiveBack } = order;
  if (status === 'voided') return false;
  // An overpaid order isn't final: its total fell below the deposit, and the difference goes back first.
  const isPaid = paymentStatus === 'completed' && Number(toGiveBack) === 0;
  return isPaid || payLater || status === 'completed';
}

/** Thousandths, since quantities have at most three decimals. */
const milli = (quantity: number) => Math.round(quantity * 1000);

function isWhollyRefunded({ items, refunds }: OrderFacts): boolean {
  return items.every(({ id, quantity }) => {
    const lines = refunds.flatMap((refund) => refund.lines).filter(({ lineId }) => lineId === id);
    return lines.reduce((sum, line) => sum + milli(line.quantity), 0) >= milli(quantity);
  });
}

/** Why a state refuses, to follow the order's number. */
const reasons: Record<OrderState, string> = {
  open: 'is still open',
  preparing: 'is not paid yet',
  owed_preparing: 'is on the book',
  owed: 'is on the book, and handed over',
  paid: 'is paid',
  closed: 'is of a day that has ended, or of a shift that was counted, and what was reported then stays',
  owed_closed: 'is of a day that has ended, or of a shift that was counted, and what was reported then stays',
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

/** The message for the person at the till. */
export const refusalSentence = (orderNumber: string, state: OrderState, { instead }: Refusal): string =>
  `Order ${orderNumber} ${reasons[state]}. ${suggestions[instead]}`;

/** Which status may follow which. Full payment moves an open order on without being asked. */
export const nextStatuses: Record<OrderFacts['status'], readonly ('preparing' | 'ready' | 'completed')[]> = {
  open: ['preparing', 'completed'],
  preparing: ['ready', 'completed'],
  ready: ['completed'],
  completed: [],
  voided: [],
};
