import { isDeepStrictEqual } from 'node:util';
import type { Digits } from '../../contract/currencies.ts';
import { formatMilli, formatMinor, parseMilli, parseMinor } from '../../contract/money.ts';
import type { Order as OrderView } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { NewRefund } from '../../contract/refunds.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { priceRefund } from '../../pricing/index.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { findEpoch } from '../epochs/find-epoch.ts';
import { seriesLabel } from '../epochs/series-label.ts';
import { moveStock } from '../inventory/sql/move-stock.ts';
import { requestHashOf } from '../request-hash.ts';
import { lockOpenShift } from '../shifts/sql/open-shift.ts';
import { businessDateAt, fiscalYearLabel } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { digitsOfOrder, requireWholeAmounts } from '../shops/whole-amounts.ts';
import { type Transaction, transact } from '../transact.ts';
import { nextUpdatedAt } from '../versions.ts';
import { type DecidedRefund, decideRefund } from './decide-refund.ts';
import { findOrder } from './find-orders.ts';
import { costOf, stockReturned, thawRecipe } from './line-stock.ts';
import type { OrderParts } from './order-parts.ts';
import { coveredMinor, paidRoundingMinor, paymentStatusOf } from './paid-so-far.ts';
import { requireAllowed } from './require-allowed.ts';
import { findRefund, insertRefund, type RefundRow } from './sql/insert-refund.ts';
import { linesOfOrder, type OrderLine } from './sql/lines-of-order.ts';
import { viewOrder } from './view-order.ts';
import { requireWholeRefund } from './whole-pieces.ts';

type Refunded = { order: OrderView; isReplay: boolean };

/**
 * Gives back all that is left of a bill, or some of its lines, with the tax that they were sold with, under a number of
 * the shop's own series of credit notes. The same id and body again give the same refund. Throws `order_closed`,
 * `refund_conflict`, `refund_too_large`, `invalid_request`, `invalid_payment`, and `version_conflict` where it would not be what
 * somebody `agreed` to.
 */
export async function refundOrder(
  context: Context,
  shopId: string,
  orderId: string,
  body: NewRefund,
  agreed?: RefundPreview,
): Promise<Refunded> {
  const requestHash = requestHashOf(body);
  try {
    return await transact(context, (tx) => refund(tx, { shopId, orderId, body, requestHash, agreed }));
  } catch (error) {
    // The same id came for two bills at once, and the other one was first.
    if (isUniqueViolation(error, 'refunds_pkey')) throw takenRefundId();
    throw error;
  }
}

/** What a refund would give back, and by which methods; `shiftId` is the open shift whose drawer cash would come out of. */
export type RefundPreview = Pick<DecidedRefund, 'payments' | 'paidOutMinor'> & {
  totalMinor: number;
  shiftId: string | null;
};

/** What `refundOrder` would do, without doing it; null where this refund is there already. Throws as it does. */
export async function previewRefund(
  context: Context,
  shopId: string,
  orderId: string,
  body: NewRefund,
): Promise<RefundPreview | null> {
  return await transact(context, async (tx) => {
    if (await findRefund(tx.em, body.id)) return null;
    const { row } = await decide(tx, await findOrder(tx.em, shopId, orderId, true), body);
    return previewOf(row, await lockOpenShift(tx.em, shopId, deviceOf(tx.actor)));
  });
}

const previewOf = <P>(
  { payments, paidOutMinor, totalMinor }: { payments: P; paidOutMinor: number; totalMinor: number },
  shiftId: string | null,
) => ({ payments, paidOutMinor, totalMinor, shiftId });

const takenRefundId = () =>
  fieldProblem('refund_conflict', '/id', 'belongs to another refund; a new refund needs a new id');

type Asked = {
  shopId: string;
  orderId: string;
  body: NewRefund;
  requestHash: string;
  agreed: RefundPreview | undefined;
};

const changedMeanwhile = () =>
  new ProblemError('version_conflict', {
    detail: 'The bill or the drawer changed meanwhile. Nothing was refunded: look again.',
  });

