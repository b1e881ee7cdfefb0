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

/** The master keys that may open the keys of an archive: its own, and those of this box. */
function candidates(secrets: Secrets | null, place: MasterKeyPlace): KeyObject[] {
  const { masterKey } = secrets ?? {};
  return [
    ...(masterKey ? [createSecretKey(Buffer.from(masterKey, 'base64url'))] : []),
    ...readMasterKeys(place).map(({ key }) => key),
  ];
}

/** Whether a key at hand opens those of an archive, as far as its manifest tells. A plain one has none of its own. */
export const keepsKeys = ({ masterKey }: Manifest, secrets: Secrets | null, place: MasterKeyPlace): boolean =>
  masterKey === null || candidates(secrets, place).some((key) => masterKeyFingerprint(key) === masterKey);

const REWRAP = `
  UPDATE keys k SET wrapped = s.wrapped FROM unnest($1::text[], $2::bytea[]) AS s (id, wrapped) WHERE k.id = s.id`;
const INSERT = 'INSERT INTO keys (id, purpose, wrapped, created_at) VALUES ($1, $2, $3, $4)';

/**
 * Wraps the keys of a restored database with this box's own master key, which it makes if there is none: no key file is ever
 * replaced by a restore, so undoing one needs none back. Where no key at hand opens them, all are made anew, and the PINs, which
 * only the old ones could check, are gone: then it gives false. Throws ArchiveError for one key that doesn't open while the others
 * do, ConfigError.
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
 * When the master key of this box is replaced: wraps the keys of what restores put aside with the new one, so that `--undo` can open
 * them. Keys of another master key stay as they are. Gives the names of those databases in which it failed.
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
    // Where the role may make no databases, or see no other than ours, no restore has put one aside.
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
