import { createApp } from '../../src/app.ts';
import { createBackup } from '../../src/backup/create-backup.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { baseOf, databaseNameOf } from '../../src/backup/restore/databases.ts';
import type { OpenApp } from '../../src/backup/restore/fill-database.ts';
import { type RestoreOptions, restoreBackup } from '../../src/backup/restore/restore-backup.ts';
import { type UndoOptions, undoRestore } from '../../src/backup/restore/undo-restore.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { systemActor } from '../../src/core/context.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { tempFolder } from './temp.ts';

/** A machine to restore to: a home of its own and a database, empty by default. */
export type Box = { home: string; database: TestDatabase; config: Config };

export async function newBox(env: Record<string, string> = {}, database?: TestDatabase): Promise<Box> {
  const home = tempFolder();
  const own = database ?? (await testDatabase({ migrated: false }));
  return {
    home,
    database: own,
    config: loadConfig({ home }, { DATABASE_URL: own.url, LOG_LEVEL: 'silent', ...env }),
  };
}

export const openOn =
  (config: Config): OpenApp =>
  (databaseUrl) =>
    createApp({ ...config, databaseUrl }, { migrate: true, isRestoring: true });

/** Backs up the current state of a box. */
export const backUp = ({ config, database }: Box, options: Parameters<typeof createBackup>[1] = {}) =>
  createBackup({ config, databaseUrl: database.url, now: () => new Date() }, options);

/** Restores like `smoocho restore`, confirming everything. */
export async function restoreOn(
  { config, database, home }: Box,
  file: string,
  more: Partial<RestoreOptions> = {},
) {
  const identities = more.identities ?? [(await boxKey(home)).identity];
  return await restoreBackup({
    config,
    databaseUrl: database.url,
    isInto: false,
    file,
    identities,
    openApp: openOn(config),
    now: () => new Date(),
    actor: systemActor('test'),
    confirm: async () => true,
    onProgress: () => {},
    ...more,
  });
}

export const undoOn = ({ config, database, home }: Box, more: Partial<UndoOptions> = {}) =>
  undoRestore({
    databaseUrl: database.url,
    home,
    openApp: openOn(config),
    now: () => new Date(),
    actor: systemActor('test'),
    confirm: async () => true,
    ...more,
  });

/** The databases that restores created next to that of a box. */
export async function besides({ database }: Box): Promise<string[]> {
  const client = await database.connect();
  const { rows } = await client.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) ORDER BY 1',
    [`${baseOf(databaseNameOf(database.url))}_`],
  );
  await client.end();
  return rows.map(({ name }) => name);
}
