import type { EntityManager } from '@mikro-orm/postgresql';
import { query, queryRow } from '../../database/query.ts';
import type { Context } from '../context.ts';
import {
  hashRecord,
  hashSeal,
  NO_HASH,
  packRecords,
  type Seal,
  type SealedRecord,
  type SealKeys,
  signedBytes,
} from './seal.ts';
import { type AuditRows, MAX_ROWS, type RecordKind, recordsAfter } from './sql/read-records.ts';
import { insertSeal, lastSeal } from './sql/seals.ts';

/** Nothing new; somebody else is at it; or the seal that was made. */
export type Sealing = { kind: 'nothing' | 'busy' } | { kind: 'sealed'; seal: Seal };

// No row of the chain's own: who writes to the security log holds that one, and would wait for the sealer.
const TAKE_CHAIN = 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken';

/**
 * Seals what came to a chain since its last seal, at most so much as one seal holds. The commits of a shop's events and of
 * its log are in the order of their seq: whoever reads on from the last seal misses none.
 */
export async function sealChain({ app, em }: Pick<Context, 'app' | 'em'>, chainId: string): Promise<Sealing> {
  return await em.fork().transactional(async (tx) => {
    const { taken } = await queryRow<{ taken: boolean }>(tx, TAKE_CHAIN, [`smoocho audit ${chainId}`]);
    if (!taken) return { kind: 'busy' };
    const last = await lastSeal(tx, chainId);
    const sealedAt = app.now().toISOString().replace('Z', '000Z');
    const events = await recordsAfter(tx, chainId, 'event', last?.eventSeq ?? 0);
    const left = MAX_ROWS - events.rows.length;
    const log = await recordsAfter(tx, chainId, 'log', last?.logSeq ?? 0, left);
    if (events.rows.length + log.rows.length === 0) return { kind: 'nothing' };
    const seal = makeSeal(app.keys, chainId, last, { events, log, sealedAt });
    await insertSeal(tx, chainId, seal);
    return { kind: 'sealed', seal };
  });
}

type Found = { events: AuditRows; log: AuditRows; sealedAt: string };

function makeSeal(keys: SealKeys, chainId: string, last: Seal | null, found: Found): Seal {
  const { events, log, sealedAt } = found;
  const hashed = (kind: RecordKind, { rows }: AuditRows): SealedRecord[] =>
    rows.map((row) => ({ kind, seq: row.seq, hash: hashRecord(chainId, kind, row) }));
  const sealed = {
    sealNo: (last?.sealNo ?? 0) + 1,
    eventSeq: events.rows.at(-1)?.seq ?? last?.eventSeq ?? 0,
    logSeq: log.rows.at(-1)?.seq ?? last?.logSeq ?? 0,
    isAll: events.isAll && log.isAll,
    sealedAt,
    records: packRecords([...hashed('event', events), ...hashed('log', log)]),
  };
  const hash = hashSeal(last?.hash ?? NO_HASH, chainId, sealed);
  return { ...sealed, hash, ...keys.sign(signedBytes(hash)) };
}

const UNSEALED = `
  SELECT c.id FROM audit_chains c
  LEFT JOIN shop_heads h ON h.shop_id = c.id
  LEFT JOIN LATERAL (
    SELECT event_seq, log_seq FROM audit_seals WHERE chain_id = c.id ORDER BY seal_no DESC LIMIT 1
  ) last ON true
  WHERE h.seq > coalesce(last.event_seq, 0) OR c.log_seq > coalesce(last.log_seq, 0)
  ORDER BY c.id`;

/** The chains to which something came since their last seal. */
export const unsealedChains = async (em: EntityManager): Promise<string[]> =>
  (await query<{ id: string }>(em, UNSEALED)).map(({ id }) => id);
