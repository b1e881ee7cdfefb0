import type { KeyObject } from 'node:crypto';
import { createSecretKey } from 'node:crypto';
import type { Client } from 'pg';
import type { MasterKeyPlace } from '../../config.ts';
import { type KeyRow, newKey, READ_KEYS, unwrapKey, wrapKey } from '../../core/keys/key-rows.ts';
import { purposes } from '../../core/keys/keys.ts';
import { makeMasterKey, masterKeyFingerprint, readMasterKeys } from '../../core/keys/master-key.ts';
import type { Manifest, Secrets } from '../archive/format.ts';
import { withCopyClient } from '../database/copy-client.ts';
import { ArchiveError } from '../errors.ts';
import { urlOfDatabase, withDatabases } from './databases.ts';

/** Master keys that may open the keys of an archive: its own, and those of this machine. */
function candidates(secrets: Secrets | null, place: MasterKeyPlace): KeyObject[] {
  const { masterKey } = secrets ?? {};
  return [
    ...(masterKey ? [createSecretKey(Buffer.from(masterKey, 'base64url'))] : []),
    ...readMasterKeys(place).map(({ key }) => key),
  ];
}

/**
 * Whether an available master key opens an archive's keys, as its manifest tells. A plain one has none of its
 * own.
 */
export const keepsKeys = ({ masterKey }: Manifest, secrets: Secrets | null, place: MasterKeyPlace): boolean =>
  masterKey === null || candidates(secrets, place).some((key) => masterKeyFingerprint(key) === masterKey);

const REWRAP = `
  UPDATE keys k SET wrapped = s.wrapped FROM unnest($1::text[], $2::bytea[]) AS s (id, wrapped) WHERE k.id = s.id`;
const INSERT = 'INSERT INTO keys (id, purpose, wrapped, created_at) VALUES ($1, $2, $3, $4)';

/**
 * Wraps the keys of a restored database with this machine's master key, which is created if missing. A
 * restore never replaces a key file, so undoing it needs none back. If no available master key opens them,
 * makes new keys, clears the PINs, which only the old keys could check, and returns false. Throws
 * ArchiveError if one key doesn't open while the others do, ConfigError.
 */
export async function rewrapKeys(
  client: Client,
  secrets: Secrets | null,
  place: MasterKeyPlace,
  now: Date,
): Promise<boolean> {
  await client.query('BEGIN');
  const { rows } = await client.query<KeyRow>(READ_KEYS);
  const [first] = rows;
  const from = first && candidates(secrets, place).find((key) => unwrapKey(key, first));
  const to = first && makeMasterKey(place);
  if (from && to) {
    const wrapped = rows.map((row) => wrapKey(to, row, open(from, row)));
    await client.query(REWRAP, [rows.map(({ id }) => id), wrapped]);
  } else if (to) {
    await makeAnew(client, to, now);
  }
  await client.query('COMMIT');
  return from !== undefined || first === undefined;
}

/**
 * Rewraps the keys in the databases that restores kept when this machine's master key is replaced, so that
 * `--undo` can open them. Keys of another master key stay as they are. Returns the names of the databases
 * that failed.
 */
export async function rewrapKept(url: string, old: KeyObject, next: KeyObject): Promise<string[]> {
  const failed: string[] = [];
  try {
    await withDatabases(url, async (databases) => {
      for (const { name } of await databases.listKept())
        await withCopyClient(urlOfDatabase(url, name), (client) => rewrap(client, old, next)).catch(() =>
          failed.push(name),
        );
    });
  } catch {
    // If the role can't create databases, or sees none but ours, no restore has kept one.
  }
  return failed;
}

async function rewrap(client: Client, old: KeyObject, next: KeyObject): Promise<void> {
  const { rows } = await client.query<KeyRow>(READ_KEYS);
  const opened = rows.flatMap((row) => {
    const key = unwrapKey(old, row);
    return key ? [{ id: row.id, wrapped: wrapKey(next, row, key) }] : [];
  });
  await client.query(REWRAP, [opened.map(({ id }) => id), opened.map(({ wrapped }) => wrapped)]);
}

/** Hashes that only the keys which are gone could check. After the migrations: an older schema has no such column. */
export const FORGET_RESPONSE_HASHES = 'UPDATE idempotency_keys SET response_hash = NULL';

async function makeAnew(client: Client, master: KeyObject, now: Date): Promise<void> {
  await client.query('DELETE FROM keys');
  await client.query('UPDATE users SET pin_hash = NULL, pin_failures = 0');
  for (const purpose of purposes) {
    const { id, wrapped, createdAt } = newKey(master, purpose, now);
    await client.query(INSERT, [id, purpose, wrapped, createdAt]);
  }
}

function open(master: KeyObject, row: KeyRow): KeyObject {
  const key = unwrapKey(master, row);
  if (key) return key;
  throw new ArchiveError('damaged', `The key ${row.id} in this backup does not open with its master key.`);
}
