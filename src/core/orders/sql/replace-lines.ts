import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import type { LineStock } from '../make-bill.ts';
import type { Order } from '../order.entity.ts';
import { LINE_COLUMNS, linesOf } from './line-rows.ts';

const INSERT_LINES = `INSERT INTO order_lines ${LINE_COLUMNS} ${linesOf({
  items: '$3::jsonb',
  lineStock: '$7::jsonb',
  shopId: '$1::uuid',
  orderId: '$2::uuid',
  businessDate: '$4::date',
  isSold: '$5::boolean',
  taxSplit: '$6::text',
})}`;

type Bill = Pick<Order, 'id' | 'shopId' | 'businessDate' | 'status' | 'items' | 'taxSplit'>;

/** A bill counts in the reports unless it is parked or voided. */
const isSold = ({ status }: Bill) => status !== 'open' && status !== 'voided';

/** Writes the lines of a bill anew, as its frozen items have them. */
export async function replaceLines(em: EntityManager, bill: Bill, lineStock: LineStock[]): Promise<void> {
  await query(em, 'DELETE FROM order_lines WHERE shop_id = $1 AND order_id = $2', [bill.shopId, bill.id]);
  await query(em, INSERT_LINES, [
    bill.shopId,
    bill.id,
    JSON.stringify(bill.items),
    bill.businessDate,
    isSold(bill),
    bill.taxSplit,
    JSON.stringify(lineStock),
  ]);
}

const MARK_LINES = `
  UPDATE order_lines SET is_sold = $3 WHERE shop_id = $1 AND order_id = $2 AND is_sold <> $3`;

/** Lets the lines count, or not, as the bill's status says. */
export async function markLines(em: EntityManager, bill: Bill): Promise<void> {
  await query(em, MARK_LINES, [bill.shopId, bill.id, isSold(bill)]);
}
