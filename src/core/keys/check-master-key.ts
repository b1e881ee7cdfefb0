import type { MasterKeyPlace } from '../../config.ts';
import { withClient } from '../../database/migrate.ts';
import { type KeyRow, READ_KEYS } from './key-rows.ts';
import { checkNamedFile, readMasterKeys } from './master-key.ts';
import { findMasterKey } from './ring.ts';

/**
 * Looks whether the master key is one, and the one of this database, before anything is done to it that needs no key, such as a
 * migration. Throws WrongKeyError, ConfigError, DatabaseUnreachableError.
 */
export async function checkMasterKey(url: string, place: MasterKeyPlace): Promise<void> {
  readMasterKeys(place);
  await withClient(url, async (client) => {
    const { rows: tables } = await client.query("SELECT to_regclass('keys') AS name");
    const rows = tables[0].name === null ? [] : (await client.query<KeyRow>(READ_KEYS)).rows;
    if (rows.length > 0) findMasterKey(rows, place);
    else checkNamedFile(place);
  });
}
