import { currencyDigits } from '../../contract/currencies.ts';
import { formatMinor } from '../../contract/money.ts';
import { isSettled, nextStatuses, type OrderAction } from '../../contract/order-rules.ts';
import type { NewPayment, OrderChange, OrderStatus } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import type { Need } from '../auth/approval.ts';
import type { Actor } from '../context.ts';
import { normalizePhone } from '../customers/phone.ts';
import { checkVersion } from '../versions.ts';
import { type DecidedCorrection, decideCorrections, decideSettlement } from './decide-payments.ts';
import { asReturn, type DecidedReturn, decideReturns } from './decide-returns.ts';
import { type Edited, type EditSources, editBill, editsPrice } from './edit-bill.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { dueOf, isSamePayment, isSomething, type settle, statusWhenSold } from './order-payments.ts';
import { onTheBook, unknownDebtor } from './order-problems.ts';
import { coveredMinor, paidSoFar, toGiveBackMinor } from './paid-so-far.ts';
import { DETAILS, isRepeat } from './repeated-update.ts';
import { factsOf, insteadOf, isAllowed, requireAllowed } from './require-allowed.ts';
import { viewOrder } from './view-order.ts';
import { requireWholeChange } from './whole-change.ts';

/** An order with the data that a change is decided by. */
export type LoadedOrder = {
  parts: OrderParts;
  /** Its business day has ended, or its shift was counted. */
  isClosed: boolean;
  currency: string;
  settings: SettingsValues;
  /** Today's business date. */
  today: string;
  /** Counted shifts among those of its payments. */
  countedShiftIds: ReadonlySet<string>;
  /** Whether the order's customer has the phone number that the change names. */
  hasPhone: boolean;
  /** Null if the change leaves price and items as they are. */
  sources: EditSources | null;
};

export type OrderUpdate = {
  /** The changed fields of the order. */
  order: Partial<Order>;
  /** Set if it was priced again. */
  edited: Omit<Edited, 'order' | 'needs'> | null;
  payments: ReturnType<typeof settle>['payments'];
  returns: DecidedReturn[];
  corrections: DecidedCorrection[];
  /** E.164 of its new customer, null for none, undefined to leave it. */
  customerPhone: string | null | undefined;
  /** This change pays the order in full or puts it on the book. */
  isNowSettled: boolean;
  /** The approvals that the change needs. */
  needs: Need[];
};

/**
 * Applies a change to an order; null if all of it was done before. Pure: reads no clock and no database.
 * Throws `version_conflict`, `order_conflict`, a refusal of `orderRules`, `order_status`, and what `editBill` throws.
 */
export function decideUpdate(loaded: LoadedOrder, change: OrderChange, actor: Actor): OrderUpdate | null {
  const { parts, isClosed, currency, settings, sources, hasPhone } = loaded;
  const { order, payments } = parts;
  const offered = newPayments(parts, change.payments ?? []);
  if (isRepeat(parts, change, { offered, voided: sources?.voided ?? [], hasPhone })) return null;
  checkVersion(change.version, viewOrder(parts));
  for (const action of actionsOf(parts, change)) requireAllowed(parts, action, isClosed);
  if (order.payLater && change.payLater === false && order.status !== 'open') throw onTheBook(order);

  requireWholeChange(currency, order, change);
  const next: Order = { ...order, ...detailsOf(change) };
  const edited =
    sources &&
    editBill({ order: next, payments }, sources, {
      change,
      settings,
      digits: currencyDigits(currency),
      actor,
    });
  Object.assign(next, edited?.order);
  const customerPhone = phoneOf(change, settings);
  const hasCustomer = customerPhone === undefined ? next.customerId : customerPhone;
  if (next.payLater && !next.customerName && !hasCustomer) throw unknownDebtor();
  const wasSettled = isSettled(factsOf(parts));
  const money = decideMoney(next, loaded, change, { offered, wasSettled });
  const { toGiveBack, returns, corrections } = money;
  Object.assign(next, money.order);
  const isNowSettled = !wasSettled && isSettled({ ...next, toGiveBack });
  if (next.status === 'open' && isNowSettled) {
    next.status = statusWhenSold(next.paymentStatus, next.payLater, settings) ?? 'open';
  }
  if (change.status) next.status = statusAfter(next, change.status, toGiveBack);
  return {
    order: changed(order, next),
    edited: edited && { lineStock: edited.lineStock, stock: edited.stock, voids: edited.voids },
    payments: money.payments,
    returns,
    corrections,
    customerPhone,
    isNowSettled,
    needs: [
      ...(edited?.needs ?? []),
      ...(wasSettled && returns.length > 0 ? [paymentNeed('/returnPayments')] : []),
      ...(wasSettled && corrections.length > 0 ? [paymentNeed('/changePayments')] : []),
    ],
  };
}

type Money = Pick<OrderUpdate, 'order' | 'payments' | 'returns' | 'corrections'> & { toGiveBack: string };

