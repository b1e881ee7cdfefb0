import { formatMinor } from '../../contract/money.ts';
import type { PaymentMethod } from '../../contract/primitives.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { NewRefund } from '../../contract/refunds.ts';
import { cashToReturn, type PricedRefund, refundInSteps } from '../../pricing/index.ts';
import { unscale } from '../columns.ts';
import type { OrderParts } from './order-parts.ts';
import { cashStepOf, methodsOf, roundingRule } from './order-payments.ts';
import { paidOutMinor, paidRoundingMinor, signedMinor, sumMoney } from './paid-so-far.ts';
import { type Due, type ExactShare, requireEachOnce, type Share, shareOut } from './share-refund.ts';

/** The amount and tip that one method pays out, in minor units. */
export type RefundShare = { method: PaymentMethod; amountMinor: number; tipMinor: number };

/** A refund with the money that goes back, in minor units; `method` is `split` for several. */
export type DecidedRefund = Omit<PricedRefund, 'lines'> & {
  method: PaymentMethod | 'split';
  payments: RefundShare[];
  paidOutMinor: number;
  cashStepMinor: number | null;
  /** A method of `payments` gives back more than was paid by it, as `anyMethod` allows. */
  isBeyondPaid: boolean;
};

type Asked = Pick<NewRefund, 'method' | 'payments' | 'anyMethod' | 'withTip'>;

/**
 * Decides by which methods a refund goes back. Pure. Cash is a multiple of the step of now, with the difference in the
 * refund's rounding; other methods are exact, but for parts of an order that cash paid in steps (`targetOf`). Goods of an order
 * that isn't paid in full lower what is owed first. `isLast`: all of the order is back with it. Throws `invalid_payment`, and
 * `refund_too_large` for more than was paid and has not gone back.
 */
export function decideRefund(
  priced: PricedRefund,
  parts: Pick<OrderParts, 'order' | 'payments' | 'refunds' | 'settings'>,
  asked: Asked,
  isLast: boolean,
): DecidedRefund {
  const due = dueBack(priced, parts, isLast);
  if (due.isPaid && due.backMinor > due.leftMinor) {
    const detail = `This comes to ${formatMinor(due.backMinor)}, but only ${formatMinor(due.leftMinor)} was paid and not given back yet.`;
    throw new ProblemError('refund_too_large', { detail });
  }
  const listed = asked.payments && withTipsAlone(asked.payments, parts, asked);
  const isAnyBack = due.backMinor > 0 || asked.withTip === true;
  const named: Share[] = listed ?? [{ method: asked.method ?? methodOfOrder(parts, isAnyBack) }];
  requireEachOnce(named);
  const tipped = asked.withTip ? tipsByMethod(parts) : new Map<PaymentMethod, number>();
  const targetMinor = targetOf(due, named, priced, parts);
  const exact = shareOut(due, named, targetMinor, tipped);
  const isHeld = listed !== undefined && !asked.anyMethod;
  if (isHeld) requirePaidBy(exact, parts);
  const amounts = exact.map((share) => ({ ...share, amountMinor: share.coinsMinor ?? share.amountMinor }));
  const tips = asked.withTip ? tipsBack(tipped, named, due, isHeld) : new Map<PaymentMethod, number>();
  const payments = amounts.flatMap(({ method, amountMinor }) => {
    const share = { method, amountMinor, tipMinor: tips.get(method) ?? 0 };
    return share.amountMinor + share.tipMinor > 0 ? [share] : [];
  });
  const paidOut = payments.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const roundedMinor = paidOut - due.backMinor;
  const isTipMoved = [...tipped.keys()].some((by) => !named.some(({ method }) => method === by));
  const method = payments.length > 1 ? 'split' : ((payments[0] ?? named[0])?.method as PaymentMethod);
  const isCash = (share: { method: PaymentMethod }) => share.method === 'cash';
  // Less than half a coin was left to cash: the step says why it was rounded away. Where nothing was left, cash has no part in it.
  const usesCash = method === 'cash' || payments.some(isCash) || (named.some(isCash) && roundedMinor !== 0);
  return {
    taxMinor: priced.taxMinor,
    totalMinor: priced.totalMinor + roundedMinor,
    roundingMinor: priced.roundingMinor + roundedMinor,
    method,
    payments,
    paidOutMinor: paidOut,
    isBeyondPaid:
      listed !== undefined && (isTipMoved || findBeyondPaid(exact, leftByMethod(parts)) !== undefined),
    cashStepMinor: usesCash ? cashStepOf('cash', due.rule) : null,
  };
}

function dueBack(
  priced: PricedRefund,
  { order, payments, refunds, settings }: Pick<OrderParts, 'order' | 'payments' | 'refunds' | 'settings'>,
  isLast: boolean,
): Due {
  const leftMinor = Math.max(sumMoney(payments) - paidOutMinor(refunds), 0);
  const isPaid = order.paymentStatus === 'completed';
  const remainingMinor = order.totalMinor + paidRoundingMinor(payments) - order.refundedMinor;
  const aboveMinor = Math.max(0, leftMinor - (remainingMinor - priced.totalMinor));
  return {
    backMinor: isPaid ? priced.totalMinor : Math.min(aboveMinor, priced.totalMinor),
    leftMinor,
    isPaid,
    isLast,
    rule: roundingRule(settings),
  };
}

