import { v7 as uuidv7 } from 'uuid';
import type { OrderChange, Order as OrderView } from '../../contract/orders.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { isUniqueViolation, violatedUnique } from '../../database/pg-errors.ts';
import { examineApproval, requireLeave } from '../auth/approval.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { normalizePhone } from '../customers/phone.ts';
import { isPhoneOf } from '../customers/sql/is-phone-of.ts';
import { findOrMakeCustomer } from '../customers/sql/upsert-customer.ts';
import { lockItems } from '../inventory/sql/lock-items.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { stockOfOrder } from '../inventory/sql/stock-of-order.ts';
import { Payment } from '../payments/payment.entity.ts';
import { findCountedShifts } from '../shifts/sql/counted-shifts.ts';
import { lockOpenShift } from '../shifts/sql/open-shift.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { type Transaction, transact } from '../transact.ts';
import { nextUpdatedAt } from '../versions.ts';
import { requireUncounted } from './decide-payments.ts';
import { asksForPrice, decideUpdate, type LoadedOrder, type OrderUpdate } from './decide-update.ts';
import { findOrder } from './find-orders.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { takenLineId, takenPaymentId, takenVoidId } from './order-problems.ts';
import { isOrderClosed, requireAllowed } from './require-allowed.ts';
import { insertVoids } from './sql/insert-voids.ts';
import { linesOfOrder } from './sql/lines-of-order.ts';
import { loadForSale } from './sql/load-for-sale.ts';
import { markLines, replaceLines } from './sql/replace-lines.ts';
import { voidsOfOrder } from './sql/voids-of-order.ts';
import { viewOrder } from './view-order.ts';
import { wasteVoids } from './write-voids.ts';

/**
 * Edits an order that isn't paid, takes payments, moves the status on: load, decide, write. A payment with a known id is a
 * retry and isn't taken again. Throws `not_found`, `version_conflict`, the refusals of `orderRules`,
 * `order_status`, and what `placeOrder` throws for lines, payments and approvals.
 */
export async function updateOrder(
  context: Context,
  shopId: string,
  orderId: string,
  change: OrderChange,
): Promise<OrderView> {
  const approval = await examineApproval(context, shopId, change.approval);
  return await saving(change, () =>
    transact(context, async (tx) => {
      const loaded = await loadOrder(tx, shopId, orderId, change);
      const update = decideUpdate(loaded, change, tx.actor);
      if (!update) return viewOrder(loaded.parts);
      const approvedBy = requireLeave(tx.actor, approval(), update.needs);
      return await writeUpdate(tx, loaded, update, approvedBy);
    }),
  );
}

async function loadOrder(
  tx: Transaction,
  shopId: string,
  orderId: string,
  change: OrderChange,
): Promise<LoadedOrder> {
  const { em } = tx;
  const parts = await findOrder(em, shopId, orderId, true);
  const shop = await findShop(em, shopId);
  const today = businessDateAt(tx.app.now(), shop);
  const isClosed = await isOrderClosed(em, parts.order, today, { lock: false });
  const countedShiftIds = await findCountedShifts(em, shopId, parts.payments, { lock: false });
  const { currency } = shop;
  const settings = settingsOf(shop);
  const hasPhone = await hasPhoneOf(tx, parts.order, change, settings);
  const loaded = { parts, isClosed, currency, settings, today, countedShiftIds, hasPhone };
  if (!asksForPrice(parts, isClosed, change)) return { ...loaded, sources: null };
  const productIds = (change.items ?? []).map((line) => line.productId);
  const sources = {
    stored: await linesOfOrder(em, shopId, orderId),
    voided: await voidsOfOrder(em, shopId, orderId),
    products: (await loadForSale(em, shopId, orderId, productIds)).products,
    moved: await stockOfOrder(em, shopId, orderId),
  };
  return { ...loaded, sources };
}

async function hasPhoneOf(
  tx: Transaction,
  { shopId, customerId }: Order,
  { customerPhone }: OrderChange,
  { country }: SettingsValues,
): Promise<boolean> {
  if (!customerPhone || !customerId) return false;
  const phone = normalizePhone(customerPhone, country, '/customerPhone');
  return await isPhoneOf(tx, shopId, customerId, phone);
}

