import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

/** A chain that is there or should be: every shop's, and the installation's own, which has no shop. */
export type Chain = { id: string; shop: { code: string; name: string; timezone: string } | null };

const LIST = `
  SELECT coalesce(c.id, s.id) AS id,
    CASE WHEN s.id IS NOT NULL THEN json_build_object('code', s.code, 'name', s.name, 'timezone', s.timezone) END AS shop
  FROM audit_chains c FULL JOIN shops s ON s.id = c.id
  ORDER BY s.code NULLS FIRST`;

export const listChains = (em: EntityManager) => query<Chain>(em, LIST);

/** How far the counters of a chain are, and how many records it has; null where the counter's row is gone. */
export type Counters = { eventSeq: number | null; logSeq: number | null; records: number };

const COUNTERS = `
  SELECT (SELECT seq::float8 FROM shop_heads WHERE shop_id = $1) AS "eventSeq",
    (SELECT log_seq::float8 FROM audit_chains WHERE id = $1) AS "logSeq",
    ((SELECT count(*) FROM events WHERE shop_id = $1) + (SELECT count(*) FROM security_log WHERE chain_id = $1))::float8
      AS records`;

export async function readCounters(em: EntityManager, chainId: string): Promise<Counters> {
  const [counters] = await query<Counters>(em, COUNTERS, [chainId]);
  if (!counters) throw new Error('A row of counts is always there.');
  return counters;
}

const Z_HEADS = `
  SELECT z_number AS "zNumber", report->>'auditHead' AS head FROM shifts
  WHERE shop_id = $1 AND report->>'auditHead' IS NOT NULL ORDER BY z_number`;

/** The heads that stand in the Z reports of a shop. */
export const headsOfReports = (em: EntityManager, shopId: string) =>
  query<{ zNumber: number; head: string }>(em, Z_HEADS, [shopId]);
