import type { DiskReport } from '../core/disk/disk-reader.ts';
import type { MigrationStatus } from '../database/migrate.ts';
import type { BackupHistory } from './backup-status.ts';
import type { BackupFacts } from './probes/backups.ts';
import type { ConnectionFacts, DatabaseFacts } from './probes/database.ts';
import type { HomeFacts } from './probes/home.ts';
import type { HttpsFacts } from './probes/https.ts';
import type { ImageFacts } from './probes/images.ts';
import type { KeyFacts } from './probes/keys.ts';
import type { MachineFacts } from './probes/machine.ts';
import type { NetworkFacts } from './probes/network.ts';
import type { RedisFacts } from './probes/redis.ts';
import type { ServerFacts } from './probes/server.ts';
import type { ServiceFacts } from './probes/service.ts';
import type { SettingsFacts } from './probes/settings.ts';
import type { ShopFacts } from './probes/shops.ts';

/** All that checks judge, each read once. */
export type Facts = {
  machine: MachineFacts;
  service: ServiceFacts;
  home: HomeFacts;
  settings: SettingsFacts;
  disks: DiskReport;
  https: HttpsFacts;
  redis: RedisFacts;
  network: NetworkFacts;
  connection: ConnectionFacts;
  database: DatabaseFacts;
  schema: MigrationStatus;
  keys: KeyFacts;
  server: ServerFacts;
  shops: ShopFacts;
  backupHistory: BackupHistory;
  backups: BackupFacts;
  images: ImageFacts;
};
export type FactName = keyof Facts;

/** A fact, or why it is not known, in a sentence. */
export type Fact<T> = { is: T } | { missing: string };
export type KnownFacts = { [Name in FactName]: Fact<Facts[Name]> };

/** Of the backups of a demo, which makes none by itself. */
export const OF_DEMO = { missing: 'This is a demo, which needs no backups.' };

/**
 * Longer than the waits inside, so that those speak first; but not than that for an embedded PostgreSQL that recovers, which is two
 * minutes. What is opened after this time has to be closed by whoever opened it: nobody waits for it.
 */
const LONGEST_MS = 45_000;

/** Reads a fact. What it throws, and a wait without end, become the reason why it is missing. */
export async function attempt<T>(what: string, read: () => Promise<T> | T): Promise<Fact<T>> {
  const late = Promise.withResolvers<Fact<T>>();
  const timer = setTimeout(() => late.resolve({ missing: `${what} did not answer in time.` }), LONGEST_MS);
  const reading = (async (): Promise<Fact<T>> => {
    try {
      return { is: await read() };
    } catch (error) {
      return { missing: `${what} could not be looked at (${(error as Error).message}).` };
    }
  })();
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a fact that needs another one; without that, it is missing for the same reason. */
export const attemptWith = async <Needed, T>(
  needed: Fact<Needed>,
  what: string,
  read: (value: Needed) => Promise<T> | T,
): Promise<Fact<T>> => ('missing' in needed ? needed : await attempt(what, () => read(needed.is)));
