import { setHeadsAside } from '../../core/audit/kept-heads.ts';
import type { SystemActor } from '../../core/context.ts';
import { beginEpoch } from '../../core/epochs/begin-epoch.ts';
import { BackupRefusedError } from '../errors.ts';
import { type Databases, type KeptDatabase, urlOfDatabase, withDatabases } from './databases.ts';
import type { OpenApp } from './fill-database.ts';
import { requireNoServer } from './require-no-server.ts';

/** Retention of a replaced database: long enough to notice a mistake, short enough for the disk. */
const KEPT_DAYS = 7;
const KEPT_MS = KEPT_DAYS * 86_400_000;

export type UndoOptions = {
  databaseUrl: string;
  home: string;
  openApp: OpenApp;
  now(): Date;
  /** Actor for the audit. */
  actor: SystemActor;
  /** The kept database that was replaced at this time, as listed; by default the last one. */
  replacedAt?: string | undefined;
  /** Called with the database to put back, and all that are kept, newest first. */
  confirm(kept: KeptDatabase, all: KeptDatabase[]): Promise<boolean>;
};

/** `keptDatabase` is the database in use until now; another undo brings it back. */
export type Undone = { replacedAt: string; keptDatabase: string };

/**
 * Puts the database that the last restore replaced, or an earlier one, back in its place and begins a new
 * epoch. Null if `confirm` declines. Throws BackupRefusedError.
 */
export async function undoRestore(options: UndoOptions): Promise<Undone | null> {
  const { databaseUrl, home, openApp, now, actor, confirm } = options;
  return await withDatabases(databaseUrl, async (databases) => {
    const all = (await databases.listKept()).filter(({ replacedAt }) => !isExpired(replacedAt, now()));
    const last = findKept(all, options.replacedAt);
    await requireNoServer(databaseUrl);
    if (!(await confirm(last, all))) return null;
    const app = await openApp(urlOfDatabase(databaseUrl, last.name));
    try {
      // Changes since the restore are lost with it.
      const lostSince = new Date(last.replacedAt);
      const context = { app, em: app.orm.em.fork(), actor };
      await beginEpoch(context, { reason: 'undone', backup: null, lostSince });
    } finally {
      await app.close();
    }
    const keptDatabase = await databases.swap(last.name, {
      replacedAt: now().toISOString(),
      reason: 'undone',
    });
    // The undo is done, so ignore errors: chain head files that stay are put aside with the next seal.
    await setHeadsAside(home, now()).catch(() => {});
    return { replacedAt: last.replacedAt, keptDatabase };
  });
}

function findKept<K extends KeptDatabase>(all: K[], at: string | undefined): K {
  const found = at === undefined ? all[0] : all.find(({ replacedAt }) => replacedAt === at);
  if (found) return found;
  throw new BackupRefusedError(
    all.length === 0
      ? `There is nothing to undo: no restore replaced a database here in the last ${KEPT_DAYS} days.`
      : `Nothing was replaced at ${at}. What is kept was replaced at ${all.map(({ replacedAt }) => replacedAt).join(', ')}.`,
  );
}

const isExpired = (replacedAt: string, now: Date) => now.getTime() - Date.parse(replacedAt) > KEPT_MS;

/** Drops databases replaced over seven days ago and returns their names; drops what killed restores left. */
export async function dropExpired(databases: Databases, now: Date): Promise<string[]> {
  await databases.dropLeftOvers();
  const expired = (await databases.listKept()).filter(({ replacedAt }) => isExpired(replacedAt, now));
  const dropped: string[] = [];
  for (const { name } of expired) if (await databases.drop(name)) dropped.push(name);
  return dropped;
}
