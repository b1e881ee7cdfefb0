import { formatMinor } from '../../contract/money.ts';
import { OfflineOrder } from '../../contract/offline-orders.ts';
import type { OrderFlag } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { findLeave } from '../auth/approval.ts';
import type { Context } from '../context.ts';
import { normalizePhone } from '../customers/phone.ts';
import { unclearPhone } from '../customers/typed-phone.ts';
import type { LentTo } from '../devices/leases-of-numbers.ts';
import { labelOfBefore, type RestoredBooks } from '../epochs/numbers-before.ts';
import { isYearLabel } from '../epochs/series-label.ts';
import type { Keys } from '../keys/keys.ts';
import { businessDateAt, wallClock } from '../shops/business-day.ts';
import { placeOfSupplyFault } from '../shops/tax-registration.ts';
import { roundAmounts } from '../shops/whole-amounts.ts';
import { isOfBefore, type KnownSellers, type Seller, sellerOf } from './brought-back.ts';
import { draftSale, type PricedSale, priceSale, type SaleTerms, saleNeeds } from './draft-sale.ts';
import { resolveSold } from './offline-lines.ts';
import { settle, settleAt, wholePayment } from './order-payments.ts';
import { saleHash } from './sale-hash.ts';
import type { NewOrderRow } from './sql/insert-order.ts';
import type { SaleShop, SoldProduct } from './sql/load-for-sale.ts';

/** What the sales of one batch are held against. */
export type OfflineTerms = SaleTerms & {
  products: ReadonlyMap<string, SoldProduct>;
  leases: ReadonlyMap<string, LentTo>;
  /** Null if the shop was never restored from a backup. */
  restored: RestoredBooks | null;
  sellers: KnownSellers;
};

/** A clock that is a little fast is no news. */
const MAX_FAST_MS = 5 * 60_000;
/** A month of no network, and some days to notice. */
const MAX_AGE_MS = 35 * 86_400_000;

/** The hash of what the till would have sent online: an answer that was lost is found again either way. */
export function offlineHash(keys: Keys, order: OfflineOrder): string {
  const { placedAt: _, orderNumber: __, answered: ___, ...sale } = order;
  const items = sale.items.map(({ listPrice: ____, goods: _____, ...line }) => line);
  // The lines stay in the place that they have in the schema: a hash is of fields in their order.
  return saleHash(keys, { ...sale, items });
}

/**
 * Builds an offline order as it was sold, with a flag for each thing that does not match by now; one sent again after a
 * restore, as it was answered then. Throws for contradictions: `unknown_product`, `order_conflict` for its number,
 * `invalid_payment`, `invalid_request`, `amount_too_large`.
 */
export function draftOfflineSale(
  { app, actor }: Pick<Context, 'app' | 'actor'>,
  terms: OfflineTerms,
  sent: OfflineOrder,
  now: Date,
): NewOrderRow {
  const { shop, settings } = terms;
  const body = roundAmounts(shop.currency, OfflineOrder, sent);
  const clock = timeOf(body, shop, now);
  const lent = body.orderNumber === undefined ? undefined : terms.leases.get(body.orderNumber);
  const answered = isOfBefore(terms, body.orderNumber, lent) ? body.answered : undefined;
  const takesUnknown = isSoonAfter(terms.restored, now);
  const sold = resolveSold(body.items, terms.products, takesUnknown);
  const customer = customerOfflineOf(body, settings);
  const priced = priceSale(terms, body, sold.lines, clock.soldAt);
  const { leaderId, missing } = findLeave(actor, null, saleNeeds(priced, settings, actor));
  const seller = sellerOf(terms, actor, { answered });
  const expectedTotal = body.expectedTotal ?? answered?.total;
  const settled = settleOffline({ ...body, expectedTotal }, priced.bill.exactMinor, settings);
  const flags = [
    ...clock.flags,
    ...closedDayFlags(priced, businessDateAt(now, terms.shop)),
    ...sold.flags,
    ...customer.flags,
    ...placeFlags(body, settings, priced),
    ...missing.map(({ detail }) => flag('approval_missing', `${detail} Nobody allowed it.`)),
    ...settled.flags,
    ...seller.flags,
    ...numberFlags(terms, body.orderNumber, lent, priced, seller),
  ];
  return draftSale(actor, terms, {
    ...priced,
    body,
    settled: settled.settled,
    customerPhone: customer.phone,
    typedPhone: customer.typed,
    approvedBy: leaderId,
    requestHash: offlineHash(app.keys, sent),
    now,
    offline: {
      printedNumber: body.orderNumber ?? null,
      flags: withoutDoubles(flags),
      cashierId: seller.cashierId,
      deviceId: seller.deviceId,
      goods: sold.goods,
    },
  });
}

