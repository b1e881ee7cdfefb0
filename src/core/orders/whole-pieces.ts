import { quantityFromMilli } from '../../contract/money.ts';
import type { Order as OrderView } from '../../contract/orders.ts';
import { invalidRequest } from '../../contract/parse.ts';
import type { Fault } from '../../contract/problem.ts';
import type { NewRefund } from '../../contract/refunds.ts';
import type { SoldBy } from '../../contract/sold-by.ts';
import type { BillLine } from './make-bill.ts';
import type { OrderLine } from './sql/lines-of-order.ts';

/** Pieces are whole: selling a tenth of a piece was a way round the discount limit. */
const isFraction = (quantityMilli: number) => quantityMilli % 1000 !== 0;

const fractionDetail = (quantityMilli: number, name: string) =>
  `is ${quantityFromMilli(quantityMilli)} of ${name}, which is sold by the piece; send a whole number, or have it sold by weight, volume or length`;

/** Throws `invalid_request` for each line of a new order that is a fraction of a piece. */
export function requireWholePieces(lines: BillLine[]): void {
  const faults = lines.flatMap(({ soldBy, quantityMilli, name }, index) => {
    if (soldBy !== 'piece' || !isFraction(quantityMilli)) return [];
    return [{ pointer: `/items/${index}/quantity`, detail: fractionDetail(quantityMilli, name) }];
  });
  if (faults.length > 0) throw invalidRequest(faults);
}

/** Flags an offline order instead of refusing it: its goods are gone already. */
export const fractionFlag = (soldBy: SoldBy, quantityMilli: number, name: string) =>
  soldBy === 'piece' && isFraction(quantityMilli)
    ? [
        {
          code: 'fraction_of_piece' as const,
          detail: `${quantityFromMilli(quantityMilli)} of ${name} was sold, which is sold by the piece.`,
        },
      ]
    : [];

type Edits = {
  items?: { id?: string | undefined; productId: string; quantity: number }[] | undefined;
  voidItems?: { id: string }[] | undefined;
};

/**
 * Throws `invalid_request` if an edit leaves another fraction of a piece on the order than before: whole numbers may be added
 * and taken off, and the fraction may go as a whole. A line from before products had `soldBy` uses its product's (`stored`).
 */
export function requireWholeEdit(
  before: BillLine[],
  after: BillLine[],
  { items = [], voidItems = [] }: Edits,
  stored: Pick<OrderLine, 'id' | 'soldBy'>[],
): void {
  const faults = after.flatMap((line): Fault[] => {
    const { id, productId, quantityMilli, name } = line;
    const soldBy = line.soldBy ?? stored.find((known) => known.id === id)?.soldBy;
    const was = before.find((known) => known.id === id)?.quantityMilli ?? 0;
    if (soldBy !== 'piece' || !isFraction(quantityMilli) || !isFraction(was - quantityMilli)) return [];
    const voided = voidItems.findIndex((each) => each.id === id);
    if (voided >= 0) {
      const detail = `would leave ${quantityFromMilli(quantityMilli)} of ${name}, which is sold by the piece; take off a whole number, or all of it`;
      return [{ pointer: `/voidItems/${voided}/quantity`, detail }];
    }
    const own = items.findIndex((each) => each.id === id);
    const added = items.findIndex(
      (each) => !each.id && each.productId === productId && each.quantity === quantityMilli,
    );
    const index = own >= 0 ? own : added;
    return [{ pointer: `/items/${index}/quantity`, detail: fractionDetail(quantityMilli, name) }];
  });
  if (faults.length > 0) throw invalidRequest(faults);
}

type TakenLine = Pick<OrderLine, 'id' | 'name' | 'soldBy'> & {
  quantityMilli: number;
  returnedMilli: number;
  takeMilli: number;
};

/** Throws `invalid_request` if a refund takes part of a piece. Whole pieces can be refunded, or all that is left. */
export function requireWholeRefund(
  lines: TakenLine[],
  items: OrderView['items'],
  { lines: wanted = [] }: NewRefund,
): void {
  const faults = lines.flatMap(
    ({ id, name, soldBy: soldByNow, quantityMilli, returnedMilli, takeMilli }): Fault[] => {
      const soldBy = items.find((each) => each.id === id)?.soldBy ?? soldByNow;
      const leftMilli = quantityMilli - returnedMilli - takeMilli;
      if (soldBy !== 'piece' || !isFraction(takeMilli) || !isFraction(leftMilli)) return [];
      const detail = `is ${quantityFromMilli(takeMilli)} of ${name}, which was sold by the piece; give back a whole number, or all that is left of it`;
      const index = wanted.findIndex(({ lineId }) => lineId === id);
      return [{ pointer: `/lines/${index}/quantity`, detail }];
    },
  );
  if (faults.length > 0) throw invalidRequest(faults);
}
