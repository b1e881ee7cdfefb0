import type { EntityManager } from '@mikro-orm/postgresql';
import { formatMinor } from '../../contract/money.ts';
import {
  type InsteadAction,
  type OrderAction,
  type OrderFacts,
  type OrderState,
  orderRequests,
  orderRules,
  orderStateOf,
  refusalSentence,
} from '../../contract/order-rules.ts';
import { ProblemError } from '../../contract/problem.ts';
import { findCountedShifts } from '../shifts/sql/counted-shifts.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { toGiveBackMinor } from './paid-so-far.ts';
import { hasDayEnded } from './sql/has-day-ended.ts';

/**
 * Whether the order's business day has ended, by `today` or by what the shop sold since, or its shift was counted. With
 * `lock`, inside a transaction, the shift can't be counted before the commit. Lock it after the stock and the customer, the
 * order that every change keeps to.
 */
export async function isOrderClosed(
  em: EntityManager,
  { shopId, id, shiftId, businessDate, status }: Order,
  today: string,
  { lock }: { lock: boolean },
): Promise<boolean> {
  if (businessDate < today) return true;
  if ((await findCountedShifts(em, shopId, [{ shiftId }], { lock })).size > 0) return true;
  // A parked order goes on from day to day.
  return status !== 'open' && (await hasDayEnded(em, { shopId, id }));
}

export const factsOf = ({ order, payments, refunds }: Omit<OrderParts, 'settings'>): OrderFacts => ({
  status: order.status,
  paymentStatus: order.paymentStatus,
  payLater: order.payLater,
  toGiveBack: formatMinor(toGiveBackMinor({ order, payments, refunds })),
  items: order.items,
  refunds,
});

export const stateOf = (parts: OrderParts, isClosed: boolean): OrderState =>
  orderStateOf(factsOf(parts), { isClosed });

export const isAllowed = (parts: OrderParts, action: OrderAction, isClosed: boolean): boolean =>
  orderRules[stateOf(parts, isClosed)][action] === 'allowed';

/** Throws the refusal of `orderRules`, with the action that is allowed instead. */
export function requireAllowed(parts: OrderParts, action: OrderAction, isClosed: boolean): void {
  const state = stateOf(parts, isClosed);
  const rule = orderRules[state][action];
  if (rule === 'allowed') return;
  throw new ProblemError(rule.problem, {
    detail: refusalSentence(parts.order.orderNumber, state, rule),
    extra: insteadOf(parts.order, rule.instead),
  });
}

/** The `instead` member of a refusal. */
export function insteadOf(
  { shopId, id }: Pick<Order, 'shopId' | 'id'>,
  action: InsteadAction,
): { instead: { action: InsteadAction; method: string; path: string } } {
  const { method, path } = orderRequests[action];
  return {
    instead: { action, method, path: path.replace(':shopId', shopId).replace(':orderId', id) },
  };
}
