import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { EntityManager } from '@mikro-orm/postgresql';
import { ConfigError } from '../../config.ts';
import { query } from '../../database/query.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { type Context, eventActor } from '../context.ts';
import { insertKey, type KeyRow, lockKeys, newKey, readKeyRows, unwrapKey, wrapKey } from './key-rows.ts';
import { RETIRED_TOKEN_KEY_MS } from './keyring.ts';
import { makeKeyFile, makeNextKey, promoteNextKey, readKeyFile } from './master-key.ts';
import { mayHaveOtherMachines } from './other-machines.ts';
import { findMasterKey } from './ring.ts';

/** What signs is replaced; what fields and PINs were sealed or hashed with stays, and is wrapped anew. */
const ROTATED = ['token', 'audit'] as const;

/** What is changed: the keys of tokens and seals, the master key's file, or both. */
export type Part = 'keys' | 'master-key' | 'both';

export type Rotated = {
  /** The ids of the new keys; null when they stayed. */
  tokenKey: string | null;
  auditKey: string | null;
  /** Where the new master key is; null when it stayed. */
  masterKeyFile: string | null;
};

/** Re-encrypts whatever else the master key encrypts, such as databases set aside by a restore. Durable once it resolves. */
export type WrapOthers = (old: KeyObject, next: KeyObject) => Promise<void>;

/**
 * New keys for tokens and for the seals of the records, and a new master key for all of them where its file is ours. Without
 * a `part`, the master key stays when other machines may have copies of the file: they could not open what is new. Tokens of
 * the old keys are good until they expire. Cut off at any point, the next start finds one master key that opens all.
 * Throws WrongKeyError, ConfigError.
 */
export async function rotateSecrets(
  context: Context,
  part = safePart(context),
  wrapOthers: WrapOthers = async () => {},
): Promise<Rotated> {
  const place = context.app.config.masterKey;
  return await alone(context.em, async () => {
    const old = findMasterKey(await readKeyRows(context.em.fork()), place);
    // A change that was cut off: its file is the only copy of the key that opens everything.
    if (old.isNext && 'path' in place) promoteNextKey(place.path);
    if (part === 'keys' || 'text' in place || !place.isOurs) {
      return await replaceKeys(context, old.key, old.key, null);
    }
    const next = makeNextKey(place.path);
    const replace = part === 'both' ? replaceKeys : replaceMasterKey;
    const rotated = await replace(context, old.key, next, place.path);
    await wrapOthers(old.key, next);
    promoteNextKey(place.path);
    return rotated;
  });
}

const safePart = ({ app }: Context): Part => (mayHaveOtherMachines(app.config) ? 'keys' : 'both');

/**
 * Wraps all keys anew with the master key in a file, which is made if it isn't there; no key changes, so that servers go on
 * until each is restarted with the new one. Throws WrongKeyError, and ConfigError, also for a file with the key that is in use.
 */
export async function changeMasterKey(
  context: Context,
  file: string,
  wrapOthers: WrapOthers = async () => {},
): Promise<Rotated> {
  return await alone(context.em, async () => {
    const old = findMasterKey(await readKeyRows(context.em.fork()), context.app.config.masterKey);
    const next = existsSync(file) ? readKeyFile(file) : makeKeyFile(file);
    // Whoever thinks that the key was changed would go on with one that somebody may have.
    if (next.equals(old.key)) {
      throw new ConfigError(
        `${file} holds the master key that is in use: nothing would change. Name a file that is not there, and a new key is made in it.`,
      );
    }
    const rotated = await replaceMasterKey(context, old.key, next, file);
    await wrapOthers(old.key, next);
    return rotated;
  });
}

/** A transaction around others, that only keeps the lock: nobody else makes keys, or gives files a new name. */
async function alone<T>(em: EntityManager, work: () => Promise<T>): Promise<T> {
  return await em.fork().transactional(async (guard) => {
    await lockKeys(guard);
    return await work();
  });
}

async function replaceKeys(
  context: Context,
  old: KeyObject,
  next: KeyObject,
  masterKeyFile: string | null,
): Promise<Rotated> {
  const now = context.app.now();
  return await context.em.fork().transactional(async (tx) => {
    if (masterKeyFile) await wrapAnew(tx, await readKeyRows(tx), old, next);
    const [token, audit] = ROTATED.map((purpose) => newKey(next, purpose, now));
    await query(tx, RETIRE, [now, ROTATED]);
    await query(tx, FORGET, [new Date(now.getTime() - RETIRED_TOKEN_KEY_MS)]);
    for (const row of [token, audit]) if (row) await insertKey(tx, row);
    const ids = { tokenKey: token?.id ?? null, auditKey: audit?.id ?? null };
    return await record(context, tx, { ...ids, masterKeyFile });
  });
}

async function replaceMasterKey(
  context: Context,
  old: KeyObject,
  next: KeyObject,
  masterKeyFile: string,
): Promise<Rotated> {
  return await context.em.fork().transactional(async (tx) => {
    await wrapAnew(tx, await readKeyRows(tx), old, next);
    return await record(context, tx, { tokenKey: null, auditKey: null, masterKeyFile });
  });
}

const RETIRE = 'UPDATE keys SET retired_at = $1 WHERE retired_at IS NULL AND purpose = ANY ($2::text[])';

// Keys of seals stay for ever: what they signed is checked for as long.
const FORGET = `DELETE FROM keys WHERE purpose = 'token' AND retired_at < $1`;

const WRAP_ANEW = `
  UPDATE keys k SET wrapped = s.wrapped FROM unnest($1::text[], $2::bytea[]) AS s (id, wrapped) WHERE k.id = s.id`;

async function wrapAnew(em: EntityManager, rows: KeyRow[], old: KeyObject, next: KeyObject): Promise<void> {
  const wrapped = rows.map((row) => {
    const key = unwrapKey(old, row);
    if (!key) throw new Error(`The key ${row.id} does not open. Nothing was changed.`);
    return wrapKey(next, row, key);
  });
  await query(em, WRAP_ANEW, [rows.map(({ id }) => id), wrapped]);
}

async function record({ app, actor }: Context, em: EntityManager, rotated: Rotated): Promise<Rotated> {
  const { tokenKey, auditKey, masterKeyFile } = rotated;
  await recordSecurity(em, {
    type: 'secrets_rotated',
    shopId: null,
    at: app.now(),
    actor: eventActor(actor),
    details: { tokenKey, auditKey, masterKey: masterKeyFile !== null },
  });
  return rotated;
}