/** Locks in the order that every change keeps to: the order, its stock, the customer, the shift, the counters. */
async function writeUpdate(
  tx: Transaction,
  { parts, today }: Pick<LoadedOrder, 'parts' | 'today'>,
  update: OrderUpdate,
  approvedBy: string | null,
): Promise<OrderView> {
  const { em, actor } = tx;
  const { order } = parts;
  const { shopId, id: orderId } = order;
  const before = viewOrder(parts);
  const at = tx.app.now();
  const was = { ...order };
  const voids = await moveGoods(tx, order, update.edited, today);
  Object.assign(order, update.order);
  if (update.customerPhone !== undefined) {
    const { customerPhone: phone } = update;
    const name = order.customerName ?? null;
    order.customerId = phone && (await findOrMakeCustomer(tx, shopId, { phone, name, at }));
  }
  const shiftId = await lockOpenShift(em, shopId, deviceOf(actor));
  // An order belongs to the shift in which it is paid or put on the book; until then it carries over.
  if (update.isNowSettled) order.shiftId = shiftId;
  order.approvedBy = approvedBy ?? order.approvedBy ?? null;
  order.updatedAt = nextUpdatedAt(at, order);
  await requireStillOpen(tx, { ...parts, order: was }, update, today);
  await writePayments(tx, parts, update, { shiftId, today });
  await em.flush();
  if (update.edited) await replaceLines(em, order, update.edited.lineStock);
  else await markLines(em, order);
  const voiding = {
    shopId,
    orderId,
    cashierId: personOf(actor),
    approvedBy,
    shiftId,
    businessDate: today,
    at,
  };
  const takenOff = voids.length > 0 ? await insertVoids(em, voids, voiding) : null;
  const view = viewOrder(parts);
  // The audit also keeps the approver and what was voided or corrected, with reasons.
  const changed = update.corrections.map(({ id, from, method: to, reason }) => ({ id, from, to, reason }));
  const kept = {
    ...(approvedBy && { approvedBy }),
    ...(takenOff && { takenOff }),
    ...(changed.length > 0 && { changedPayments: changed }),
  };
  tx.record({
    shopId,
    type: 'order_updated',
    data: view,
    before,
    ...(Object.keys(kept).length > 0 ? { kept } : {}),
  });
  return view;
}

/** Moves stock by the difference and books waste. Returns the voids with their ids. */
async function moveGoods(
  tx: Transaction,
  order: Order,
  edited: OrderUpdate['edited'],
  today: string,
): ReturnType<typeof wasteVoids> {
  if (!edited) return [];
  const { shopId, id: orderId } = order;
  const { stock: changes, voids } = edited;
  // Locks all items in one go, in id order: wasted items may not be among the moved ones.
  const moved = [...changes, ...voids.flatMap(({ wasted }) => wasted)];
  await lockItems(tx.em, shopId, [...new Set(moved.map(({ itemId }) => itemId))]);
  const movement = {
    shopId,
    changes,
    reason: 'sale',
    orderId,
    actor: tx.actor,
    at: tx.app.now(),
    businessDate: today,
  } as const;
  for (const event of await moveStock(tx.em, movement)) tx.record({ shopId, ...event });
  return await wasteVoids(tx, order, voids, today);
}

/** Checks again under lock, since the shift may have been counted after the order was loaded. Throws `day_closed`. */
async function requireStillOpen(
  { em }: Transaction,
  parts: OrderParts,
  { edited, corrections, returns }: OrderUpdate,
  today: string,
): Promise<void> {
  const isMoneyMoved = corrections.length + returns.length > 0;
  if (!edited && !isMoneyMoved) return;
  const isClosed = await isOrderClosed(em, parts.order, today, { lock: true });
  if (edited) requireAllowed(parts, 'edit', isClosed);
  if (isMoneyMoved) requireAllowed(parts, 'giveBack', isClosed);
}

async function writePayments(
  tx: Transaction,
  { order, payments }: OrderParts,
  update: OrderUpdate,
  now: { shiftId: string | null; today: string },
): Promise<void> {
  await correctPayments(tx, order, payments, update.corrections, now.today);
  payments.push(
    ...createPayments(tx, order, update.returns.map(asPayment), now),
    ...createPayments(tx, order, update.payments, now),
  );
}

/** Corrects payments in place. Throws `day_closed` for one whose shift was counted meanwhile. */
async function correctPayments(
  { em }: Transaction,
  order: Order,
  payments: Payment[],
  corrections: OrderUpdate['corrections'],
  today: string,
): Promise<void> {
  const corrected = corrections.map(
    (correction) => payments.find(({ id }) => id === correction.id) as Payment,
  );
  const countedShiftIds = await findCountedShifts(em, order.shopId, corrected, { lock: true });
  corrections.forEach(({ from: _, reason: __, ...correction }, index) => {
    const payment = corrected[index] as Payment;
    requireUncounted(order, payment, { today, countedShiftIds });
    Object.assign(payment, correction);
  });
}

const asPayment = ({ amountMinor, ...returned }: OrderUpdate['returns'][number]) => ({
  ...returned,
  kind: 'return' as const,
  amountMinor,
  tenderedMinor: amountMinor,
  tipMinor: 0,
  changeMinor: 0,
  reference: null,
});

function createPayments(
  { em, app, actor }: Transaction,
  order: { shopId: string; id: string },
  settled: (OrderUpdate['payments'][number] | ReturnType<typeof asPayment>)[],
  { shiftId, today }: { shiftId: string | null; today: string },
): Payment[] {
  return settled.map(({ id, ...payment }) =>
    em.create(Payment, {
      ...payment,
      id: id ?? uuidv7(),
      shopId: order.shopId,
      orderId: order.id,
      at: app.now(),
      cashierId: personOf(actor),
      shiftId,
      businessDate: today,
      returnedAt: null,
      returnedOn: null,
      returnedShiftId: null,
      bookedAs: null,
    }),
  );
}

async function saving<T>(change: OrderChange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'order_lines_pkey')) throw takenLineId();
    const taken = violatedUnique(error);
    if (taken === 'payments_pkey') throw takenPaymentId(change.payments ? 'payments' : 'returnPayments');
    if (taken === 'voids_pkey') throw takenVoidId();
    throw error;
  }
}
