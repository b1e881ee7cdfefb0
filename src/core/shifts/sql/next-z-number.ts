import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const NEXT_Z_NUMBER = `
  UPDATE shop_heads SET series = series || jsonb_build_object('Z', coalesce((series->>'Z')::int, 0) + 1)
  WHERE shop_id = $1 RETURNING (series->>'Z')::int AS number`;

/** The next number of the shop's Z reports. Its row stays locked until the commit, so that none is left out. */
export async function nextZNumber(em: EntityManager, shopId: string): Promise<number> {
  const [row] = await query<{ number: number }>(em, NEXT_Z_NUMBER, [shopId]);
  if (!row) throw new Error(`Shop ${shopId} has no counters.`);
  return row.number;
}
