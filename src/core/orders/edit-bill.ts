import { formatMinor } from '../../contract/money.ts';
import type { OrderChange } from '../../contract/orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { type Approver, type Need, requireLeave } from '../auth/approval.ts';
import { deviceOf, personOf } from '../context.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { stockDifference, stockOfOrder } from '../inventory/sql/stock-of-order.ts';
import { lockOpenShift } from '../shifts/sql/open-shift.ts';
import type { Transaction } from '../transact.ts';
import { discountNeeds, overrideNeeds } from './check-bill.ts';
import { stockTaken } from './line-stock.ts';
import { type Bill, type BillLine, makeBill } from './make-bill.ts';
import { type Merged, mergeLines, withoutDone } from './merge-lines.ts';
import type { Order } from './order.entity.ts';
import { settle, statusWhenSold, sumPaid } from './order-payments.ts';
import { takenLineId } from './order-problems.ts';
import { thawDiscount, thawLine } from './resolve-lines.ts';
import { insertVoids } from './sql/insert-voids.ts';
import { linesOfOrder } from './sql/lines-of-order.ts';
import { loadForSale } from './sql/load-for-sale.ts';
import { replaceLines } from './sql/replace-lines.ts';
import { voidsOfOrder } from './sql/voids-of-order.ts';
import type { OrderParts } from './view-order.ts';

/** What changes the price of a bill. */
const PRICED = ['items', 'voidItems', 'discount', 'placeOfSupply', 'waiveServiceCharge'] as const;

export const editsBill = (change: OrderChange) => PRICED.some((field) => change[field] !== undefined);

/** A bill can be edited until it is paid, and as long as nothing of it was given back. */
export const isEditable = ({ order, refunds }: OrderParts) =>
  ['open', 'preparing', 'ready'].includes(order.status) &&
  order.paymentStatus !== 'completed' &&
  refunds.length === 0;

export type Edit = {
  settings: SettingsValues;
  change: OrderChange;
  approver: Approver | null;
  businessDate: string;
};

/** What the audit keeps of one edit, where the bill says only how it is: who allowed it, what was taken off and why. */
type Kept = { approvedBy?: string; takenOff?: object[] };

/**
 * Prices a bill anew with what changed, and moves its stock by the difference. Gives what else the audit keeps of it.
 * Throws `unknown_product`, `invalid_request`, `invalid_payment`, `out_of_stock`, `approval_needed`, `amount_too_large`.
 */
export async function editBill(tx: Transaction, parts: OrderParts, edit: Edit): Promise<Kept> {
  const { order, payments } = parts;
  const { settings, change } = edit;
  const { shopId, id } = order;
  const stored = await linesOfOrder(tx.em, shopId, id);
  const frozen = order.items.map((item) =>
    thawLine(item, stored.find((line) => line.id === item.id)?.recipe ?? []),
  );
  const edits = withoutDone(change, await voidsOfOrder(tx.em, shopId, id), frozen);
  const productIds = (edits.items ?? []).map((line) => line.productId);
  const { products } = await loadForSale(tx.em, shopId, id, productIds);
  const merged = mergeLines(frozen, edits, products, order.items);

  if (change.placeOfSupply !== undefined) order.placeOfSupply = change.placeOfSupply || null;
  order.waivesServiceCharge = change.waiveServiceCharge ?? order.waivesServiceCharge;
  const given = thawDiscount(order.discountGiven ?? null);
  const discount = change.discount === undefined ? given : change.discount;
  const { orderType, waivesServiceCharge, placeOfSupply = null } = order;
  const terms = { discount, orderType, waivesServiceCharge, placeOfSupply };
  const bill = makeBill(merged.lines, terms, settings, order.businessDate);

  const needs = needsOf(tx, order, { merged, frozen, bill }, edit);
  const approvedBy = requireLeave(tx.actor, edit.approver, needs);
  order.approvedBy = approvedBy ?? order.approvedBy ?? null;
  const settled = settle(bill.exactMinor, [], payments, settings);
  checkPaid(sumPaid(payments), settled.totalMinor);
  const { totalMinor, roundingMinor, status } = settled;
  Object.assign(order, bill.figures, { items: bill.items, totalMinor, roundingMinor, paymentStatus: status });
  order.status = nextStatus(order, merged, settings);
  await moveDifference(tx, order, merged.lines);
  try {
    await replaceLines(tx.em, order, bill.lineStock);
  } catch (error) {
    if (isUniqueViolation(error, 'order_lines_pkey')) throw takenLineId();
    throw error;
  }
  const allowed = approvedBy ? { approvedBy } : {};
  if (merged.voids.length === 0) return allowed;
  const takenOff = await insertVoids(tx.em, merged.voids, {
    shopId,
    orderId: id,
    cashierId: personOf(tx.actor),
    approvedBy,
    shiftId: await lockOpenShift(tx.em, shopId, deviceOf(tx.actor)),
    businessDate: edit.businessDate,
    at: tx.app.now(),
  });
  return { ...allowed, takenOff };
}

function needsOf(
  tx: Transaction,
  order: Order,
  { merged, frozen, bill }: { merged: Merged; frozen: BillLine[]; bill: Bill },
  { settings, change }: Edit,
): Need[] {
  const needs = overrideNeeds(merged.lines, frozen);
  // Food that the kitchen has is not taken off a bill by whoever takes the money.
  if (merged.voids.length > 0 && order.status !== 'open') {
    needs.push({
      least: 'manager',
      pointer: '/voidItems',
      detail: 'The kitchen has this order already, so taking something off it needs a manager.',
    });
  }
  // A discount that somebody allowed stays allowed while nothing but new lines comes to the bill.
  const changesDiscount = change.discount !== undefined || (change.items ?? []).some((line) => line.discount);
  const isAllowed = order.approvedBy && !changesDiscount && merged.voids.length === 0;
  return isAllowed ? needs : [...needs, ...discountNeeds(bill, settings, tx.actor)];
}

function checkPaid(paidMinor: number, totalMinor: number): void {
  if (paidMinor <= totalMinor) return;
  const detail = `${formatMinor(paidMinor)} is paid already, more than the new total of ${formatMinor(totalMinor)}.`;
  throw new ProblemError('invalid_payment', { detail, errors: [{ pointer: '/items', detail }] });
}

/** A bill that an edit leaves fully paid is sold; new lines on a finished one go to the kitchen again. */
function nextStatus(order: Order, { isAdded }: Merged, settings: SettingsValues): Order['status'] {
  if (order.status === 'open') {
    return statusWhenSold(order.paymentStatus, order.payLater, settings) ?? 'open';
  }
  return order.status === 'ready' && isAdded && settings.kitchen.enabled ? 'preparing' : order.status;
}

async function moveDifference(tx: Transaction, order: Order, lines: BillLine[]): Promise<void> {
  const { shopId, id } = order;
  const changes = stockDifference(await stockOfOrder(tx.em, shopId, id), stockTaken(lines));
  const movement = {
    shopId,
    changes,
    reason: 'sale',
    orderId: id,
    actor: tx.actor,
    at: tx.app.now(),
  } as const;
  for (const event of await moveStock(tx.em, movement)) tx.record({ shopId, ...event });
}