/** Orders from before a restore arrive within the time that a till keeps them, or waits for its network. */
const isSoonAfter = (restored: RestoredBooks | null, now: Date) =>
  restored !== null && now.getTime() - restored.restoredAtMs <= MAX_AGE_MS;

const flag = (code: OrderFlag['code'], detail: string): OrderFlag => ({ code, detail });

const withoutDoubles = (flags: OrderFlag[]) => [
  ...new Map(flags.map((each) => [`${each.code} ${each.detail}`, each])).values(),
];

/** The customer as far as they can be told: the goods are out, whatever was typed. */
function customerOfflineOf(body: OfflineOrder, { country }: SettingsValues) {
  const flags: OrderFlag[] = [];
  let phone: string | null = null;
  let typed: string | null = null;
  try {
    if (body.customerPhone) phone = normalizePhone(body.customerPhone, country, '/customerPhone');
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    typed = body.customerPhone as string;
    flags.push(unclearPhone(typed));
  }
  if (body.payLater && !body.customerName && !phone) {
    flags.push(flag('customer_unclear', 'It is on the book, but it does not say who owes it.'));
  }
  return { phone, typed, flags };
}

/** The bill was handed over with a place that is no State: it stays, and whoever files the tax has to know. */
function placeFlags(
  { placeOfSupply }: OfflineOrder,
  settings: SettingsValues,
  { bill }: PricedSale,
): OrderFlag[] {
  const fault = placeOfSupplyFault(settings, placeOfSupply);
  if (!fault) return [];
  const split =
    bill.figures.taxSplit === 'igst'
      ? ' It bears IGST, as what goes to another State than the shop does.'
      : '';
  return [flag('place_unclear', `"${placeOfSupply}" was typed as the place of supply: it ${fault}.${split}`)];
}

/** When it was sold, unless the till's clock is plainly wrong: then, the server's. */
function timeOf({ placedAt }: OfflineOrder, { timezone }: SaleShop, now: Date) {
  const soldAt = new Date(placedAt);
  const ageMs = now.getTime() - soldAt.getTime();
  if (ageMs >= -MAX_FAST_MS && ageMs <= MAX_AGE_MS) return { soldAt, flags: [] };
  const { date, time } = wallClock(soldAt, timezone);
  const here = wallClock(now, timezone);
  const detail = `By the till's clock it was sold on ${date} at ${time.slice(0, 5)}, by the server's it came in on ${here.date} at ${here.time.slice(0, 5)}: one of them is wrong. It counts as sold when it came in.`;
  return { soldAt: now, flags: [flag('clock_off', detail)] };
}

/** Flags an order of a closed day: it changes that day's figures after they were reported. */
const closedDayFlags = ({ businessDate }: PricedSale, today: string): OrderFlag[] =>
  businessDate < today
    ? [flag('closed_day', `It was sold on ${businessDate} and came in after that day had ended.`)]
    : [];

/**
 * What was printed stands, and what was paid on it: where the lines come to something else, the bill's rounding takes the
 * difference, and cash is what the till says, in coins or not. Throws `invalid_payment` where the till's own figures don't
 * fit each other.
 */
