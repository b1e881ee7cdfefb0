import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';

// Letters are given for ever: what a device had before it came to the end of them stays with its leases.
const LAST_SERIES = `
  SELECT series FROM (
    SELECT series FROM devices WHERE shop_id = $1 AND series IS NOT NULL
    UNION ALL
    SELECT series FROM number_leases WHERE shop_id = $1
  ) given
  ORDER BY length(series) DESC, series COLLATE "C" DESC LIMIT 1`;

/**
 * Devices of one shop get their letters one after the other. The row is held after the device's own, and nothing is waited
 * for after it, so that no two wait for each other; sales don't need it, as they need the counter row.
 */
const LOCK_SHOP = 'SELECT FROM shops WHERE id = $1 FOR NO KEY UPDATE';

/** The next letters that no device of the shop has had; undefined when all 702 are given. Locks until the commit. */
export async function nextFreeSeries(em: EntityManager, shopId: string): Promise<string | undefined> {
  await query(em, LOCK_SHOP, [shopId]);
  const [last] = await query<{ series: string }>(em, LAST_SERIES, [shopId]);
  return seriesAfter(last?.series);
}

const A = 'A'.charCodeAt(0);
const LETTERS = 26;

/** A, B … Z, AA, AB … ZZ. */
export function seriesAfter(last: string | undefined): string | undefined {
  if (last === undefined) return 'A';
  const letters = [...last].map((letter) => letter.charCodeAt(0) - A);
  const place = letters.findLastIndex((letter) => letter < LETTERS - 1);
  const next = letters.map((letter, i) => (i < place ? letter : i === place ? letter + 1 : 0));
  const grown = place < 0 ? [0, ...next] : next;
  return grown.length > 2 ? undefined : String.fromCharCode(...grown.map((letter) => A + letter));
}
