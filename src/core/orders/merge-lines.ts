import type { Digits } from '../../contract/currencies.ts';
import { parseMinor } from '../../contract/money.ts';
import type { LineVoid, NewLine, OrderChange, Order as OrderView } from '../../contract/orders.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { mulDivHalfUp } from '../../pricing/index.ts';
import type { StockChange } from '../inventory/sql/move-stock.ts';
import { roundMinor } from '../shops/whole-amounts.ts';
import { stockReturned } from './line-stock.ts';
import type { BillLine } from './make-bill.ts';
import { resolveLines } from './resolve-lines.ts';
import type { Void } from './sql/insert-voids.ts';
import type { SaleProduct } from './sql/load-for-sale.ts';

/** Why a line's quantity went down when nobody said so. */
const REDUCED = 'Quantity reduced';

/** A void without the decision whether its goods go back to stock; `stock` is what would. */
type LineVoided = Omit<Void, 'restock' | 'wasted'> & { restock: boolean | undefined; stock: StockChange[] };

export type Merged = { lines: BillLine[]; voids: LineVoided[]; isAdded: boolean };

type Edits = Pick<OrderChange, 'items' | 'voidItems'>;

/**
 * What of a change is still to be done when it may have been sent before: a void whose id is known is done, and so is
 * whatever names a line that was taken off since, for a line that is gone doesn't come back by a retry.
 */
export function withoutDone(
  { items, voidItems }: Edits,
  done: { id: string; lineId: string }[],
  frozen: BillLine[],
): Edits {
  const isGone = (lineId: string | undefined) =>
    done.some((known) => known.lineId === lineId) && !frozen.some(({ id }) => id === lineId);
  return {
    items: items?.filter(({ id }) => !isGone(id)),
    voidItems: voidItems?.filter(
      ({ id, voidId }) => !isGone(id) && !done.some((known) => known.id === voidId),
    ),
  };
}

/**
 * Brings changed, new and voided lines into a bill by their ids. Lines that the change doesn't name stay as they are, so
 * two tills that work on one bill each keep what the other did. What goes down is a void, whichever way it was sent.
 * Throws `unknown_product`, `invalid_request`.
 */
export function mergeLines(
  frozen: BillLine[],
  { items = [], voidItems = [] }: Edits,
  products: SaleProduct[],
  billed: OrderView['items'],
  digits: Digits,
): Merged {
  const sent = new Map(resolveLines(items, products, frozen).map((line) => [line.id, line]));
  checkGoods(items, frozen);
  const reasons = new Map<string, LineVoid>();
  const kept = frozen.map((line) => sent.get(line.id) ?? line);
  const added = [...sent.values()].filter((line) => !frozen.some(({ id }) => id === line.id));
  const lines = [...kept, ...added];
  for (const [index, voided] of voidItems.entries()) {
    if (reasons.has(voided.id)) {
      const detail = 'stands twice: take off one after the other, in requests of their own';
      throw fieldProblem('invalid_request', `/voidItems/${index}/id`, detail);
    }
    if (sent.has(voided.id)) {
      const detail = 'is changed in items too: send the one or the other';
      throw fieldProblem('invalid_request', `/voidItems/${index}/id`, detail);
    }
    applyVoid(lines, voided, index);
    reasons.set(voided.id, voided);
  }
  const left = lines.filter((line) => line.quantityMilli > 0);
  if (left.length === 0) {
    throw fieldProblem('invalid_request', '/voidItems', 'leave nothing on the bill; void the bill itself');
  }
  const voids = frozen.flatMap((line) => {
    const after = left.find(({ id }) => id === line.id)?.quantityMilli ?? 0;
    if (after >= line.quantityMilli) return [];
    const { reason = REDUCED, voidId, restock } = reasons.get(line.id) ?? {};
    const quantityMilli = line.quantityMilli - after;
    // By difference, as stock is returned: the line's amount before less its amount after.
    const stock = stockReturned([{ ...line, returnedMilli: after, takeMilli: quantityMilli }]);
    return [{ id: voidId, reason, restock, stock, ...voidOf(line, quantityMilli, billed, digits) }];
  });
  return { lines: left, voids, isAdded: added.length > 0 };
}

/** A line's id stays with its goods: what was sold under it must not turn into something else. */
function checkGoods(items: NewLine[], frozen: BillLine[]): void {
  for (const [index, line] of items.entries()) {
    const known = frozen.find(({ id }) => id === line.id);
    if (!known) continue;
    if (known.productId === line.productId && known.variantId === (line.variantId ?? null)) continue;
    throw fieldProblem(
      'invalid_request',
      `/items/${index}/id`,
      `is ${known.name} on this bill; void it and add a new line`,
    );
  }
}

/** Takes from the line in place; a line that is gone keeps a quantity of 0 until the caller drops it. */
function applyVoid(lines: BillLine[], { id, quantity }: LineVoid, index: number): void {
  const place = lines.findIndex((line) => line.id === id);
  const line = lines[place];
  if (!line || line.quantityMilli === 0) {
    throw fieldProblem('invalid_request', `/voidItems/${index}/id`, 'is not a line of this bill');
  }
  const taken = quantity ?? line.quantityMilli;
  if (taken > line.quantityMilli) {
    const detail = `is more than the ${line.quantityMilli / 1000} of ${line.name} on the bill`;
    throw fieldProblem('invalid_request', `/voidItems/${index}/quantity`, detail);
  }
  lines[place] = { ...line, quantityMilli: line.quantityMilli - taken };
}

function voidOf(
  line: BillLine,
  quantityMilli: number,
  billed: OrderView['items'],
  digits: Digits,
): Omit<Void, 'id' | 'reason' | 'restock' | 'wasted'> {
  const item = billed.find(({ id }) => id === line.id);
  const totalMinor = parseMinor(item?.total ?? '0') as number;
  return {
    lineId: line.id,
    name: line.name,
    variantName: line.variantName,
    quantityMilli,
    amountMinor: roundMinor(mulDivHalfUp(totalMinor, quantityMilli, line.quantityMilli), digits),
  };
}
