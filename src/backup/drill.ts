import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifiedShop } from '../core/verify/verify-shop.ts';
import { attachEmbedded } from '../database/embedded.ts';
import type { ArchivedShop } from './archive/format.ts';
import { clearOnSignal } from './clear-on-signal.ts';
import { roomFor } from './database/load-archive.ts';
import type { OnProgress } from './progress.ts';
import { type Archive, fillDatabase, type OpenApp } from './restore/fill-database.ts';
import { requireRoom } from './room.ts';

export type DrillOptions = {
  /** Of this machine; the throw-away cluster lies in a folder in it. */
  home: string;
  /** Opens the program over a database of the throw-away cluster, in a home of its own. */
  openAppIn(home: string): OpenApp;
  now: Date;
  onProgress: OnProgress;
};

export type Drilled = {
  shops: ArchivedShop[];
  /** What `smoocho verify` finds in the books that were restored. */
  books: VerifiedShop[];
};

const FOLDER = /^drill-(\d+)-/;
const OWNER = 'postgres-password';
/** None takes two days; by then its number may be another process's. */
const MAX_AGE_MS = 48 * 3_600_000;
/** An empty cluster, its log and its programs. */
const CLUSTER_BYTES = 160 * 1024 * 1024;
const ROOM = { what: 'a trial', mend: 'Free some and try again. The backup itself was read, and is sound.' };

/**
 * Restores an archive into a PostgreSQL that is made for it and thrown away, reads every table back, and checks the books there as
 * `smoocho verify` does. Throws what a restore throws.
 */
export async function drill(archive: Archive, options: DrillOptions): Promise<Drilled> {
  await removeLeftOvers(options.home, options.now);
  const imageBytes = archive.manifest.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  // The shop's own database may be on the same disk, and stops when that is full.
  await requireRoom(options.home, roomFor(archive.manifest) + imageBytes + CLUSTER_BYTES, ROOM);
  const home = mkdtempSync(join(options.home, `drill-${process.pid}-`));
  const password = randomBytes(24).toString('base64url');
  // For whoever has to stop what a killed drill left running.
  writeFileSync(join(home, OWNER), password, { mode: 0o600 });
  // What makes a cluster can't be stopped half way, but when it is there.
  const attaching = attachEmbedded({ home, outerHome: options.home, password });
  const clear = async () => {
    await (await attaching.catch(() => undefined))?.release();
    rmSync(home, { recursive: true, force: true });
  };
  return await clearOnSignal(clear, async () => {
    try {
      const server = await attaching;
      // Its pictures go into a folder of its own, wherever those of the shop are.
      const masterKey = { path: join(home, 'secrets', 'master-key'), isOurs: true } as const;
      const config = { home, masterKey, s3: undefined, imageStore: 'filesystem' } as const;
      const { shops: books } = await fillDatabase(archive, {
        config,
        url: server.url,
        openApp: options.openAppIn(home),
        now: options.now,
        onProgress: options.onProgress,
      });
      return { shops: archive.manifest.shops, books };
    } finally {
      await clear();
    }
  });
}

/** Stops and removes the clusters of drills that were killed. */
async function removeLeftOvers(home: string, now: Date): Promise<void> {
  for (const name of readdirSync(home)) {
    const [, pid] = FOLDER.exec(name) ?? [];
    if (!pid) continue;
    const folder = join(home, name);
    const { mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    if (now.getTime() - mtimeMs < MAX_AGE_MS && isAnother(Number(pid))) continue;
    const password = readPassword(folder);
    if (password && existsSync(join(folder, 'postgres', 'data', 'PG_VERSION'))) {
      // Attached and let go of by the last one, it stops.
      const server = await attachEmbedded({ home: folder, outerHome: home, password }).catch(() => null);
      await server?.release();
    }
    // What makes a cluster goes on for a moment when the one who started it was killed.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

function readPassword(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, OWNER), 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether another process of this number runs: in a container, each start may have the same ones. */
function isAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
