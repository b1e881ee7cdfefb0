import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '../../contract/money.ts';
import type { NewOrder, Order as OrderView } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { violatedUnique } from '../../database/pg-errors.ts';
import { checkApproval, requireLeave } from '../auth/approval.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { normalizePhone } from '../customers/phone.ts';
import { createQueues } from '../queue.ts';
import { requestHashOf } from '../request-hash.ts';
import { retrying } from '../retrying.ts';
import { businessDateAt, fiscalYearLabel } from '../shops/business-day.ts';
import { settingsOf } from '../shops/settings.ts';
import { discountNeeds, overrideNeeds } from './check-bill.ts';
import { readOrder } from './find-orders.ts';
import { stockTaken } from './line-stock.ts';
import { type Bill, makeBill } from './make-bill.ts';
import { methodOf, possibleTotals, settle, statusWhenSold, wholePayment } from './order-payments.ts';
import { takenLineId, takenPaymentId, unknownDebtor } from './order-problems.ts';
import { resolveLines } from './resolve-lines.ts';
import { insertOrder, type OrderDraft } from './sql/insert-order.ts';
import { loadForSale, type SaleShop } from './sql/load-for-sale.ts';
import { viewOrder, viewPayments } from './view-order.ts';

/**
 * Sales of one shop all need its counter row. Waiting for it here keeps the database's connections free for everybody
 * else, and costs less than a crowd at the row's lock: 640 sales/s by one connection are 340 by sixteen.
 */
const sales = createQueues({
  atOnce: 1,
  // Some seconds' worth of the busiest shop.
  waiting: 2_000,
  busy: 'The shop sells faster than this machine can write. The till sends it again.',
});

type Placed = { order: OrderView; isReplay: boolean };

/**
 * Sells: prices the bill by the shop's rules and writes it, its stock and its event at once.
 * The same id and body again give the same order. Throws `order_conflict`, `unknown_product`, `invalid_payment`,
 * `total_mismatch`, `out_of_stock`, `amount_too_large`, `approval_needed`, `approval_refused`.
 */
export async function placeOrder(context: Context, shopId: string, body: NewOrder): Promise<Placed> {
  const { app, em, actor } = context;
  const requestHash = hashOf(body);
  const productIds = body.items.map((line) => line.productId);
  const { shop, earlier, products } = await loadForSale(em, shopId, body.id, productIds);
  if (earlier) return await replay(context, shopId, body.id, requestHash);

  const at = app.now();
  const settings = settingsOf(shop);
  const { customerPhone: phone } = body;
  const customerPhone = phone ? normalizePhone(phone, settings.country, '/customerPhone') : null;
  if (body.payLater && !body.customerName && !customerPhone) throw unknownDebtor();
  const businessDate = businessDateAt(at, shop);
  const lines = resolveLines(body.items, products);
  const bill = makeBill(
    lines,
    { ...body, waivesServiceCharge: body.waiveServiceCharge },
    settings,
    businessDate,
  );
  const approver = await checkApproval(em, shopId, body.approval);
  const needs = [...overrideNeeds(lines), ...discountNeeds(bill, settings, actor)];
  const approvedBy = requireLeave(actor, approver, needs);
  const draft = draftOrder(context, shop, settings, { body, bill, approvedBy, businessDate, at });
  const series = fiscalYearLabel(businessDate, settings.fiscalYearStart);
  const row = {
    draft,
    waivesServiceCharge: body.waiveServiceCharge,
    requestHash,
    lineStock: bill.lineStock,
    stock: stockTaken(lines),
    customerPhone,
    series,
    numberPrefix: `${shop.code}/${series}/`,
    actor,
    at,
  };
  try {
    const order = await sales.run(shopId, () => retrying(() => insertOrder(em, row)));
    app.bus.tell({ kind: 'events', shopId });
    return { order, isReplay: false };
  } catch (error) {
    const taken = violatedUnique(error);
    // The same order came twice at once, and the other one was first: to take its id, or the last of the stock.
    const isOutrun = taken === 'orders_pkey' || (isShort(error) && (await isPlaced(em, shopId, body.id)));
    if (isOutrun) return await replay(context, shopId, body.id, requestHash);
    if (taken === 'order_lines_pkey') throw takenLineId();
    if (taken === 'payments_pkey') throw takenPaymentId();
    throw error;
  }
}

const isShort = (error: unknown) => error instanceof ProblemError && error.code === 'out_of_stock';