async function refund(
  tx: Transaction,
  { shopId, orderId, body, requestHash, agreed }: Asked,
): Promise<Refunded> {
  const parts = await findOrder(tx.em, shopId, orderId, true);
  const earlier = await findRefund(tx.em, body.id);
  if (earlier) {
    if (earlier.orderId !== orderId || earlier.requestHash !== requestHash) throw takenRefundId();
    return { order: viewOrder(parts), isReplay: true };
  }
  const { lines, row: priced } = await decide(tx, parts, body);
  const { isBeyondPaid, ...row } = priced;
  // Whoever lets a method give back more than was paid by it stands in the audit for it.
  const approvedBy = isBeyondPaid ? personOf(tx.actor) : null;
  const kept = approvedBy === null ? null : { approvedBy };
  return {
    order: await giveBack(tx, parts, lines, { ...row, requestHash }, { kept, agreed }),
    isReplay: false,
  };
}

/** The lines that come back, and the refund as it is written. */
async function decide(tx: Transaction, parts: OrderParts, body: NewRefund) {
  const { order } = parts;
  // Allowed whether the order's day is closed or not: a credit note is of today.
  requireAllowed(parts, 'refund', false);
  const lines = takeLines(await linesOfOrder(tx.em, order.shopId, order.id), body, order.orderNumber);
  requireWholeRefund(lines, order.items, body);
  return { lines, row: await priceRow(tx, parts, lines, body) };
}

/** A line of the bill, what came back of it before, and what comes back now. */
type TakenLine = OrderLine & { quantityMilli: number; returnedMilli: number; takeMilli: number };

function takeLines(stored: OrderLine[], { lines: wanted }: NewRefund, orderNumber: string): TakenLine[] {
  const wholly = stored.map(({ id, quantity, returned }) => ({
    lineId: id,
    quantity: (parseMilli(quantity) as number) - (parseMilli(returned) as number),
  }));
  const takes = wanted ?? wholly;
  takes.forEach(({ lineId }, index) => {
    if (!stored.some(({ id }) => id === lineId))
      throw fieldProblem('invalid_request', `/lines/${index}/lineId`, 'is not a line of this bill');
    if (takes.findIndex((take) => take.lineId === lineId) !== index)
      throw fieldProblem('invalid_request', `/lines/${index}/lineId`, 'stands twice');
  });
  const lines = stored.map((line) => ({
    ...line,
    quantityMilli: parseMilli(line.quantity) as number,
    returnedMilli: parseMilli(line.returned) as number,
    takeMilli: takes.find(({ lineId }) => lineId === line.id)?.quantity ?? 0,
  }));
  for (const line of lines) {
    const left = line.quantityMilli - line.returnedMilli;
    if (line.takeMilli <= left) continue;
    const index = takes.findIndex(({ lineId }) => lineId === line.id);
    const detail = `Of ${line.name} only ${left / 1000} can still be refunded.`;
    throw fieldProblem('refund_too_large', `/lines/${index}/quantity`, detail);
  }
  if (lines.every(({ takeMilli }) => takeMilli === 0)) {
    throw new ProblemError('refund_too_large', {
      detail: `All of bill ${orderNumber} was refunded already.`,
    });
  }
  return lines;
}

/** In whole amounts where the currency has no others, unless the order is of before that was held to. */
function priceLines(
  currency: string,
  { order, payments }: Pick<OrderParts, 'order' | 'payments'>,
  taken: TakenLine[],
) {
  const { refundedMinor, taxSplit } = order;
  // What cash was rounded by on a later day goes back with the last of the order, too.
  const totalMinor = order.totalMinor + paidRoundingMinor(payments);
  const lines = taken.map((line) => ({
    ...line,
    totalMinor: parseMinor(line.total) as number,
    taxMinor: parseMinor(line.tax) as number,
  }));
  const ofLines = lines.flatMap((line) => [line.totalMinor, line.taxMinor]);
  const digits = digitsOfOrder(currency, [totalMinor, refundedMinor, ...ofLines]);
  return { priced: priceRefund({ lines, totalMinor, taxSplit, refundedMinor, digits }), digits };
}

