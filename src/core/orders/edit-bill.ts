import type { Digits } from '../../contract/currencies.ts';
import type { OrderChange } from '../../contract/orders.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import type { Need } from '../auth/approval.ts';
import type { Actor } from '../context.ts';
import type { StockChange } from '../inventory/sql/move-stock.ts';
import { stockDifference } from '../inventory/sql/stock-of-order.ts';
import { requirePlaceOfSupply, storedPlaceOfSupply } from '../shops/tax-registration.ts';
import { discountNeeds, nothingNeeds, overrideNeeds } from './check-bill.ts';
import { stockTaken } from './line-stock.ts';
import { type Bill, type BillLine, type LineStock, makeBill } from './make-bill.ts';
import { type Merged, mergeLines, withoutDone } from './merge-lines.ts';
import type { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { settle, statusWhenSold } from './order-payments.ts';
import { thawDiscount, thawLine } from './resolve-lines.ts';
import type { Void } from './sql/insert-voids.ts';
import type { OrderLine } from './sql/lines-of-order.ts';
import type { SaleProduct } from './sql/load-for-sale.ts';
import { requireWholeEdit } from './whole-pieces.ts';

/** Fields that change an order's price. */
const PRICED = ['items', 'voidItems', 'discount', 'placeOfSupply', 'waiveServiceCharge'] as const;

export const editsPrice = (change: OrderChange) => PRICED.some((field) => change[field] !== undefined);

/** The data that an edit needs beside the order itself. */
export type EditSources = {
  /** The order's lines with their recipes. */
  stored: OrderLine[];
  /** Earlier voids of lines, by void id. */
  voided: { id: string; lineId: string }[];
  /** The products of the change's items. */
  products: SaleProduct[];
  /** The order's stock movements so far; a sale is negative. */
  moved: StockChange[];
};

/** `order` has the changed fields of the order; the rest goes into other tables. */
export type Edited = {
  order: Partial<Order>;
  lineStock: LineStock[];
  stock: StockChange[];
  voids: Void[];
  needs: Need[];
};

type Edit = { change: OrderChange; settings: SettingsValues; digits: Digits; actor: Actor };

/**
 * Prices an order again after a change. Pure. `order` has the change's order type already. Throws `unknown_product`,
 * `invalid_request`, `amount_too_large`.
 */
export function editBill(
  { order, payments }: Pick<OrderParts, 'order' | 'payments'>,
  { stored, voided, products, moved }: EditSources,
  { change, settings, digits, actor }: Edit,
): Edited {
  const frozen = order.items.map((item) =>
    thawLine(item, stored.find((line) => line.id === item.id)?.recipe ?? []),
  );
  const edits = withoutDone(change, voided, frozen);
  const merged = mergeLines(frozen, edits, products, order.items, digits);
  requireWholeEdit(frozen, merged.lines, edits, stored);
  const isMoved = change.placeOfSupply !== undefined && change.placeOfSupply !== order.placeOfSupply;
  if (isMoved) requirePlaceOfSupply(settings, change.placeOfSupply);
  const placeOfSupply = isMoved
    ? storedPlaceOfSupply(settings, change.placeOfSupply ?? null)
    : (order.placeOfSupply ?? null);
  const waivesServiceCharge = change.waiveServiceCharge ?? order.waivesServiceCharge;
  const discount =
    change.discount === undefined ? thawDiscount(order.discountGiven ?? null) : change.discount;
  const terms = { discount, orderType: order.orderType, waivesServiceCharge, placeOfSupply, digits };
  const bill = makeBill(merged.lines, terms, settings, order.businessDate);
  const settled = settle(bill.exactMinor, [], payments, settings);
  const { totalMinor, roundingMinor } = settled;
  // An overpaid order isn't finished until the difference is given back.
  const isOverpaid = settled.paidMinor > totalMinor;
  const paymentStatus = isOverpaid ? 'partial' : settled.status;
  const status = nextStatus({ ...order, paymentStatus }, merged, settings);
  return {
    order: {
      ...bill.figures,
      placeOfSupply,
      waivesServiceCharge,
      items: bill.items,
      totalMinor,
      roundingMinor,
      paymentStatus,
      status,
    },
    lineStock: bill.lineStock,
    stock: stockDifference(moved, stockTaken(merged.lines)),
    voids: merged.voids.map(({ stock, restock, ...voided }) =>
      decideWaste(voided, stock, restock, hadKitchen(order, settings)),
    ),
    needs: needsOf(order, { merged, frozen, bill }, { change, settings, digits, actor }),
  };
}

function needsOf(
  order: Order,
  { merged, frozen, bill }: { merged: Merged; frozen: BillLine[]; bill: Bill },
  { settings, change, actor }: Edit,
): Need[] {
  const needs = [...overrideNeeds(merged.lines, frozen), ...nothingNeeds(merged.lines, bill, frozen)];
  // The cashier who takes the money may not take off food that the kitchen made.
  if (merged.voids.length > 0 && order.status !== 'open') {
    needs.push({
      least: 'manager',
      pointer: '/voidItems',
      detail: 'The kitchen has this order already, so taking something off it needs a manager.',
    });
  }
  // A cashier may not book waste without approval.
  const isWasted = merged.voids.some(({ restock, stock }) => restock === false && stock.length > 0);
  if (isWasted && !hadKitchen(order, settings)) {
    needs.push({
      least: 'manager',
      pointer: '/voidItems',
      detail: 'Goods that the kitchen has not had go back to stock; to write them off needs a manager.',
    });
  }
  // An unchanged discount was approved or within the limit. A percentage takes more off an order that grows.
  const changesDiscount = change.discount !== undefined || (change.items ?? []).some((line) => line.discount);
  const isMore = bill.figures.discountMinor > order.discountMinor;
  const isAllowed = !isMore && !changesDiscount && merged.voids.length === 0;
  return isAllowed ? needs : [...needs, ...discountNeeds(bill, settings, actor)];
}

/** Whether the kitchen may have made the goods. */
export const hadKitchen = ({ status }: Pick<Order, 'status'>, { kitchen }: SettingsValues): boolean =>
  status === 'preparing' || status === 'ready' || (status === 'completed' && kitchen.enabled);

/** Whether voided goods go back to stock: as requested, by default unless the kitchen made them. */
export function decideWaste(
  voided: Omit<Void, 'restock' | 'wasted'>,
  stock: StockChange[],
  said: boolean | undefined,
  isMade: boolean,
): Void {
  const restock = said ?? !isMade;
  return {
    ...voided,
    restock,
    wasted: restock ? [] : stock.filter(({ quantityMilli }) => quantityMilli > 0),
  };
}

/** An order that an edit leaves fully paid is sold; new lines on a finished one go to the kitchen again. */
function nextStatus(order: Order, { isAdded }: Merged, settings: SettingsValues): Order['status'] {
  if (order.status === 'open') {
    return statusWhenSold(order.paymentStatus, order.payLater, settings) ?? 'open';
  }
  return order.status === 'ready' && isAdded && settings.kitchen.enabled ? 'preparing' : order.status;
}
