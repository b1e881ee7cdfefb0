import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { MasterKeyPlace } from '../../config.ts';
import { query } from '../../database/query.ts';
import { insertKey, lockKeys, newKey, readKeyRows, tryLockKeys } from './key-rows.ts';
import { type Purpose, purposes } from './keys.ts';
import { makeMasterKey, promoteNextKey, WrongKeyError } from './master-key.ts';
import { findMasterKey, type Ring, ringOf } from './ring.ts';

/** Who reads while the master key is changed may see the rows before and the file after it, for some milliseconds. */
const TRIES = 4;
const PAUSE_MS = 50;

/** The keys as they are now. Throws WrongKeyError, ConfigError. */
export async function readKeys(em: EntityManager, place: MasterKeyPlace, known: Ring): Promise<Ring> {
  for (let tried = 1; ; tried += 1) {
    try {
      return ringOf(await readKeyRows(em), place, known);
    } catch (error) {
      if (!(error instanceof WrongKeyError) || tried === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/**
 * Makes the keys that are not there: all of them in a new database, with the master key's own file, or those of a new
 * purpose. Of two processes at once, one makes them. Throws WrongKeyError, ConfigError.
 */
export async function makeMissingKeys(em: EntityManager, place: MasterKeyPlace, now: Date): Promise<void> {
  await em.transactional(async (tx) => {
    await lockKeys(tx);
    const rows = await readKeyRows(tx);
    const there = new Set(rows.filter(({ retiredAt }) => !retiredAt).map(({ purpose }) => purpose));
    const missing = purposes.filter((purpose) => !there.has(purpose));
    if (missing.some((purpose) => FOR_CUSTOMERS.has(purpose))) await refuseIfSealed(tx);
    const master = rows.length === 0 ? makeMasterKey(place) : findMasterKey(rows, place).key;
    for (const purpose of missing) await insertKey(tx, newKey(master, purpose, now));
  });
}

const FOR_CUSTOMERS = new Set<Purpose>(['customer', 'customer-lookup']);

/** With new keys, what was sealed with those that are gone would look as if it had been tampered with, one by one. */
async function refuseIfSealed(em: EntityManager): Promise<void> {
  const [sealed] = await query(em, 'SELECT FROM customers WHERE phone_sealed IS NOT NULL LIMIT 1');
  if (!sealed) return;
  throw new WrongKeyError(
    'Keys are gone from the table "keys", and customers are encrypted with them. Restore the database from a backup. Nothing was changed.',
  );
}

/** Ends a change of the master key that a crash cut off between the commit and the file's new name. */
export async function finishChange(em: EntityManager, place: MasterKeyPlace): Promise<void> {
  if ('text' in place || !place.isOurs) return;
  await em.transactional(async (tx) => {
    // Somebody is at it just now.
    if (!(await tryLockKeys(tx))) return;
    if (findMasterKey(await readKeyRows(tx), place).isNext) promoteNextKey(place.path);
  });
}
