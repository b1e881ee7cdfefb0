import { type Config, ConfigError } from '../../config.ts';
import { setHeadsAside } from '../../core/audit/kept-heads.ts';
import type { SystemActor } from '../../core/context.ts';
import { beginEpoch } from '../../core/epochs/begin-epoch.ts';
import { WrongKeyError } from '../../core/keys/master-key.ts';
import { withClient } from '../../database/migrate.ts';
import { freeBytes } from '../archive/archive-file.ts';
import type { Manifest } from '../archive/format.ts';
import { createBackup } from '../create-backup.ts';
import { sizeOf } from '../database/load-archive.ts';
import { BackupRefusedError } from '../errors.ts';
import type { OnProgress } from '../progress.ts';
import { requireSound } from '../verify-backup.ts';
import { urlOfDatabase, withDatabases } from './databases.ts';
import { type Archive, type Filled, fillDatabase, type OpenApp } from './fill-database.ts';
import { requireNoServer } from './require-no-server.ts';
import { keepsKeys } from './rewrap-keys.ts';

export type RestoreOptions = {
  config: Config;
  /** The database that is to be replaced, or the one that is filled where `into` says so. */
  databaseUrl: string;
  /** Fill the database at `databaseUrl`, which has to be empty, and replace none. */
  isInto: boolean;
  file: string;
  identities: string[];
  openApp: OpenApp;
  now(): Date;
  /** Who restores, for the audit. */
  actor: SystemActor;
  /** Asked once all is checked and before anything is touched. */
  confirm(plan: RestorePlan): Promise<boolean>;
  onProgress: OnProgress;
};

export type RestorePlan = {
  manifest: Manifest;
  /** What is there now and would be put aside; null where nothing is. */
  replaces: Current | null;
  /** Whether phone numbers, addresses and PINs can be used afterwards. */
  keepsKeys: boolean;
};

type Current = { shops: string[]; orders: number; lastOrderAt: string | null };

export type Restored = RestorePlan & {
  /** Of what was there before; null where nothing was, or where it could not be read. */
  safetyCopy: string | null;
  /** The name of the database that was replaced, which `--undo` puts back; null where nothing was there. */
  keptDatabase: string | null;
  shops: Filled['shops'];
};

/**
 * Restores an archive. Everything is checked before anything is touched; what is there keeps its place until the new database is
 * filled, checked and brought forward, and then changes places with it in one step. Cut off at any moment, either the old one or
 * the new one is there, whole. Null when `confirm` says no. Throws ArchiveError, BackupRefusedError, DatabaseUnreachableError.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored | null> {
  const { databaseUrl, file, identities, config, onProgress } = options;
  const { manifest, secrets } = await requireSound(file, identities, (done, total) =>
    onProgress({ phase: 'verifying', done, total, note: '' }),
  );
  const archive: Archive = { file, identities, manifest, secrets };
  const replaces = await readCurrent(databaseUrl);
  const plan: RestorePlan = {
    manifest,
    replaces,
    keepsKeys: keepsKeys(manifest, secrets, config.masterKey),
  };
  await requireNoServer(databaseUrl);
  // One that is named lies on the disk of its server.
  if (options.isInto) return await restoreInto(archive, plan, options);
  await requireRoom(config, manifest);
  return await withDatabases(databaseUrl, async (databases) => {
    if (!(await options.confirm(plan))) return null;
    const safetyCopy = replaces ? await keepCopy(options) : null;
    const next = await databases.create(manifest.id);
    try {
      const url = urlOfDatabase(databaseUrl, next);
      const filled = await fill(archive, options, url);
      await requireNoServer(databaseUrl);
      const kept = { replacedAt: options.now().toISOString(), reason: 'restored' } as const;
      const keptDatabase = await databases.swap(next, kept);
      await setHeadsAside(config.home, options.now());
      // An empty one is nothing to go back to.
      if (!replaces) await databases.drop(keptDatabase);
      return { ...plan, safetyCopy, keptDatabase: replaces && keptDatabase, ...filled };
    } catch (error) {
      await databases.drop(next).catch(() => {});
      throw error;
    }
  });
}

async function restoreInto(
  archive: Archive,
  plan: RestorePlan,
  options: RestoreOptions,
): Promise<Restored | null> {
  if (plan.replaces) {
    throw new BackupRefusedError(
      `The database to restore into is not empty: it has ${plan.replaces.shops.join(', ') || 'tables'}. Make an empty one. Nothing was changed.`,
    );
  }
  if (!(await options.confirm(plan))) return null;
  const filled = await fill(archive, options, options.databaseUrl);
  return { ...plan, safetyCopy: null, keptDatabase: null, ...filled };
}

const fill = (archive: Archive, options: RestoreOptions, url: string): Promise<Filled> =>
  fillDatabase(archive, {
    config: options.config,
    url,
    openApp: options.openApp,
    now: options.now(),
    onProgress: options.onProgress,
    adopt: async (app) => {
      const { id, createdAt } = archive.manifest;
      const context = { app, em: app.orm.em.fork(), actor: options.actor };
      await beginEpoch(context, { reason: 'restored', backup: { id, madeAt: new Date(createdAt) } });
    },
  });

/** What is in the database now, whatever version made it. */
async function readCurrent(url: string): Promise<Current | null> {
  return await withClient(url, async (client) => {
    const { rows: tables } = await client.query(`SELECT to_regclass('public.shops') IS NOT NULL AS has`);
    if (!tables[0].has) return null;
    const { rows } = await client.query(`
      SELECT (SELECT coalesce(array_agg(code ORDER BY code), '{}') FROM shops) AS shops,
        (SELECT count(*)::int FROM orders) AS orders,
        (SELECT max(created_at) FROM orders) AS "lastOrderAt"`);
    const { shops, orders, lastOrderAt } = rows[0] as {
      shops: string[];
      orders: number;
      lastOrderAt: Date | null;
    };
    return shops.length === 0 ? null : { shops, orders, lastOrderAt: lastOrderAt?.toISOString() ?? null };
  });
}

/** Rows take about their size again as indexes, and PostgreSQL its log beside them. */
const ROOM_FACTOR = 2.5;

/** Of the embedded database, which is on this machine's disk; of another one nothing is known. */
async function requireRoom({ databaseUrl, home }: Config, manifest: Manifest): Promise<void> {
  if (databaseUrl !== undefined) return;
  const imageBytes = manifest.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const needed = sizeOf(manifest) * ROOM_FACTOR + imageBytes;
  const free = await freeBytes(home);
  if (free > needed) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000)} MB`;
  throw new BackupRefusedError(
    `There is too little room in ${home}: ${megabytes(free)} are free, and about ${megabytes(needed)} are needed while the old data stay beside the new. Free some and try again. Nothing was changed.`,
  );
}

/** Where the master key of what is there is lost, which is one reason to restore, it is kept as far as it goes: not encrypted. */
async function keepCopy({ config, databaseUrl, now, onProgress }: RestoreOptions): Promise<string> {
  const source = { config, databaseUrl, now };
  const keep = (isPlain: boolean) =>
    createBackup(source, {
      isPlain,
      onProgress: (progress) => onProgress({ ...progress, phase: 'keeping' }),
    });
  const { file } = await keep(false).catch((error) => {
    if (error instanceof WrongKeyError || error instanceof ConfigError) return keep(true);
    throw error;
  });
  return file;
}
