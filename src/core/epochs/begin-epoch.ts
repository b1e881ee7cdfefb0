import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { patiently, query } from '../../database/query.ts';
import { readKeptHead } from '../audit/kept-heads.ts';
import { INSTALLATION, recordedActor, recordSecurity } from '../audit/record-security.ts';
import { type RestoredBackup, type RestoreReason, signRestore } from '../audit/restores.ts';
import type { EndReason } from '../auth/session.entity.ts';
import type { Context } from '../context.ts';
import { type Epoch, labelsOf, yearsAround } from './series-label.ts';

export type NewEpochs = {
  reason: RestoreReason;
  /** The restored backup, if known. */
  backup: RestoredBackup | null;
  /** Changes since then are lost: for a restore, since the backup was made; for an undo, since that restore. */
  lostSince?: Date | null;
  /** Makes epoch ids; random by default. */
  newId?: () => string;
};

/** Reading the labels of ten years of orders takes some seconds; the usual limit is milliseconds, for an order. */
const SET_TIMEOUT = "SET LOCAL statement_timeout = '10min'";
const TIMEOUT_MS = 10 * 60_000 + 2_000;
/** With a thousand known labels, a new id collides with odds of 1 to 4. */
const MAX_TRIES = 100;
/** A collision in the current years is worse than all in later ones. */
const SOON_WEIGHT = 1_000;

// Other writers to these shops wait for the commit; there should be none.
const LOCK_HEADS = `
  SELECT shop_id AS "shopId", epoch FROM shop_heads ORDER BY shop_id FOR UPDATE`;

const KNOWN_LABELS = `
  SELECT DISTINCT split_part(order_number, '/', 2) AS label FROM orders WHERE shop_id = $1
  UNION SELECT label FROM number_leases WHERE shop_id = $1
  UNION SELECT jsonb_object_keys(series) FROM shop_heads WHERE shop_id = $1`;

const LATER_EPOCHS = `
  SELECT epoch AS id, false AS "isFirst" FROM shop_epochs WHERE shop_id = $1 AND reason <> 'opened'`;

const INSERT_EPOCH = `
  WITH head AS (SELECT series FROM shop_heads WHERE shop_id = $1), begun AS (
    INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason, backup_id, backup_made_at, series)
    SELECT $1, $2, (SELECT max(number) + 1 FROM shop_epochs WHERE shop_id = $1), $3, $4, $5, $6, series FROM head
  )
  UPDATE shop_heads SET epoch = $2 WHERE shop_id = $1`;

const END_SESSIONS = 'UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL';
const USE_UP_CODES = 'UPDATE pairing_codes SET used_at = $1 WHERE used_at IS NULL';

/**
 * Begins a new epoch in every shop of a migrated database that was restored or put back, before any server runs on it.
 * Invalidates earlier feed positions, starts new number series, ends all sessions, uses up open pairing codes, and records a
 * signed `restored` in each audit chain. Counts of wrong PINs stay. All in one transaction. Reads this machine's chain head
 * files in `app.config.home`; `setHeadsAside` moves them once the database is in use.
 */
export async function beginEpoch(
  {
    app,
    em,
    actor,
  }: Pick<Context, 'em' | 'actor'> & { app: Pick<Context['app'], 'config' | 'now' | 'keys'> },
  { reason, backup, lostSince = backup?.madeAt ?? null, newId = randomUUID }: NewEpochs,
): Promise<{ shopId: string; epoch: string }[]> {
  const at = app.now();
  const begin = async (tx: EntityManager) => {
    await query(tx, SET_TIMEOUT);
    const heads = await query<{ shopId: string }>(tx, LOCK_HEADS);
    const begun: { shopId: string; epoch: string }[] = [];
    for (const { shopId } of heads) {
      const epoch = await freeEpoch(tx, shopId, at, newId);
      const { id, madeAt } = backup ?? { id: null, madeAt: null };
      await query(tx, INSERT_EPOCH, [shopId, epoch, at, reason, id, madeAt]);
      begun.push({ shopId, epoch });
    }
    await query(tx, END_SESSIONS, [at, 'restored' satisfies EndReason]);
    await query(tx, USE_UP_CODES, [at]);
    for (const { shopId, epoch } of [...begun, { shopId: null, epoch: null }]) {
      const chainId = shopId ?? INSTALLATION;
      const kept = await readKeptHead(app.config.home, chainId);
      const lost = kept === 'unreadable' ? null : kept;
      const restoring = { chainId, at, reason, backup, lostSince, epoch, lost };
      const details = await signRestore({ app, em: tx }, restoring);
      await recordSecurity(tx, { type: 'restored', shopId, at, ...recordedActor(actor), details });
    }
    return begun;
  };
  return await patiently(TIMEOUT_MS, () => em.fork().transactional(begin));
}

/**
 * Finds an epoch id whose labels are not in the shop's records and can't have been given. If the records are flooded with
 * labels, takes the one of a hundred ids with the fewest collisions, current years weighing most.
 */
async function freeEpoch(em: EntityManager, shopId: string, at: Date, newId: () => string): Promise<string> {
  const rows = await query<{ label: string }>(em, KNOWN_LABELS, [shopId]);
  const earlier = await query<Epoch>(em, LATER_EPOCHS, [shopId]);
  const known = new Set(rows.map(({ label }) => label));
  const soon = yearsAround(at);
  // Numbers that they gave after the backup are in no record.
  for (const epoch of earlier) for (const label of labelsOf(epoch, soon)) known.add(label);
  const countKnown = (labels: string[]) => labels.filter((label) => known.has(label)).length;
  let best = { id: '', met: Number.POSITIVE_INFINITY };
  for (let tries = 0; tries < MAX_TRIES && best.met > 0; tries += 1) {
    const epoch = { id: newId(), isFirst: false };
    const met = countKnown(labelsOf(epoch)) + SOON_WEIGHT * countKnown(labelsOf(epoch, soon));
    if (met < best.met) best = { id: epoch.id, met };
  }
  return best.id;
}
