import { type Config, ConfigError } from '../../config.ts';
import { setHeadsAside } from '../../core/audit/kept-heads.ts';
import type { SystemActor } from '../../core/context.ts';
import { beginEpoch } from '../../core/epochs/begin-epoch.ts';
import { WrongKeyError } from '../../core/keys/master-key.ts';
import { migrationStatus, withClient } from '../../database/migrate.ts';
import type { Manifest } from '../archive/format.ts';
import { type AuthorityOutcome, restoreAuthority } from '../authority.ts';
import { createBackup } from '../create-backup.ts';
import { roomFor } from '../database/load-archive.ts';
import { BackupRefusedError, UnknownTablesError } from '../errors.ts';
import { openImageTarget } from '../images.ts';
import type { OnProgress } from '../progress.ts';
import { requireRoom } from '../room.ts';
import { adoptBackupSettings } from '../settings.ts';
import { requireSound } from '../verify-backup.ts';
import { urlOfDatabase, withDatabases } from './databases.ts';
import { type Archive, type Filled, fillDatabase, type OpenApp } from './fill-database.ts';
import { requireNoServer } from './require-no-server.ts';
import { requireOwnDatabase } from './require-own-database.ts';
import { keepsKeys } from './rewrap-keys.ts';

export type RestoreOptions = {
  config: Config;
  /** The database to replace, or with `isInto` the one to fill. */
  databaseUrl: string;
  /** Fill the database at `databaseUrl`, which must be empty, and replace none. */
  isInto: boolean;
  file: string;
  identities: string[];
  openApp: OpenApp;
  now(): Date;
  /** Actor for the audit. */
  actor: SystemActor;
  /** Called after all checks and before anything is changed. */
  confirm(plan: RestorePlan): Promise<boolean>;
  onProgress: OnProgress;
};

export type RestorePlan = {
  manifest: Manifest;
  /** Present content, which would be kept aside; null if there is none. */
  replaces: Current | null;
  /** Whether phone numbers, addresses and PINs stay usable. */
  keepsKeys: boolean;
};

type Current = { shops: string[]; orders: number; lastOrderAt: string | null; sizeBytes: number };

export type Restored = RestorePlan & {
  /** File with a backup of the previous content; null if there was none, or it could not be read. */
  safetyCopy: string | null;
  /** The name of the replaced database, which `--undo` puts back; null if there was nothing to keep. */
  keptDatabase: string | null;
  shops: Filled['shops'];
  /** Whether the certificate authority was restored. */
  authority: AuthorityOutcome;
  /** Why the settings of backups could not be kept; null if they were. */
  settingsError: string | null;
};

/**
 * Restores an archive. Everything is checked before anything is changed. The present database stays in place
 * until the new one is filled, checked and migrated; then both are swapped in one transaction, so an
 * interruption at any moment leaves either the old or the new one, whole. Null if `confirm` declines. Throws
 * ArchiveError, BackupRefusedError, DatabaseUnreachableError.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored | null> {
  const { databaseUrl, config } = options;
  const { plan, archive } = await readPlan(options, async () => {
    await requireOwnDatabase(databaseUrl);
    return await readCurrent(databaseUrl);
  });
  const { manifest, replaces } = plan;
  await requireNoServer(databaseUrl);
  // No check of free space: a database given with --into is on its server's disk.
  if (options.isInto) return await restoreInto(archive, plan, options);
  await requireRoomFor(plan, config);
  return await withDatabases(databaseUrl, async (databases) => {
    if (!(await options.confirm(plan))) return null;
    const safetyCopy = replaces ? await keepCopy(options) : null;
    const next = await databases.create(manifest.id);
    try {
      const url = urlOfDatabase(databaseUrl, next);
      const filled = await fill(archive, options, url);
      await requireNoServer(databaseUrl);
      const kept = { replacedAt: options.now().toISOString(), reason: 'restored' } as const;
      const keptDatabase = replaces ? await databases.swap(next, kept) : null;
      if (!replaces) await databases.swapEmpty(next);
      // The restore is done, so ignore errors: chain head files that stay are put aside with the next seal.
      await setHeadsAside(config.home, options.now()).catch(() => {});
      return { ...plan, safetyCopy, keptDatabase, ...filled };
    } catch (error) {
      await databases.dropLeftOvers().catch(() => {});
      throw error;
    }
  });
}

/** Plans a restore where no database exists, and creates none: reads and checks the archive. Throws what `restoreBackup` throws. */
export async function planOnNothing(options: OfArchive): Promise<RestorePlan> {
  const { plan } = await readPlan(options, async () => null);
  await requireRoomFor(plan, options.config);
  return plan;
}

