import type { EntityManager } from '@mikro-orm/postgresql';
import type { OrderStatus, Order as OrderView } from '../../../contract/orders.ts';
import { query } from '../../../database/query.ts';
import { LINE_COLUMNS, linesOf } from './line-rows.ts';

const INSERT_LINES = `INSERT INTO order_lines ${LINE_COLUMNS} ${linesOf({
  items: '$3::jsonb',
  shopId: '$1::uuid',
  orderId: '$2::uuid',
  businessDate: '$4::date',
  isSold: '$5::boolean',
})}`;

type Bill = {
  id: string;
  shopId: string;
  businessDate: string;
  status: OrderStatus;
  items: OrderView['items'];
};

/** A bill counts in the reports unless it is parked or voided. */
const isSold = ({ status }: Bill) => status !== 'open' && status !== 'voided';

/** Writes the lines of a bill anew, as its frozen items have them. */
export async function replaceLines(em: EntityManager, bill: Bill): Promise<void> {
  await query(em, 'DELETE FROM order_lines WHERE shop_id = $1 AND order_id = $2', [bill.shopId, bill.id]);
  const items = JSON.stringify(bill.items);
  await query(em, INSERT_LINES, [bill.shopId, bill.id, items, bill.businessDate, isSold(bill)]);
}

const MARK_LINES = `
  UPDATE order_lines SET is_sold = $3 WHERE shop_id = $1 AND order_id = $2 AND is_sold <> $3`;

/** Lets the lines count, or not, as the bill's status says. */
export async function markLines(em: EntityManager, bill: Bill): Promise<void> {
  await query(em, MARK_LINES, [bill.shopId, bill.id, isSold(bill)]);
}
