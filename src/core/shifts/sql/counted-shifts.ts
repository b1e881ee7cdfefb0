import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

const SELECT_SHIFTS = `
  SELECT id, closed_at IS NOT NULL AS "isCounted" FROM shifts WHERE shop_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id`;

/**
 * The ids of those shifts that are counted, of the shifts that orders or payments belong to. With `lock`, inside a
 * transaction, the others can't be counted before the commit.
 */
export async function findCountedShifts(
  em: EntityManager,
  shopId: string,
  belonging: readonly { shiftId?: string | null | undefined }[],
  { lock }: { lock: boolean },
): Promise<Set<string>> {
  const ids = [...new Set(belonging.flatMap(({ shiftId }) => shiftId ?? []))];
  if (ids.length === 0) return new Set();
  const statement = lock ? `${SELECT_SHIFTS} FOR SHARE` : SELECT_SHIFTS;
  const rows = await query<{ id: string; isCounted: boolean }>(em, statement, [shopId, ids]);
  return new Set(rows.flatMap(({ id, isCounted }) => (isCounted ? [id] : [])));
}
