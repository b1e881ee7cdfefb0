import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import type { Seal } from '../seal.ts';

// None of these is ever null, unless somebody took the constraints away: that is a seal which was changed, and no fault of ours.
const COLUMNS = `
  seal_no::float8 AS "sealNo", event_seq::float8 AS "eventSeq", log_seq::float8 AS "logSeq", coalesce(is_all, false) AS "isAll",
  coalesce(records, '') AS records, coalesce(hash, '') AS hash, coalesce(key_id, '') AS "keyId",
  coalesce(signature, '') AS signature, to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "sealedAt"`;

const LAST = `SELECT ${COLUMNS} FROM audit_seals WHERE chain_id = $1 ORDER BY seal_no DESC LIMIT 1`;

const AFTER = `
  SELECT ${COLUMNS} FROM audit_seals WHERE chain_id = $1 AND seal_no > $2 ORDER BY seal_no LIMIT $3`;

const HASH_OF = 'SELECT hash FROM audit_seals WHERE chain_id = $1 AND seal_no = $2';

const INSERT = `
  INSERT INTO audit_seals (chain_id, seal_no, event_seq, log_seq, is_all, sealed_at, records, hash, key_id, signature)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

export async function lastSeal(em: EntityManager, chainId: string): Promise<Seal | null> {
  const [seal] = await query<Seal>(em, LAST, [chainId]);
  return seal ?? null;
}

/** In order, at most `limit`. */
export const sealsAfter = (em: EntityManager, chainId: string, sealNo: number, limit: number) =>
  query<Seal>(em, AFTER, [chainId, sealNo, limit]);

export async function sealHash(em: EntityManager, chainId: string, sealNo: number): Promise<string | null> {
  const [row] = await query<{ hash: Buffer }>(em, HASH_OF, [chainId, sealNo]);
  return row?.hash.toString('hex') ?? null;
}

export async function insertSeal(em: EntityManager, chainId: string, seal: Seal): Promise<void> {
  const { sealNo, eventSeq, logSeq, isAll, sealedAt, records, hash, keyId, signature } = seal;
  const row = [chainId, sealNo, eventSeq, logSeq, isAll, sealedAt, records, hash, keyId, signature];
  await query(em, INSERT, row);
}
