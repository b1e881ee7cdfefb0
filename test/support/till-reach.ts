import type { Run } from './till-checks.ts';
import type { Change } from './till-history.ts';
import { isSettled, minor } from './till-model.ts';
import { codeOf, isAcknowledged } from './till-run.ts';

/** How often each thing happened, over all runs. */
export type Reach = Map<string, number>;

/** What must have happened at least once in a whole run, or the properties were held against less than they say. */
export const MUST_HAPPEN = [
  ...['place', 'offline', 'edit', 'shrink', 'pay', 'giveBack', 'correct', 'move', 'void', 'refund'],
  ...['drawer', 'cash', 'count', 'adjust'],
  'sent again from the outbox',
  'a drawer counted to 0.00',
  'an order smaller than its deposit',
  'a deposit given back',
  'a payment of a settled order given back for another',
  'a payment of an open order corrected',
  'a payment of a settled order corrected',
  'items taken off an order',
  'an approval by password',
  'goods on the book that lowered the debt',
  'goods on the book that were paid out in part',
  'a closed order that could not be voided',
  'a closed order whose payments stayed',
  ...['closed_day', 'clock_off', 'fraction_of_piece', 'total_differs', 'price_far_off', 'stock_short'],
] as const;
/** Rarer: only asked for in a long run. */
export const SELDOM = ['every sale in a Z report', 'a closed day, its reports unchanged'] as const;

export function countReach(reach: Reach, { journal, orders, history, counts }: Run): void {
  const add = (what: string, times = 1) => reach.set(what, (reach.get(what) ?? 0) + times);
  add('runs');
  add('orders', orders.length);
  for (const sent of journal.sent) {
    add('commands');
    add('requests', sent.answers.length);
    const { command, request, answers } = sent;
    const isDayClosed = answers.some((answer) => answer.status === 409 && codeOf(answer) === 'day_closed');
    if (isDayClosed && command.do === 'void') add('a closed order that could not be voided');
    if (isDayClosed && ['giveBack', 'correct'].includes(command.do))
      add('a closed order whose payments stayed');
    if (!isAcknowledged(sent)) continue;
    add(command.do);
    if (command.send === 'outbox') add('sent again from the outbox');
    if (request.body.approval) add('an approval by password');
  }
  for (const order of orders) for (const { code } of order.flags) add(code);
  for (const change of history.changes) for (const what of happeningsOf(change)) add(what);
  if (counts.length > 0) add('a drawer counted to 0.00', counts.length);
}

function happeningsOf({ before, after }: Change): string[] {
  if (!before) return [];
  const wasSettled = isSettled(before);
  const returns = after.payments.filter(
    ({ id, kind }) => kind === 'return' && !before.payments.some((each) => each.id === id),
  );
  const isCorrected = before.payments.some(
    (was) => after.payments.find(({ id }) => id === was.id)?.method !== was.method,
  );
  const refund = after.refunds.length > before.refunds.length ? after.refunds.at(-1) : undefined;
  const happened: Record<string, boolean> = {
    'an order smaller than its deposit': before.toGiveBack === '0.00' && after.toGiveBack !== '0.00',
    'a deposit given back': returns.length > 0 && !wasSettled,
    'a payment of a settled order given back for another': returns.length > 0 && wasSettled,
    'items taken off an order': before.items.some(
      ({ id, quantity }) => (after.items.find((item) => item.id === id)?.quantity ?? 0) < quantity,
    ),
    'a payment of an open order corrected': isCorrected && !wasSettled,
    'a payment of a settled order corrected': isCorrected && wasSettled,
    'goods on the book that were paid out in part':
      refund !== undefined && refund.paidOut !== '0.00' && minor(refund.paidOut) < minor(refund.total),
    'goods on the book that lowered the debt':
      refund !== undefined && minor(refund.paidOut) < minor(refund.total),
  };
  return Object.keys(happened).filter((what) => happened[what]);
}

/** What of `wanted` never happened. */
export const neverIn = (reach: Reach, wanted: readonly string[]): string[] =>
  wanted.filter((what) => !reach.get(what));

export const describeReach = (reach: Reach): string =>
  [...reach].map(([what, times]) => `${what}: ${times}`).join('; ');
