import { v7 as uuidv7 } from 'uuid';
import { currencyDigits } from '../../contract/currencies.ts';
import { formatMinor } from '../../contract/money.ts';
import { type NewOrder, notedFields, type OrderFlag } from '../../contract/orders.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import type { Need } from '../auth/approval.ts';
import { type Actor, deviceOf, personOf } from '../context.ts';
import { normalizePhone } from '../customers/phone.ts';
import { seriesLabel } from '../epochs/series-label.ts';
import { businessDateAt, fiscalYearLabel } from '../shops/business-day.ts';
import { storedPlaceOfSupply } from '../shops/tax-registration.ts';
import { discountNeeds, nothingNeeds, overrideNeeds } from './check-bill.ts';
import { stockTaken } from './line-stock.ts';
import { type Bill, type BillLine, makeBill } from './make-bill.ts';
import { dueOf, methodOf, type settle, statusWhenSold } from './order-payments.ts';
import { unknownDebtor } from './order-problems.ts';
import type { UnknownGoods } from './sql/insert-goods.ts';
import type { NewOrderRow, OrderDraft } from './sql/insert-order.ts';
import type { SaleShop } from './sql/load-for-sale.ts';
import { viewPayments } from './view-order.ts';

/** What a till says of a sale, whether it could reach the server or not. */
export type SaleBody = Omit<NewOrder, 'approval'>;

/** Whose rules a sale follows. */
export type SaleTerms = { shop: SaleShop; settings: SettingsValues };

export type PricedSale = {
  lines: BillLine[];
  bill: Bill;
  soldAt: Date;
  businessDate: string;
  fiscalYear: string;
};

/** The customer's number as E.164, or null. Throws `invalid_request`, also for a bill on the book that nobody owes. */
export function customerOf(body: SaleBody, { country }: SettingsValues): string | null {
  const phone = body.customerPhone ? normalizePhone(body.customerPhone, country, '/customerPhone') : null;
  if (body.payLater && !body.customerName && !phone) throw unknownDebtor();
  return phone;
}

/** Prices lines by the shop's rules of the day on which they were sold. Throws `amount_too_large`. */
export function priceSale(
  { shop, settings }: SaleTerms,
  body: SaleBody,
  lines: BillLine[],
  soldAt: Date,
): PricedSale {
  const businessDate = businessDateAt(soldAt, shop);
  const fiscalYear = fiscalYearLabel(businessDate, settings.fiscalYearStart);
  const terms = {
    ...body,
    waivesServiceCharge: body.waiveServiceCharge,
    digits: currencyDigits(shop.currency),
  };
  return { lines, bill: makeBill(lines, terms, settings, businessDate), soldAt, businessDate, fiscalYear };
}

/** What of a sale somebody other than a cashier has to allow. */
export const saleNeeds = ({ lines, bill }: PricedSale, settings: SettingsValues, actor: Actor): Need[] => [
  ...overrideNeeds(lines),
  ...nothingNeeds(lines, bill),
  ...discountNeeds(bill, settings, actor),
];

type Sale = PricedSale & {
  body: SaleBody;
  settled: ReturnType<typeof settle>;
  customerPhone: string | null;
  typedPhone?: string | null;
  approvedBy: string | null;
  requestHash: string;
  now: Date;
  /** Only for an order that arrived late. */
  offline?: LateSale;
};

type LateSale = {
  /** The printed number, if it has one. */
  printedNumber: string | null;
  /** What somebody should review. */
  flags: OrderFlag[];
  cashierId: string | null;
  deviceId: string | null;
  /** Goods that the shop doesn't know. */
  goods: UnknownGoods;
};

/** All that is written of a sale, but for what only the database can say. */
export function draftSale(actor: Actor, { shop, settings }: SaleTerms, sale: Sale): NewOrderRow {
  const label = seriesLabel(shop.epoch, sale.fiscalYear);
  return {
    draft: draftOrder(actor, { shop, settings }, sale),
    waivesServiceCharge: sale.body.waiveServiceCharge,
    requestHash: sale.requestHash,
    lineStock: sale.bill.lineStock,
    stock: stockTaken(sale.lines),
    cashStepMinor: sale.settled.payments.find(({ method }) => method === 'cash')?.cashStepMinor ?? null,
    customerPhone: sale.customerPhone,
    typedPhone: sale.typedPhone ?? null,
    series: label,
    numberPrefix: `${shop.code}/${label}/`,
    printedNumber: sale.offline?.printedNumber ?? null,
    goods: sale.offline?.goods ?? null,
    actor,
    at: sale.now,
  };
}

const pick = <T extends object, K extends keyof T>(source: T, fields: readonly K[]): Pick<T, K> =>
  Object.fromEntries(fields.map((field) => [field, source[field]])) as Pick<T, K>;

function draftOrder(
  actor: Actor,
  { shop, settings }: SaleTerms,
  { body, bill: { figures, items }, settled, soldAt, businessDate, approvedBy, now, offline }: Sale,
): OrderDraft {
  const sold = statusWhenSold(settled.status, body.payLater, settings) ?? 'open';
  const flags = offline?.flags ?? [];
  return {
    id: body.id,
    shopId: shop.id,
    businessDate,
    // The guests of an offline sale have eaten: the kitchen need not see it.
    status: offline && sold === 'preparing' ? 'completed' : sold,
    orderType: body.orderType,
    ...pick(body, notedFields),
    items,
    subtotal: formatMinor(figures.subtotalMinor),
    discount: formatMinor(figures.discountMinor),
    discountGiven: figures.discountGiven,
    serviceCharge: formatMinor(figures.serviceChargeMinor),
    tax: formatMinor(figures.taxMinor),
    taxLines: figures.taxLines,
    taxMode: figures.taxMode,
    taxSplit: figures.taxSplit,
    placeOfSupply: storedPlaceOfSupply(settings, body.placeOfSupply),
    rounding: formatMinor(settled.roundingMinor),
    total: formatMinor(settled.totalMinor),
    due: dueOf(
      { ...settled, status: sold, paymentStatus: settled.status, payLater: body.payLater, flags },
      settled.payments,
      settings,
    ),
    paymentMethod: methodOf(settled.payments),
    paymentStatus: settled.status,
    payments: viewPayments(
      settled.payments.map((payment) => ({ ...payment, id: payment.id ?? uuidv7(), at: soldAt })),
    ),
    change: formatMinor(settled.changeMinor),
    toGiveBack: formatMinor(0),
    payLater: body.payLater,
    refunds: [],
    refunded: formatMinor(0),
    cashierId: offline ? offline.cashierId : personOf(actor),
    approvedBy,
    deviceId: offline ? offline.deviceId : deviceOf(actor),
    source: 'till',
    voidReason: null,
    flags,
    reviewedBy: null,
    version: 1,
    createdAt: soldAt.toISOString(),
    updatedAt: now.toISOString(),
    receivedAt: offline ? now.toISOString() : null,
  };
}
