import { formatMinor } from '../../contract/money.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { cashAmountOf, cashToReturn, isInSteps, type Rounding } from '../../pricing/index.ts';

/** A method that a refund names, in minor units; one without an amount takes the rest. */
export type Share = { method: PaymentMethod; amount?: number | undefined };

/** `amountMinor` is exact; `coinsMinor` what of it changes hands, where that differs from it. */
export type ExactShare = { method: PaymentMethod; amountMinor: number; coinsMinor?: number };

/** What is to go back as money before it is rounded to coins, and what it may be rounded to. */
export type Due = {
  /** Of the goods, exact. */
  backMinor: number;
  /** Of the payments, what has not gone back yet. */
  leftMinor: number;
  isPaid: boolean;
  isLast: boolean;
  rule: Rounding;
};

type Tips = ReadonlyMap<PaymentMethod, number>;

const sumOf = (shares: Share[]) => shares.reduce((sum, { amount = 0 }) => sum + amount, 0);

/** Throws `invalid_payment` for a method that stands twice, and for a second one without an amount. */
export function requireEachOnce(named: Share[]): void {
  named.forEach(({ method, amount }, index) => {
    if (named.findIndex((share) => share.method === method) !== index)
      throw fieldProblem('invalid_payment', `/payments/${index}/method`, 'stands twice');
    if (amount === undefined && named.findIndex((share) => share.amount === undefined) !== index)
      throw fieldProblem(
        'invalid_payment',
        `/payments/${index}/amount`,
        'is missing; one of them at most takes the rest',
      );
  });
}

/**
 * The amounts of the methods, which come to `targetMinor`. Cash takes what the others leave, in coins. The method without an
 * amount may be left 0.00 of the goods if it has a tip to give back (`tipped`). Throws `invalid_payment` when the amounts don't
 * add up.
 */
export function shareOut(due: Due, named: Share[], targetMinor: number, tipped: Tips): ExactShare[] {
  const restMinor = targetMinor - sumOf(named.filter(({ method }) => method !== 'cash'));
  const open = named.find(({ method, amount }) => amount === undefined && method !== 'cash');
  const cash = named.find(({ method }) => method === 'cash');
  const inCoinsMinor = cash && !open && restMinor >= 0 ? coinsOf(restMinor, targetMinor, due) : 0;
  const isWhole = cash?.amount === undefined || [restMinor, inCoinsMinor].includes(cash.amount);
  const openMinor = open ? restMinor - (cash?.amount ?? 0) : 0;
  const isEven = open
    ? named.length === 1 || openMinor > 0 || (openMinor === 0 && tipped.has(open.method))
    : cash
      ? restMinor >= 0 && isWhole
      : restMinor === 0;
  if (!isEven) {
    const inCash = cash && !open && restMinor >= 0 ? inCoinsMinor : null;
    throw unevenProblem(due, named, targetMinor, { inCashMinor: inCash, hasTips: tipped.size > 0 });
  }
  if (open && cash) requireCoins(cash.amount ?? 0, due, restMinor, named.indexOf(cash));
  return named.map(({ method, amount }) => {
    if (method === 'cash' && !open) return { method, amountMinor: restMinor, coinsMinor: inCoinsMinor };
    return { method, amountMinor: amount ?? openMinor };
  });
}

/** An amount of cash in coins: never above what is left of the payments, but for the last of a paid order. */
function coinsOf(restMinor: number, targetMinor: number, { leftMinor, isPaid, isLast, rule }: Due): number {
  const mayBeMinor = leftMinor - (targetMinor - restMinor);
  const nearMinor = cashToReturn(restMinor, rule);
  if (nearMinor <= mayBeMinor || (isPaid && isLast)) return nearMinor;
  return cashAmountOf(isPaid ? restMinor : mayBeMinor, { ...rule, mode: 'down' });
}

/** Throws `invalid_payment` for cash that is no multiple of the step, with the amounts beside it that leave the rest above 0. */
function requireCoins(amountMinor: number, { rule }: Due, restMinor: number, index: number): void {
  if (isInSteps(amountMinor, rule)) return;
  const belowMinor = cashAmountOf(amountMinor, { ...rule, mode: 'down' });
  const near = [belowMinor, belowMinor + rule.stepMinor].filter((minor) => minor > 0 && minor < restMinor);
  const mend = near.length > 0 ? `Send ${near.map(formatMinor).join(' or ')}.` : 'Leave cash out.';
  const detail = `Cash goes back in multiples of ${formatMinor(rule.stepMinor)}, which ${formatMinor(amountMinor)} is not. ${mend}`;
  throw fieldProblem('invalid_payment', `/payments/${index}/amount`, detail);
}

type Uneven = {
  /** What the other methods leave in cash; null without cash, and where they leave it nothing or less. */
  inCashMinor: number | null;
  hasTips: boolean;
};

function unevenProblem({ isPaid }: Due, named: Share[], targetMinor: number, uneven: Uneven) {
  const sumMinor = sumOf(named);
  const but = sumMinor === targetMinor ? 'and' : 'but';
  const back =
    targetMinor > 0
      ? `${formatMinor(targetMinor)} goes back by this refund, ${but} its payments come to ${formatMinor(sumMinor)}.`
      : `No money goes back by this refund${isPaid ? '' : ': it lowers what is owed'}.`;
  const mend =
    targetMinor > 0
      ? mendOf(named, sumMinor === targetMinor, uneven)
      : uneven.hasTips
        ? 'Leave the amounts of payments out: only tips go back.'
        : 'Leave payments out.';
  return fieldProblem('invalid_payment', '/payments', `${back} ${mend}`);
}

function mendOf(named: Share[], isAll: boolean, { inCashMinor }: Uneven): string {
  if (inCashMinor !== null)
    return inCashMinor > 0
      ? `In cash, the others leave ${formatMinor(inCashMinor)}.`
      : 'The others leave no coin: leave the amount of cash out.';
  const open = named.find(({ amount }) => amount === undefined);
  if (!open) return 'Leave the amount of one method out, and it gives back the rest.';
  return `Nothing is left for ${open.method}: ${isAll ? 'leave it out, or send' : 'send'} less by the others.`;
}
