import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../../database/query.ts';

/** The tables and columns by which reports find their day. */
const DATED = [
  ['orders', 'business_date'],
  ['payments', 'business_date'],
  ['payments', 'returned_on'],
  ['refunds', 'business_date'],
  ['voids', 'business_date'],
  ['shifts', 'business_date'],
  ['stock_movements', 'business_date'],
] as const;

const HAS_BUSINESS = `SELECT ${DATED.map(
  ([table, column]) => `EXISTS (SELECT FROM ${table} WHERE shop_id = $1 AND ${column} >= $2::date)`,
).join(' OR ')} AS "hasBusiness"`;

/** Whether the shop has anything that a report of this business date or of a later one shows. */
export async function hasBusinessSince(em: EntityManager, shopId: string, date: string): Promise<boolean> {
  return (await queryRow<{ hasBusiness: boolean }>(em, HAS_BUSINESS, [shopId, date])).hasBusiness;
}