type OfArchive = Pick<RestoreOptions, 'config' | 'file' | 'identities' | 'onProgress'>;

/** Checks the archive, then looks at what it would replace. Throws ArchiveError, and what `findCurrent` throws. */
async function readPlan(
  { config, file, identities, onProgress }: OfArchive,
  findCurrent: () => Promise<Current | null>,
): Promise<{ plan: RestorePlan; archive: Archive }> {
  const { manifest, secrets } = await requireSound(file, identities, (done, total) =>
    onProgress({ phase: 'verifying', done, total, note: '' }),
  );
  const replaces = await findCurrent();
  const plan = { manifest, replaces, keepsKeys: keepsKeys(manifest, secrets, config.masterKey) };
  return { plan, archive: { file, identities, manifest, secrets } };
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

type OfHome = Pick<Restored, 'authority' | 'settingsError'>;

async function fill(archive: Archive, options: RestoreOptions, url: string): Promise<Filled & OfHome> {
  const { manifest, secrets } = archive;
  const { config, openApp, onProgress, actor } = options;
  const backup = { id: manifest.id, madeAt: new Date(manifest.createdAt) };
  let ofHome: OfHome = { authority: null, settingsError: null };
  const filled = await fillDatabase(archive, {
    config,
    url,
    openApp,
    now: options.now(),
    onProgress,
    async adopt(app) {
      await beginEpoch({ app, em: app.orm.em.fork(), actor }, { reason: 'restored', backup });
      // Before the database can be opened: a power cut must not leave a shop without its recovery key and authority.
      ofHome = {
        settingsError: adoptBackupSettings(config, manifest),
        authority: restoreAuthority(config.home, secrets),
      };
    },
  });
  return { ...filled, ...ofHome };
}

/** What the database holds, in any version's schema. Null if empty, or if its restore was cut off. */
async function readCurrent(url: string): Promise<Current | null> {
  const { isHalfRestored } = await migrationStatus(url);
  return await withClient(url, async (client) => {
    const { rows: tables } = await client.query(`SELECT to_regclass('public.shops') IS NOT NULL AS has`);
    if (!tables[0].has || isHalfRestored) return null;
    const { rows } = await client.query<Omit<Current, 'lastOrderAt'> & { lastOrderAt: Date | null }>(CURRENT);
    const [current] = rows;
    if (!current || current.shops.length === 0) return null;
    return { ...current, lastOrderAt: current.lastOrderAt?.toISOString() ?? null };
  });
}

const CURRENT = `
  SELECT (SELECT coalesce(array_agg(code ORDER BY code), '{}') FROM shops) AS shops,
    (SELECT count(*)::int FROM orders) AS orders,
    (SELECT max(created_at) FROM orders) AS "lastOrderAt",
    pg_database_size(current_database())::float8 AS "sizeBytes"`;

/** Size of a safety copy relative to the database, at most. */
const COPY_PART = 1 / 4;
const ROOM = {
  what: 'the old data beside the new',
  mend: 'Free some and try again. Nothing was changed.',
};

/** Checks the home's disk: images, safety copy, embedded database. Another server's disk is unknown. */
async function requireRoomFor({ manifest, replaces }: RestorePlan, config: Config): Promise<void> {
  const images = await openImageTarget(config);
  let needed = await images.missingBytes(manifest.images);
  images.close();
  if (config.databaseUrl === undefined) needed += roomFor(manifest);
  needed += (replaces?.sizeBytes ?? 0) * COPY_PART;
  if (needed > 0) await requireRoom(config.home, needed, ROOM);
}

/** SQLSTATE classes for files of PostgreSQL that are damaged or can't be read. */
const UNREADABLE = /^(XX|58)/;

/**
 * Makes a safety copy of the present content. It is plain if the master key is lost, which is one reason to
 * restore. Null if the disk is faulty, or a later version made the content: the replaced database itself is
 * kept.
 */
async function keepCopy({ config, databaseUrl, now, onProgress }: RestoreOptions): Promise<string | null> {
  const source = { config, databaseUrl, now };
  const keep = (isPlain: boolean) =>
    createBackup(source, {
      isPlain,
      onProgress: (progress) => onProgress({ ...progress, phase: 'keeping' }),
    });
  try {
    const { file } = await keep(false).catch((error) => {
      if (error instanceof WrongKeyError || error instanceof ConfigError) return keep(true);
      throw error;
    });
    return file;
  } catch (error) {
    const isUnreadable = UNREADABLE.test(String((error as { code?: unknown }).code));
    if (!isUnreadable && !(error instanceof UnknownTablesError)) throw error;
    return null;
  }
}
