import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

/**
 * The open shift whose drawer a device's cash goes into: its own, else the shop's main drawer (no device), else the one
 * that is open where there is one alone, for the money of a waiter's tablet or a manager's phone lies there too. None
 * otherwise: it can't be told which. The row is locked until the commit, so that a shift can't be counted while money
 * goes into it. `shop` and `device` are SQL expressions.
 */
export const openShiftOf = (shop: string, device: string) => `
  SELECT id FROM shifts
  WHERE shop_id = ${shop} AND closed_at IS NULL AND (device_id = ${device} OR device_id IS NULL
    OR (SELECT count(*) FROM shifts WHERE shop_id = ${shop} AND closed_at IS NULL) = 1)
  ORDER BY coalesce(device_id = ${device}, false) DESC, device_id NULLS FIRST LIMIT 1 FOR SHARE`;

const LOCK_OPEN_SHIFT = openShiftOf('$1', '$2::text');

/** Its id; see `openShiftOf`. Inside a transaction. */
export async function lockOpenShift(
  em: EntityManager,
  shopId: string,
  deviceId: string | null,
): Promise<string | null> {
  const [row] = await query<{ id: string }>(em, LOCK_OPEN_SHIFT, [shopId, deviceId]);
  return row?.id ?? null;
}