function settleOffline(
  { items, expectedTotal, paymentMethod, payments }: OfflineOrder,
  exactMinor: number,
  settings: SettingsValues,
) {
  const usual = paymentMethod ? wholePayment(paymentMethod, exactMinor, settings) : payments;
  if (expectedTotal === undefined) return settleTaken(items, usual, exactMinor, settings);
  const offered = paymentMethod ? [{ method: paymentMethod, amount: expectedTotal }] : payments;
  const byRules = settleByRules(exactMinor, usual, settings);
  if (byRules?.totalMinor === expectedTotal) return { settled: byRules, flags: [] };
  const printed = { totalMinor: expectedTotal, roundingMinor: expectedTotal - exactMinor };
  const settled = settleAt(printed, offered, []);
  const dueMinor = usualTotal(exactMinor, usual, settings);
  if (dueMinor === expectedTotal) return { settled, flags: [] };
  const detail = `The till printed ${formatMinor(expectedTotal)}; it comes to ${formatMinor(dueMinor)}.`;
  return { settled, flags: [flag('total_differs', detail)] };
}

/**
 * Of a till that doesn't say what it printed. Where it doesn't say its prices either, what it took shows whether they were
 * today's; what can't be paid back, such as a card's, or handed over in coins, is taken as what was printed.
 */
function settleTaken(
  items: OfflineOrder['items'],
  payments: OfflineOrder['payments'],
  exactMinor: number,
  settings: SettingsValues,
) {
  const isPriced = items.every((line) => (line.unitPrice ?? line.listPrice) !== undefined);
  if (payments.length === 0) return { settled: settle(exactMinor, payments, [], settings), flags: [] };
  const byRules = settleByRules(exactMinor, payments, settings);
  const takenMinor = payments.reduce((sum, { amount }) => sum + amount, 0);
  const dueMinor = usualTotal(exactMinor, payments, settings);
  const detail = `The till took ${formatMinor(takenMinor)}; it comes to ${formatMinor(dueMinor)}.`;
  const flags = isPriced || takenMinor === dueMinor ? [] : [flag('total_differs', detail)];
  if (byRules) return { settled: byRules, flags };
  const isAsPrinted = !isPriced && takenMinor > dueMinor;
  const totalMinor = isAsPrinted ? takenMinor : dueMinor;
  const printed = { totalMinor, roundingMinor: totalMinor - exactMinor };
  return { settled: settleAt(printed, payments, []), flags };
}

/** Undefined where the payments don't fit the shop's rules. */
function settleByRules(exactMinor: number, payments: OfflineOrder['payments'], settings: SettingsValues) {
  try {
    return settle(exactMinor, payments, [], settings);
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'invalid_payment') return undefined;
    throw error;
  }
}

/** What the bill comes to by the shop's rules, the payments counted where their amounts fit that. */
function usualTotal(exactMinor: number, payments: OfflineOrder['payments'], settings: SettingsValues) {
  const amounts = payments.map(({ method, amount }) => ({ method, amount }));
  const settled = settleByRules(exactMinor, amounts, settings) ?? settle(exactMinor, [], [], settings);
  return settled.totalMinor;
}

/** Throws `order_conflict` unless the number was lent or is from before a restore; flags another device or fiscal year. */
function numberFlags(
  { shop, restored }: OfflineTerms,
  orderNumber: string | undefined,
  lent: LentTo | undefined,
  { fiscalYear }: PricedSale,
  { deviceId }: Seller,
): OrderFlag[] {
  if (orderNumber === undefined) return [];
  if (!lent) {
    const label = restored ? labelOfBefore(shop.code, restored, orderNumber) : undefined;
    if (label === undefined)
      throw fieldProblem('order_conflict', '/orderNumber', 'is none that was lent to a device of this shop');
    return isYearLabel(label) && label !== fiscalYear ? [ofOtherYear(orderNumber, label, fiscalYear)] : [];
  }
  const flags: OrderFlag[] = [];
  if (lent.deviceId !== deviceId) {
    flags.push(
      flag('number_of_other_device', `${orderNumber} was lent to ${lent.deviceName}, not to this device.`),
    );
  }
  if (lent.fiscalYear !== fiscalYear) flags.push(ofOtherYear(orderNumber, lent.fiscalYear, fiscalYear));
  return flags;
}

const ofOtherYear = (orderNumber: string, year: string, soldIn: string) =>
  flag(
    'number_of_other_year',
    `${orderNumber} is a number of the fiscal year ${year}; it was sold in ${soldIn}.`,
  );
