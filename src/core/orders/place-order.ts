import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '../../contract/money.ts';
import type { NewOrder, NewPayment, Order as OrderView, PaymentStatus } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { settlePayments } from '../../pricing/index.ts';
import { type Context, deviceOf } from '../context.ts';
import { createQueues } from '../queue.ts';
import { businessDateOf, fiscalYearLabel, wallClock } from '../shops/business-day.ts';
import { settingsOf } from '../shops/settings.ts';
import { findOrder } from './find-orders.ts';
import { type Bill, makeBill } from './make-bill.ts';
import { resolveLines, stockTaken } from './resolve-lines.ts';
import { insertOrder, type OrderDraft } from './sql/insert-order.ts';
import { loadForSale, type SaleShop } from './sql/load-for-sale.ts';
import { viewOrder, viewPayment } from './view-order.ts';

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
 * `total_mismatch`, `out_of_stock`, `amount_too_large`.
 */
export async function placeOrder(context: Context, shopId: string, body: NewOrder): Promise<Placed> {
  const { app, em, actor } = context;
  const requestHash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const { shop, earlier, products } = await loadForSale(
    em,
    shopId,
    body.id,
    body.items.map((line) => line.productId),
  );
  if (earlier) return await replay(context, shopId, body.id, requestHash);

  const at = app.now();
  const settings = settingsOf(shop);
  const wall = wallClock(at, shop.timezone);
  const businessDate = businessDateOf(wall.date, wall.time, settings.dayStart);
  const lines = resolveLines(body.items, products);
  const bill = makeBill(lines, body.discount, settings.tax, businessDate);
  checkExpectedTotal(body.expectedTotal, bill);
  const draft = draftOrder(context, shop, settings, body, bill, businessDate, at);
  const series = fiscalYearLabel(businessDate, settings.fiscalYearStart);
  const row = {
    draft,
    requestHash,
    stock: stockTaken(lines, products),
    series,
    numberPrefix: `${shop.code}/${series}/`,
    actor,
    at,
  };
  try {
    const order = await sales.run(shopId, () => insertOrder(em, row));
    app.wake(shopId);
    return { order, isReplay: false };
  } catch (error) {
    // The same order came twice at once, and the other one was first.
    if (isUniqueViolation(error, 'orders_pkey')) return await replay(context, shopId, body.id, requestHash);
    if (isUniqueViolation(error, 'order_lines_pkey')) {
      throw fieldProblem('order_conflict', '/items', 'have a line id that another order has');
    }
    throw error;
  }
}

/** The order that is there already, if it is the one that was sent. */
async function replay(
  { em }: Context,
  shopId: string,
  orderId: string,
  requestHash: string,
): Promise<Placed> {
  const found = await findOrder(em, shopId, orderId).catch((error) => {
    // An id of another shop's order is answered as any id that is taken: it tells nothing about that shop.
    if (error instanceof ProblemError && error.code === 'not_found') return null;
    throw error;
  });
  if (!found || found.order.requestHash !== requestHash) {
    throw fieldProblem('order_conflict', '/id', 'belongs to another order; a new sale needs a new id');
  }
  return { order: viewOrder(found.order, found.payments), isReplay: true };
}

function checkExpectedTotal(expectedMinor: number | undefined, bill: Bill): void {
  if (expectedMinor === undefined || expectedMinor === bill.totalMinor) return;
  const total = formatMinor(bill.totalMinor);
  throw new ProblemError('total_mismatch', {
    detail: `The till says ${formatMinor(expectedMinor)}, but it comes to ${total}. Prices may have changed: fetch them again.`,
    errors: [{ pointer: '/expectedTotal', detail: `is not ${total}` }],
    extra: {
      total,
      subtotal: formatMinor(bill.subtotalMinor),
      discount: formatMinor(bill.discountMinor),
      tax: formatMinor(bill.taxMinor),
      items: bill.items,
    },
  });
}

function draftOrder(
  { actor }: Context,
  shop: SaleShop,
  settings: SettingsValues,
  body: NewOrder,
  bill: Bill,
  businessDate: string,
  at: Date,
): OrderDraft {
  const offered: NewPayment[] = body.paymentMethod
    ? [{ method: body.paymentMethod, amount: bill.totalMinor }]
    : body.payments;
  const settled = settlePayments(bill.totalMinor, toOffered(offered));
  const time = at.toISOString();
  return {
    id: body.id,
    shopId: shop.id,
    businessDate,
    status: statusWhenPaid(settled.status, settings) ?? 'open',
    orderType: body.orderType,
    customerName: body.customerName,
    notes: body.notes,
    items: bill.items,
    subtotal: formatMinor(bill.subtotalMinor),
    discount: formatMinor(bill.discountMinor),
    discountGiven: bill.discountGiven,
    tax: formatMinor(bill.taxMinor),
    taxLines: bill.taxLines,
    taxMode: bill.taxMode,
    total: formatMinor(bill.totalMinor),
    paymentMethod: methodOf(settled.payments),
    paymentStatus: settled.status,
    payments: settled.payments.map((payment) => viewPayment({ ...payment, id: uuidv7(), at })),
    change: formatMinor(settled.changeMinor),
    cashierId: actor.kind === 'user' ? actor.id : null,
    deviceId: deviceOf(actor),
    source: 'till',
    voidReason: null,
    version: 1,
    createdAt: time,
    updatedAt: time,
  };
}

/** A paid bill is done at once, unless a kitchen has to make it first. Undefined while it isn't paid. */
export function statusWhenPaid(
  payment: PaymentStatus,
  settings: SettingsValues,
): 'preparing' | 'completed' | undefined {
  if (payment !== 'completed') return undefined;
  return settings.kitchen.enabled ? 'preparing' : 'completed';
}

/** One method by its name, several as `split`; null while nothing is paid. */
export function methodOf(payments: { method: string }[]): string | null {
  const methods = new Set(payments.map((payment) => payment.method));
  return methods.size > 1 ? 'split' : ([...methods][0] ?? null);
}

/** Payments in the words of the pricing room. */
export const toOffered = (payments: NewPayment[]) =>
  payments.map(({ method, amount, tendered, reference = null }) => ({
    method,
    amountMinor: amount,
    tenderedMinor: tendered,
    reference,
  }));
