import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';
import type { Epoch } from './series-label.ts';

export const FIND_EPOCH = `
  SELECT e.epoch AS id, e.reason = 'opened' AS "isFirst"
  FROM shop_heads h JOIN shop_epochs e USING (shop_id, epoch) WHERE h.shop_id = $1`;

/** A shop's current epoch. It changes only while no server runs. */
export const findEpoch = (em: EntityManager, shopId: string): Promise<Epoch> =>
  queryRow<Epoch>(em, FIND_EPOCH, [shopId]);

const LAST_RESTORE = "SELECT max(began_at) AS at FROM shop_epochs WHERE reason IN ('restored', 'undone')";

/** When the installation was last restored from a backup, or a restore was undone; null for never. */
export async function findLastRestore(em: EntityManager): Promise<Date | null> {
  const { at } = await queryRow<{ at: string | null }>(em, LAST_RESTORE);
  return at === null ? null : new Date(at);
}
