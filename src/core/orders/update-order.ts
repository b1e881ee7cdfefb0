import { v7 as uuidv7 } from 'uuid';
import type { NewPayment, OrderChange, OrderStatus, Order as OrderView } from '../../contract/orders.ts';
import { fieldProblem } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { violatedUnique } from '../../database/pg-errors.ts';
import { examineApproval } from '../auth/approval.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { normalizePhone } from '../customers/phone.ts';
import { findOrMakeCustomer } from '../customers/sql/upsert-customer.ts';
import { Payment } from '../payments/payment.entity.ts';
import { lockOpenShift } from '../shifts/sql/open-shift.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { editBill, editsBill, isEditable } from './edit-bill.ts';
import { findOrder } from './find-orders.ts';
import type { Order } from './order.entity.ts';
import { methodOf, settleMore, statusWhenSold } from './order-payments.ts';
import { closedProblem, onTheBook, takenPaymentId, takenVoidId, unknownDebtor } from './order-problems.ts';
import { markLines } from './sql/replace-lines.ts';
import { type OrderParts, viewOrder } from './view-order.ts';

/** Which status may follow which; paying moves an open bill on by itself. */
const nextStatuses: Record<OrderStatus, OrderStatus[]> = {
  open: ['preparing', 'completed'],
  preparing: ['ready', 'completed'],
  ready: ['completed'],
  completed: [],
  voided: [],
};

/**
 * Edits a bill that isn't paid, takes payments, moves the status on. A payment whose id is known is there already and
 * not taken again. Throws `not_found`, `version_conflict`, `order_closed`, `order_status`, and what `placeOrder` throws
 * for lines, payments and approvals.
 */
export async function updateOrder(
  context: Context,
  shopId: string,
  orderId: string,
  change: OrderChange,
): Promise<OrderView> {
  const verdict = await examineApproval(context, shopId, change.approval);
  return await saving(() =>
    transact(context, async (tx) => {
      const parts = await findOrder(tx.em, shopId, orderId, true);
      const { order } = parts;
      const payments = newPayments(parts, change.payments ?? []);
      const before = viewOrder(parts);
      if (isPaymentAlone(change) && payments.length === 0) return before;
      checkVersion(change.version, before);
      if (order.status === 'voided') throw closedProblem(order);
      if (order.status === 'completed' && !isPaymentAlone(change)) throw closedProblem(order);
      if (order.payLater && change.payLater === false && order.status !== 'open') throw onTheBook(order);
      const isSettledBefore = isSettled(order);
      const approver = verdict();
      const shop = await findShop(tx.em, shopId);
      const settings = settingsOf(shop);
      const businessDate = businessDateAt(tx.app.now(), shop);

      setDetails(order, change);
      const isRepriced = editsBill(change) || (change.orderType !== undefined && isEditable(parts));
      if (isRepriced && !isEditable(parts)) throw closedProblem(order);
      const kept = isRepriced ? await editBill(tx, parts, { settings, change, approver, businessDate }) : {};
      // Locks come in the order in which every change takes them: the bill, its stock, the customer, the shift.
      await setCustomer(tx, order, change, settings);
      const shiftId = await lockOpenShift(tx.em, shopId, deviceOf(tx.actor));
      if (payments.length > 0)
        takePayments(tx, parts, { settings, offered: payments, businessDate, shiftId });
      // A bill belongs to the shift in which it is paid or put on the book; until then it carries over.
      if (!isSettledBefore && isSettled(order)) order.shiftId = shiftId;
      if (order.status === 'open') {
        order.status = statusWhenSold(order.paymentStatus, order.payLater, settings) ?? 'open';
      }
      if (change.status) moveStatus(order, change.status);
      // Two changes within a millisecond are two: updatedAt makes the version move.
      order.updatedAt = new Date(Math.max(tx.app.now().getTime(), order.updatedAt.getTime() + 1));
      await tx.em.flush();
      await markLines(tx.em, order);

      const view = viewOrder(parts);
      const more = Object.keys(kept).length > 0 ? { kept } : {};
      tx.record({ shopId, type: 'order_updated', data: view, before, ...more });
      return view;
    }),
  );
}