const isPlaced = async (em: Context['em'], shopId: string, orderId: string) =>
  (await loadForSale(em, shopId, orderId, [])).earlier !== null;

/** Without the approval: a hash of it, kept for ever, would be a way to guess a manager's password. */
const hashOf = ({ approval: _, ...body }: NewOrder) => requestHashOf(body);

/** The order that is there already, if it is the one that was sent. */
async function replay(
  { em }: Context,
  shopId: string,
  orderId: string,
  requestHash: string,
): Promise<Placed> {
  const found = await readOrder(em, shopId, orderId).catch((error) => {
    // An id of another shop's order is answered as any id that is taken: it tells nothing about that shop.
    if (error instanceof ProblemError && error.code === 'not_found') return null;
    throw error;
  });
  if (!found || found.order.requestHash !== requestHash) {
    throw fieldProblem('order_conflict', '/id', 'belongs to another order; a new sale needs a new id');
  }
  return { order: viewOrder(found), isReplay: true };
}

function mismatch(expectedMinor: number, totalMinor: number, { figures, items }: Bill): ProblemError {
  const total = formatMinor(totalMinor);
  return new ProblemError('total_mismatch', {
    detail: `The till says ${formatMinor(expectedMinor)}, but it comes to ${total}. Prices may have changed: fetch them again.`,
    errors: [{ pointer: '/expectedTotal', detail: `is not ${total}` }],
    extra: {
      total,
      subtotal: formatMinor(figures.subtotalMinor),
      discount: formatMinor(figures.discountMinor),
      serviceCharge: formatMinor(figures.serviceChargeMinor),
      tax: formatMinor(figures.taxMinor),
      items,
    },
  });
}

/** What was paid on the bill, or is to be. Throws `total_mismatch` before `invalid_payment`: it explains it. */
function settleNew(
  { paymentMethod, payments, expectedTotal }: NewOrder,
  bill: Bill,
  settings: SettingsValues,
) {
  const totals = possibleTotals(bill.exactMinor, settings);
  if (expectedTotal !== undefined && !totals.includes(expectedTotal)) {
    throw mismatch(expectedTotal, settle(bill.exactMinor, [], [], settings).totalMinor, bill);
  }
  const offered = paymentMethod ? wholePayment(paymentMethod, bill.exactMinor, settings) : payments;
  const settled = settle(bill.exactMinor, offered, [], settings);
  if (expectedTotal !== undefined && expectedTotal !== settled.totalMinor) {
    throw mismatch(expectedTotal, settled.totalMinor, bill);
  }
  return settled;
}

type Parts = { body: NewOrder; bill: Bill; approvedBy: string | null; businessDate: string; at: Date };

function draftOrder(
  { actor }: Context,
  shop: SaleShop,
  settings: SettingsValues,
  { body, bill, approvedBy, businessDate, at }: Parts,
): OrderDraft {
  const settled = settleNew(body, bill, settings);
  const { figures } = bill;
  const time = at.toISOString();
  return {
    id: body.id,
    shopId: shop.id,
    businessDate,
    status: statusWhenSold(settled.status, body.payLater, settings) ?? 'open',
    orderType: body.orderType,
    customerName: body.customerName,
    tableNumber: body.tableNumber,
    notes: body.notes,
    items: bill.items,
    subtotal: formatMinor(figures.subtotalMinor),
    discount: formatMinor(figures.discountMinor),
    discountGiven: figures.discountGiven,
    serviceCharge: formatMinor(figures.serviceChargeMinor),
    tax: formatMinor(figures.taxMinor),
    taxLines: figures.taxLines,
    taxMode: figures.taxMode,
    taxSplit: figures.taxSplit,
    placeOfSupply: body.placeOfSupply || null,
    rounding: formatMinor(settled.roundingMinor),
    total: formatMinor(settled.totalMinor),
    paymentMethod: methodOf(settled.payments),
    paymentStatus: settled.status,
    payments: viewPayments(
      settled.payments.map((payment) => ({ ...payment, id: payment.id ?? uuidv7(), at })),
    ),
    change: formatMinor(settled.changeMinor),
    payLater: body.payLater,
    refunds: [],
    refunded: formatMinor(0),
    cashierId: personOf(actor),
    approvedBy,
    deviceId: deviceOf(actor),
    source: 'till',
    voidReason: null,
    flags: [],
    reviewedBy: null,
    version: 1,
    createdAt: time,
    updatedAt: time,
    receivedAt: null,
  };
}