/**
 * What the methods have to come to. Parts of an order that cash paid in steps go back in steps without cash, too, or its last
 * part could not be paid in coins.
 */
function targetOf(
  { backMinor, leftMinor, isPaid, isLast, rule }: Due,
  named: Share[],
  priced: PricedRefund,
  { order, payments }: Pick<OrderParts, 'order' | 'payments'>,
): number {
  const stepMinor = payments.findLast(({ cashStepMinor }) => cashStepMinor)?.cashStepMinor ?? 0;
  const totalMinor = order.totalMinor + paidRoundingMinor(payments);
  const isInSteps = isPaid && !isLast && stepMinor > 0 && totalMinor % stepMinor === 0;
  if (!isInSteps || named.some(({ method }) => method === 'cash')) return backMinor;
  return refundInSteps(priced, { ...rule, stepMinor }, { leftMinor, isLast }).totalMinor;
}

/**
 * Of several methods without an amount, those that paid nothing but a tip give back 0.00 of the goods: the request names
 * them for their tips.
 */
function withTipsAlone(named: Share[], paid: Paid, { withTip }: Asked): Share[] {
  const isOpen = ({ amount }: Share) => amount === undefined;
  if (!withTip || named.filter(isOpen).length < 2) return named;
  const tips = tipsByMethod(paid);
  const left = leftByMethod(paid);
  const isTipAlone = ({ method }: Share) => tips.has(method) && (left.get(method) ?? 0) <= 0;
  return named.map((share) => (isOpen(share) && isTipAlone(share) ? { ...share, amount: 0 } : share));
}

type Paid = Pick<OrderParts, 'payments' | 'refunds'>;

/** Returns the refundable amount of each method, without tips. */
function leftByMethod({ payments, refunds }: Paid): Map<PaymentMethod, number> {
  const left = new Map<PaymentMethod, number>();
  const add = (method: PaymentMethod, minor: number) => left.set(method, (left.get(method) ?? 0) + minor);
  for (const payment of payments) add(payment.method, signedMinor(payment));
  for (const share of refunds.flatMap((refund) => refund.payments)) add(share.method, -unscale(share.amount));
  return left;
}

/** The first share that is more than its method still has. */
const findBeyondPaid = (shares: ExactShare[], left: ReadonlyMap<PaymentMethod, number>) =>
  shares.find(({ method, amountMinor }) => amountMinor > Math.max(left.get(method) ?? 0, 0));

/** Throws `invalid_payment` where a method would give back more than it has, with what each still has. */
function requirePaidBy(shares: ExactShare[], paid: Paid): void {
  const left = leftByMethod(paid);
  const over = findBeyondPaid(shares, left);
  if (!over) return;
  const has = [...left]
    .filter(([, minor]) => minor > 0)
    .map(([method, minor]) => `${method} ${formatMinor(minor)}`);
  const each = has.length > 0 ? `Still to go back: ${has.join(', ')}.` : 'Nothing is left to go back.';
  const detail = `${formatMinor(over.amountMinor)} by ${over.method} is more than was paid by it and not given back. ${each} Send anyMethod to give back more by one than was paid by it.`;
  throw fieldProblem('invalid_payment', `/payments/${shares.indexOf(over)}/amount`, detail);
}

/** The tips that were paid by each method; a method without any is left out. */
function tipsByMethod({ payments }: Pick<Paid, 'payments'>): Map<PaymentMethod, number> {
  const tips = new Map<PaymentMethod, number>();
  for (const { method, tipMinor } of payments)
    if (tipMinor > 0) tips.set(method, (tips.get(method) ?? 0) + tipMinor);
  return tips;
}

/**
 * The tips by method: each the way it came, or all by the one method that there is, unless it is held to what was paid by it.
 * Throws `invalid_payment`.
 */
function tipsBack(
  tipped: Map<PaymentMethod, number>,
  named: Share[],
  { isPaid, isLast, rule }: Due,
  isHeld: boolean,
): Map<PaymentMethod, number> {
  if (!isPaid || !isLast)
    throw fieldProblem('invalid_payment', '/withTip', 'Tips go back only with the last of a paid order.');
  const tips = new Map<PaymentMethod, number>();
  const [only] = named.length === 1 && !isHeld ? named : [];
  for (const [by, tipMinor] of tipped) {
    const method = only?.method ?? by;
    if (!named.some((share) => share.method === method))
      throw fieldProblem(
        'invalid_payment',
        '/withTip',
        `A tip of ${formatMinor(tipMinor)} was paid by ${by}: name ${by} in payments, too.`,
      );
    tips.set(method, (tips.get(method) ?? 0) + tipMinor);
  }
  const inCash = tips.get('cash');
  if (inCash !== undefined) tips.set('cash', cashToReturn(inCash, rule));
  return tips;
}

/** The way that the money came, where it was one way. Where none goes back, there is nothing to choose: no drawer opens for it. */
function methodOfOrder({ payments }: Pick<OrderParts, 'payments'>, isAnyBack: boolean): PaymentMethod {
  const methods = methodsOf(payments);
  if (methods.length > 1 && isAnyBack) {
    const detail = `has to be chosen: the bill was paid by ${methods.join(' and ')}. Name one, or several in payments`;
    throw fieldProblem('invalid_payment', '/method', detail);
  }
  return methods.length === 1 ? (methods[0] as PaymentMethod) : 'other';
}
