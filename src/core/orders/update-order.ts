import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '../../contract/money.ts';
import type { OrderChange, OrderStatus, Order as OrderView } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { settlePayments } from '../../pricing/index.ts';
import type { Context } from '../context.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { stockDifference, stockOfOrder } from '../inventory/sql/stock-of-order.ts';
import { Payment } from '../payments/payment.entity.ts';
import { settingsOf } from '../shops/settings.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { findOrder } from './find-orders.ts';
import { makeBill } from './make-bill.ts';
import type { Order } from './order.entity.ts';
import { methodOf, statusWhenPaid, toOffered } from './place-order.ts';
import { resolveLines, stockTaken, thawDiscount, thawLine } from './resolve-lines.ts';
import { loadForSale } from './sql/load-for-sale.ts';
import { markLines, replaceLines } from './sql/replace-lines.ts';
import { viewOrder } from './view-order.ts';

/** Which status may follow which; paying moves an open bill on by itself. */
const nextStatuses: Record<OrderStatus, OrderStatus[]> = {
  open: ['preparing', 'completed'],
  preparing: ['ready', 'completed'],
  ready: ['completed'],
  completed: [],
  voided: [],
};

/**
 * Edits an open bill, takes payments, moves the status on. Throws `not_found`, `version_conflict`, `order_closed`,
 * `order_status`, and what `placeOrder` throws for lines and payments.
 */
export async function updateOrder(
  context: Context,
  shopId: string,
  orderId: string,
  change: OrderChange,
): Promise<OrderView> {
  return await transact(context, async (tx) => {
    const { order, payments } = await findOrder(tx.em, shopId, orderId, true);
    checkVersion(change.version, viewOrder(order, payments));
    if (order.status === 'completed' || order.status === 'voided') throw closed(order);
    const { shop } = await loadForSale(tx.em, shopId, orderId, []);
    const settings = settingsOf(shop);

    const editsBill = change.items !== undefined || change.discount !== undefined;
    if (editsBill && order.status !== 'open') throw closed(order);
    if (editsBill) await rewriteBill(tx, order, payments, settings, change);
    if (change.payments) payments.push(...takePayments(tx, order, payments, settings, change.payments));
    if (change.status) moveStatus(order, change.status);
    order.orderType = change.orderType ?? order.orderType;
    order.notes = change.notes ?? order.notes;
    if (change.customerName !== undefined) order.customerName = change.customerName;
    order.updatedAt = tx.app.now();
    await tx.em.flush();
    await markLines(tx.em, order);

    const view = viewOrder(order, payments);
    tx.record({ shopId, type: 'order_updated', data: view });
    return view;
  });
}

const closed = (order: Order) =>
  new ProblemError('order_closed', {
    detail: `Bill ${order.orderNumber} is ${order.status} and can't be changed.`,
  });

async function rewriteBill(
  tx: Transaction,
  order: Order,
  payments: Payment[],
  settings: SettingsValues,
  change: OrderChange,
): Promise<void> {
  const { shopId, id } = order;
  const frozen = order.items.map(thawLine);
  const productIds = [...frozen, ...(change.items ?? [])].map((line) => line.productId);
  const { products } = await loadForSale(tx.em, shopId, id, productIds);
  const lines = change.items ? resolveLines(change.items, products, frozen) : frozen;
  const discount =
    change.discount === undefined ? thawDiscount(order.discountGiven ?? null) : change.discount;
  const bill = makeBill(lines, discount, settings.tax, order.businessDate);
  const paidMinor = sumOf(payments);
  if (paidMinor > bill.totalMinor) {
    const detail = `${formatMinor(paidMinor)} is paid already, more than the new total of ${formatMinor(bill.totalMinor)}.`;
    throw fieldProblem('invalid_payment', '/items', detail);
  }
  Object.assign(order, bill);
  order.paymentStatus = settlePayments(bill.totalMinor, [], paidMinor).status;
  order.status = statusWhenPaid(order.paymentStatus, settings) ?? order.status;

  const changes = stockDifference(await stockOfOrder(tx.em, shopId, id), stockTaken(lines, products));
  const at = tx.app.now();
  await moveStock(tx.em, { shopId, changes, reason: 'sale', orderId: id, actor: tx.actor, at });
  try {
    await replaceLines(tx.em, order);
  } catch (error) {
    if (!isUniqueViolation(error, 'order_lines_pkey')) throw error;
    throw fieldProblem('order_conflict', '/items', 'have a line id that another order has');
  }
}

function takePayments(
  { em, app }: Transaction,
  order: Order,
  earlier: Payment[],
  settings: SettingsValues,
  offered: NonNullable<OrderChange['payments']>,
): Payment[] {
  const settled = settlePayments(order.totalMinor, toOffered(offered), sumOf(earlier));
  const added = settled.payments.map((payment) =>
    em.create(Payment, { ...payment, id: uuidv7(), shopId: order.shopId, orderId: order.id, at: app.now() }),
  );
  order.paymentStatus = settled.status;
  order.paymentMethod = methodOf([...earlier, ...added]);
  if (order.status === 'open') order.status = statusWhenPaid(settled.status, settings) ?? 'open';
  return added;
}

const sumOf = (payments: Payment[]) => payments.reduce((sum, payment) => sum + payment.amountMinor, 0);

function moveStatus(order: Order, status: OrderStatus): void {
  // Asked for twice, as when a paid bill completes itself: it is where it should be.
  if (order.status === status) return;
  if (!nextStatuses[order.status].includes(status)) {
    throw fieldProblem('order_status', '/status', `can't go from ${order.status} to ${status}`);
  }
  if (status === 'completed' && order.paymentStatus !== 'completed') {
    throw fieldProblem(
      'order_status',
      '/status',
      `can't be completed: ${order.orderNumber} is not fully paid`,
    );
  }
  order.status = status;
}
