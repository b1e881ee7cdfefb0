import type { KeyObject } from 'node:crypto';
import { createSecretKey } from 'node:crypto';
import type { Client } from 'pg';
import type { MasterKeyPlace } from '../../config.ts';
import { type KeyRow, newKey, READ_KEYS, unwrapKey, wrapKey } from '../../core/keys/key-rows.ts';
import { purposes } from '../../core/keys/keys.ts';
import { makeMasterKey, masterKeyFingerprint, readMasterKeys } from '../../core/keys/master-key.ts';
import type { Manifest, Secrets } from '../archive/format.ts';
import { ArchiveError } from '../errors.ts';

/**
 * The master key that the keys of an archive are wrapped with: from the archive itself, or this box's where it is the same.
 * Null where neither has it, as with a plain archive on another machine: then the keys are lost.
 */
export function masterKeyOf(
  manifest: Manifest,
  secrets: Secrets | null,
  place: MasterKeyPlace,
): KeyObject | null {
  const { masterKey } = secrets ?? {};
  const candidates = [
    ...(masterKey ? [createSecretKey(Buffer.from(masterKey, 'base64url'))] : []),
    ...readMasterKeys(place).map(({ key }) => key),
  ];
  return candidates.find((key) => masterKeyFingerprint(key) === manifest.masterKey) ?? null;
}

const REWRAP = `
  UPDATE keys k SET wrapped = s.wrapped FROM unnest($1::text[], $2::bytea[]) AS s (id, wrapped) WHERE k.id = s.id`;
const INSERT = 'INSERT INTO keys (id, purpose, wrapped, created_at) VALUES ($1, $2, $3, $4)';

/**
 * Wraps the keys of a restored database with this box's own master key, which it makes if there is none: no key file is ever
 * replaced by a restore, so undoing one needs none back. With `from` null all keys are made anew, and the PINs, which only the old
 * ones could check, are gone. Throws ArchiveError for keys that the archive's own master key does not open, ConfigError.
 */
export async function rewrapKeys(
  client: Client,
  from: KeyObject | null,
  place: MasterKeyPlace,
  now: Date,
): Promise<void> {
  const to = makeMasterKey(place);
  await client.query('BEGIN');
  const { rows } = await client.query<KeyRow>(READ_KEYS);
  if (from) {
    const wrapped = rows.map((row) => wrapKey(to, row, open(from, row)));
    await client.query(REWRAP, [rows.map(({ id }) => id), wrapped]);
  } else {
    await client.query('DELETE FROM keys');
    await client.query('UPDATE users SET pin_hash = NULL, pin_failures = 0');
    for (const purpose of purposes) {
      const { id, wrapped, createdAt } = newKey(to, purpose, now);
      await client.query(INSERT, [id, purpose, wrapped, createdAt]);
    }
  }
  await client.query('COMMIT');
}

function open(master: KeyObject, row: KeyRow): KeyObject {
  const key = unwrapKey(master, row);
  if (key) return key;
  throw new ArchiveError('damaged', `The key ${row.id} in this backup does not open with its master key.`);
}