async function priceRow(tx: Transaction, parts: OrderParts, lines: TakenLine[], body: NewRefund) {
  const { order, settings } = parts;
  const { id, reason, restock } = body;
  const shop = await findShop(tx.em, order.shopId);
  requireWholeAmounts(shop.currency, NewRefund, body);
  const { priced, digits } = priceLines(shop.currency, parts, lines);
  const at = tx.app.now();
  const isLast = lines.every((line) => line.returnedMilli + line.takeMilli === line.quantityMilli);
  const decided = decideRefund(priced, parts, body, isLast);
  const businessDate = businessDateAt(at, shop);
  const fiscalYear = fiscalYearLabel(businessDate, settings.fiscalYearStart);
  const label = seriesLabel(await findEpoch(tx.em, order.shopId), fiscalYear);
  return {
    id,
    reason,
    restock,
    ...decided,
    businessDate,
    series: `C${label}`,
    numberPrefix: `${shop.code}/C${label}/`,
    at,
    lines: lines.flatMap((line, index) => {
      const share = priced.lines[index];
      if (!share || line.takeMilli === 0) return [];
      const costMinor = restock ? costBack(line, digits) : null;
      return [
        {
          lineNo: line.lineNo,
          quantity: formatMilli(line.takeMilli),
          tax: formatMinor(share.taxMinor),
          total: formatMinor(share.totalMinor),
          cost: costMinor === null ? null : formatMinor(costMinor),
        },
      ];
    }),
  };
}

/** What goods that go back on the shelf had cost, by difference as all shares of a line. */
function costBack({ recipe, returnedMilli, takeMilli }: TakenLine, digits: Digits): number | null {
  const cost = (quantityMilli: number) => costOf({ recipe: thawRecipe(recipe), quantityMilli }, digits);
  const after = cost(returnedMilli + takeMilli);
  return after === null ? null : after - (cost(returnedMilli) ?? 0);
}

async function giveBack(
  tx: Transaction,
  parts: OrderParts,
  lines: TakenLine[],
  row: Omit<RefundRow, 'shopId' | 'orderId' | 'cashierId' | 'shiftId' | 'orderType'>,
  { kept, agreed }: { kept: { approvedBy: string } | null; agreed: RefundPreview | undefined },
): Promise<OrderView> {
  const { em, actor } = tx;
  const { order } = parts;
  const { shopId, id: orderId, orderType } = order;
  const before = viewOrder(parts);
  order.refundedMinor += row.totalMinor;
  const loweredMinor = row.totalMinor - row.paidOutMinor;
  order.paymentStatus = paymentStatusOf(coveredMinor(parts) + loweredMinor, order.totalMinor);
  order.updatedAt = nextUpdatedAt(row.at, order);
  await em.flush();
  // Locks come in the order in which every change takes them: the bill, its stock, the shift, the shop's counters.
  if (row.restock) {
    const returned = stockReturned(lines.map((line) => ({ ...line, recipe: thawRecipe(line.recipe) })));
    const changes = returned.filter(({ quantityMilli }) => quantityMilli !== 0);
    const movement = {
      shopId,
      changes,
      reason: 'refund',
      orderId,
      refundId: row.id,
      actor,
      at: row.at,
      businessDate: row.businessDate,
    } as const;
    for (const event of await moveStock(em, movement)) tx.record({ shopId, ...event });
  }
  const shiftId = await lockOpenShift(em, shopId, deviceOf(actor));
  if (agreed && !isDeepStrictEqual(previewOf(row, shiftId), agreed)) throw changedMeanwhile();
  const cashierId = personOf(actor);
  await insertRefund(em, { ...row, shopId, orderId, orderType, cashierId, shiftId });
  const view = viewOrder(await findOrder(em, shopId, orderId));
  tx.record({ shopId, type: 'order_updated', data: view, before, ...(kept && { kept }) });
  return view;
}