/** What a change's returns, corrections and payments make of an order that is priced. Throws `invalid_payment`. */
function decideMoney(
  priced: Order,
  { parts, settings, today, countedShiftIds }: LoadedOrder,
  change: OrderChange,
  { offered, wasSettled }: { offered: NewPayment[]; wasSettled: boolean },
): Money {
  const { payments, refunds } = parts;
  const overMinor = coveredMinor(parts) - priced.totalMinor;
  const returns = decideReturns(payments, change.returnPayments ?? [], { settings, overMinor });
  const asked = change.changePayments ?? [];
  const corrected = decideCorrections(priced, parts, asked, { settings, today, countedShiftIds, returns });
  const { corrections } = corrected;
  const next = { ...priced, ...(corrections.length > 0 && corrected.order) };
  const isMoved = offered.length + returns.length > 0;
  const paid = { payments: corrected.payments, refunds };
  const moved = isMoved ? decideSettlement(next, paid, { offered, returns }, { settings, wasSettled }) : null;
  Object.assign(next, moved?.order);
  const all = [...corrected.payments, ...returns.map(asReturn), ...(moved?.payments ?? [])];
  const toGiveBack = formatMinor(toGiveBackMinor({ order: next, payments: all, refunds }));
  if (next.payLater && Number(toGiveBack) > 0) {
    const detail = `${toGiveBack} was paid above what order ${next.orderNumber} comes to by this. On the book, it has to be given back in the same request: returnPayments.`;
    throw fieldProblem('invalid_payment', '/returnPayments', detail);
  }
  return { order: next, payments: moved?.payments ?? [], returns, corrections, toGiveBack };
}

/** Whether the order has to be priced again. A new order type does so while the order can be edited. */
export const asksForPrice = (parts: OrderParts, isClosed: boolean, change: OrderChange): boolean =>
  editsPrice(change) || (change.orderType !== undefined && isAllowed(parts, 'edit', isClosed));

/** A final order's payments need a manager; on an open one a cashier may return a deposit or correct its method. */
const paymentNeed = (pointer: string): Need => ({
  least: 'manager',
  pointer,
  detail: 'A payment of an order that is paid, or on the book, is given back or changed by a manager.',
});

const detailsOf = (change: OrderChange): Partial<Order> =>
  Object.fromEntries(
    DETAILS.flatMap((field) => (change[field] === undefined ? [] : [[field, change[field]]])),
  );

/** Fields that reports and debts use: on a final order, changing them is an edit. */
const REPORTED = ['orderType', 'payLater', 'customerName', 'customerPhone'] as const;

function actionsOf(parts: OrderParts, change: OrderChange): OrderAction[] {
  const { status } = parts.order;
  const isOver = status === 'completed' || status === 'voided';
  const isNamed = (field: keyof OrderChange) => change[field] !== undefined;
  const notes =
    REPORTED.some(isNamed) && (isOver || isSettled(factsOf(parts))) ? true : isOver && DETAILS.some(isNamed);
  return [
    ...(editsPrice(change) || notes ? (['edit'] as const) : []),
    ...(change.payments ? (['pay'] as const) : []),
    ...(change.returnPayments || change.changePayments ? (['giveBack'] as const) : []),
    ...(change.status ? (['move'] as const) : []),
  ];
}

/** The payments that the order doesn't have yet. Throws `order_conflict` for another payment with a known id. */
function newPayments(
  { order, payments, refunds, settings }: OrderParts,
  offered: NewPayment[],
): NewPayment[] {
  // All that is due may be 0.00 in coins: it is settled by that.
  const isAllInCoins = ({ method }: NewPayment) =>
    method === 'cash' && dueOf(order, paidSoFar(payments, refunds), settings)?.cash === '0.00';
  return offered.filter((payment, index) => {
    if (!isSomething(payment) && !isAllInCoins(payment)) return false;
    const known = payments.find(({ id }) => id === payment.id);
    if (!known) return true;
    if (isSamePayment(known, payment)) return false;
    throw fieldProblem('order_conflict', `/payments/${index}/id`, 'is that of another payment of this order');
  });
}

function phoneOf({ customerPhone }: OrderChange, { country }: SettingsValues): string | null | undefined {
  return customerPhone ? normalizePhone(customerPhone, country, '/customerPhone') : customerPhone;
}

function statusAfter(order: Order, wanted: OrderStatus, toGiveBack: string): Order['status'] {
  // Already in this status, as when full payment completed the order.
  if (order.status === wanted) return wanted;
  const steps = nextStatuses[order.status];
  if (!steps.some((step) => step === wanted)) {
    const detail = `can't go from ${order.status} to ${wanted}`;
    throw withInstead(
      fieldProblem('order_status', '/status', detail),
      order,
      steps.length > 0 ? 'move' : 'place',
    );
  }
  if (wanted === 'completed' && Number(toGiveBack) > 0 && !order.payLater) {
    const detail = `${toGiveBack} was paid above what order ${order.orderNumber} comes to. Give it back first: returnPayments.`;
    throw withInstead(fieldProblem('order_status', '/status', detail), order, 'giveBack');
  }
  if (wanted === 'completed' && order.paymentStatus !== 'completed' && !order.payLater) {
    const detail = `Order ${order.orderNumber} is not fully paid. Take the rest, or send payLater to put it on the book.`;
    throw withInstead(fieldProblem('order_status', '/status', detail), order, 'pay');
  }
  return wanted;
}

const withInstead = (
  { code, detail, errors }: ProblemError,
  order: Order,
  action: Parameters<typeof insteadOf>[1],
) =>
  new ProblemError(code, {
    ...(detail === undefined ? {} : { detail }),
    ...(errors ? { errors } : {}),
    extra: insteadOf(order, action),
  });

/** The fields of `next` that differ from `order`. */
const changed = (order: Order, next: Order): Partial<Order> =>
  Object.fromEntries(Object.entries(next).filter(([field, value]) => order[field as keyof Order] !== value));
