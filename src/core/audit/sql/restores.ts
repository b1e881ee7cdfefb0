import type { EntityManager } from '@mikro-orm/postgresql';
import { query, queryRow } from '../../../database/query.ts';

export type RestoreRow = { seq: number; at: string; details: unknown };

const RESTORES = `
  SELECT seq::float8 AS seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, details
  FROM security_log WHERE chain_id = $1 AND type = 'restored' ORDER BY seq`;

/** All `restored` records of a chain, signatures not verified. */
export const restoresOf = (em: EntityManager, chainId: string) => query<RestoreRow>(em, RESTORES, [chainId]);

const NEXT_LOG_SEQ = 'SELECT (log_seq + 1)::float8 AS next FROM audit_chains WHERE id = $1 FOR NO KEY UPDATE';

/** The next row number of a chain's log, locked until the commit. */
export async function nextLogSeq(em: EntityManager, chainId: string): Promise<number> {
  return (await queryRow<{ next: number }>(em, NEXT_LOG_SEQ, [chainId])).next;
}
