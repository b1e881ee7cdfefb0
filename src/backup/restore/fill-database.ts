import type { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '../../config.ts';
import type { Services } from '../../core/context.ts';
import { listAllShops } from '../../core/shops/find-shops.ts';
import { checks, type VerifiedShop, verifyShop } from '../../core/verify/verify-shop.ts';
import { migrateUp, UNMARK_HALF_RESTORED } from '../../database/migrate.ts';
import { isDiskFull } from '../../database/pg-errors.ts';
import { readFileBytes } from '../archive/archive-file.ts';
import { readMembers } from '../archive/archive-reader.ts';
import type { Manifest, Secrets } from '../archive/format.ts';
import { withCopyClient } from '../database/copy-client.ts';
import { loadArchive } from '../database/load-archive.ts';
import { BackupRefusedError } from '../errors.ts';
import { openImageTarget, setImageStore } from '../images.ts';
import type { OnProgress } from '../progress.ts';
import { figuresStay } from '../upgrade-schema.ts';
import { FORGET_RESPONSE_HASHES, rewrapKeys } from './rewrap-keys.ts';

/** The program on a database, as the command line opens it. */
export type OpenedApp = Services & { orm: MikroORM; close(): Promise<void> };

/** Opens the program on the database at a URL, and migrates an older schema. */
export type OpenApp = (databaseUrl: string) => Promise<OpenedApp>;

export type Archive = { file: string; identities: string[]; manifest: Manifest; secrets: Secrets | null };

export type FillOptions = {
  config: Pick<Config, 'masterKey' | 'home' | 's3' | 'imageStore'>;
  /** An empty database. */
  url: string;
  openApp: OpenApp;
  now: Date;
  onProgress?: OnProgress | undefined;
  /** Called once the database is migrated to this version, to begin its new epoch. */
  adopt?: (app: OpenedApp) => Promise<void>;
};

export type Filled = { shops: VerifiedShop[]; keepsKeys: boolean };

/**
 * Fills a database from an archive: loads its rows and checks their checksums, wraps its keys for this
 * machine, migrates to this version, and runs all checks of `smoocho verify`. Their findings were there
 * before the backup was made, and stop nothing. Throws ArchiveError, BackupRefusedError, and what PostgreSQL
 * throws.
 */
export async function fillDatabase(archive: Archive, options: FillOptions): Promise<Filled> {
  try {
    return await fill(archive, options);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new BackupRefusedError('The disk of the database has no room left. Free some and try again.', {
      cause: error,
    });
  }
}

async function fill(archive: Archive, options: FillOptions): Promise<Filled> {
  const { file, identities, manifest, secrets } = archive;
  const { url, config, openApp, onProgress } = options;
  const members = () => readMembers(readFileBytes(file), identities);
  const images = await openImageTarget(config);
  try {
    await loadArchive(members(), manifest, { url, onImage: images.put, onProgress });
  } finally {
    images.close();
  }
  const keepsKeys = await withCopyClient(url, async (client) => {
    await setImageStore(client, images.kind);
    const hasKeys = manifest.tables.some(({ name }) => name === 'keys');
    return !hasKeys || (await rewrapKeys(client, secrets, config.masterKey, options.now));
  });
  await migrateUp(url, () => {}, figuresStay());
  if (!keepsKeys) await withCopyClient(url, (client) => client.query(FORGET_RESPONSE_HASHES));
  const app = await openApp(url);
  try {
    await options.adopt?.(app);
    await withCopyClient(url, (client) => client.query(UNMARK_HALF_RESTORED));
    const shops = await verifyShops(app, onProgress);
    return { shops, keepsKeys };
  } finally {
    await app.close();
  }
}

async function verifyShops(app: OpenedApp, onProgress: OnProgress = () => {}): Promise<VerifiedShop[]> {
  const found = await listAllShops(app.orm.em.fork());
  const total = found.length * checks.length;
  const verified: VerifiedShop[] = [];
  let done = 0;
  for (const { id } of found) {
    const em = app.orm.em.fork();
    verified.push(
      await verifyShop({ app, em }, id, ({ holds }) =>
        onProgress({ phase: 'books', done: done++, total, note: holds.toLowerCase() }),
      ),
    );
  }
  return verified;
}