/** A bill on the book is completed long before it is paid. */
const isPaymentAlone = ({ payments, version: _, approval: __, ...rest }: OrderChange) =>
  payments !== undefined && Object.values(rest).every((value) => value === undefined);

/** Those that the bill hasn't got yet. Throws `order_conflict` for another payment under a known id. */
function newPayments({ payments }: OrderParts, offered: NewPayment[]): NewPayment[] {
  return offered.filter((payment, index) => {
    const known = payments.find(({ id }) => id === payment.id);
    if (!known) return true;
    // Of a cash note more was handed over than was due: the amount of then was cut to it.
    const isSame =
      known.method === payment.method && [known.amountMinor, known.tenderedMinor].includes(payment.amount);
    if (isSame) return false;
    throw fieldProblem('order_conflict', `/payments/${index}/id`, 'is that of another payment of this bill');
  });
}

function setDetails(order: Order, change: OrderChange): void {
  order.orderType = change.orderType ?? order.orderType;
  order.notes = change.notes ?? order.notes;
  order.payLater = change.payLater ?? order.payLater;
  if (change.customerName !== undefined) order.customerName = change.customerName;
  if (change.tableNumber !== undefined) order.tableNumber = change.tableNumber;
}

async function setCustomer(
  tx: Transaction,
  order: Order,
  { customerPhone }: OrderChange,
  { country }: SettingsValues,
): Promise<void> {
  if (customerPhone) {
    const phone = normalizePhone(customerPhone, country, '/customerPhone');
    const customer = { phone, name: order.customerName ?? null, at: tx.app.now() };
    order.customerId = await findOrMakeCustomer(tx, order.shopId, customer);
  } else if (customerPhone !== undefined) {
    order.customerId = null;
  }
  if (order.payLater && !order.customerName && !order.customerId) throw unknownDebtor();
}

const isSettled = ({ paymentStatus, payLater }: Order) => paymentStatus === 'completed' || payLater;

type Taking = {
  settings: SettingsValues;
  offered: NewPayment[];
  businessDate: string;
  shiftId: string | null;
};

function takePayments(
  { em, app, actor }: Transaction,
  { order, payments }: OrderParts,
  { settings, offered, businessDate, shiftId }: Taking,
): void {
  const settled = settleMore(order, offered, payments, settings);
  const added = settled.payments.map(({ id, ...payment }) =>
    em.create(Payment, {
      ...payment,
      id: id ?? uuidv7(),
      shopId: order.shopId,
      orderId: order.id,
      at: app.now(),
      cashierId: personOf(actor),
      shiftId,
      businessDate,
      returnedAt: null,
      returnedOn: null,
      returnedShiftId: null,
    }),
  );
  payments.push(...added);
  order.totalMinor = settled.totalMinor;
  order.roundingMinor = settled.roundingMinor;
  order.paymentStatus = settled.status;
  order.paymentMethod = methodOf(payments);
}

function moveStatus(order: Order, status: OrderStatus): void {
  // Asked for twice, as when a paid bill completes itself: it is where it should be.
  if (order.status === status) return;
  if (!nextStatuses[order.status].includes(status)) {
    throw fieldProblem('order_status', '/status', `can't go from ${order.status} to ${status}`);
  }
  if (status === 'completed' && order.paymentStatus !== 'completed' && !order.payLater) {
    const detail = `Bill ${order.orderNumber} is not fully paid. Take the rest, or send payLater to put it on the book.`;
    throw fieldProblem('order_status', '/status', detail);
  }
  order.status = status;
}

async function saving<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const taken = violatedUnique(error);
    if (taken === 'payments_pkey') throw takenPaymentId();
    if (taken === 'voids_pkey') throw takenVoidId();
    throw error;
  }
}
