import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VerifiedShop } from '../core/verify/verify-shop.ts';
import { attachEmbedded } from '../database/embedded.ts';
import type { ArchivedShop } from './archive/format.ts';
import { clearOnSignal } from './clear-on-signal.ts';
import { roomFor } from './database/load-archive.ts';
import type { OnProgress } from './progress.ts';
import { type Archive, fillDatabase, type OpenApp } from './restore/fill-database.ts';
import { requireRoom } from './room.ts';

export type DrillOptions = {
  /** Home of this machine; the temporary cluster is created in a folder in it. */
  home: string;
  /** Opens the program on a database of the temporary cluster, with its own home. */
  openAppIn(home: string): OpenApp;
  now: Date;
  onProgress: OnProgress;
};

export type Drilled = {
  shops: ArchivedShop[];
  /** Result of `smoocho verify` on the restored database. */
  books: VerifiedShop[];
};

/** Process id of the owner, and when that process started. */
const FOLDER = /^drill-(\d+)-(\d+)-/;
const OWNER = 'postgres-password';
/** Creating a cluster takes a second or two, on a busy machine some more. */
const REMOVE_MS = 30_000;
const REMOVE_AGAIN_MS = 200;
/** No drill takes two days. */
const MAX_AGE_MS = 48 * 3_600_000;
/** Size of an empty cluster with its WAL and programs. */
const CLUSTER_BYTES = 160 * 1024 * 1024;
const ROOM = { what: 'a trial', mend: 'Free some and try again. The backup itself was read, and is sound.' };

/**
 * Restores an archive into a temporary PostgreSQL cluster, reads every table back, and checks the result as
 * `smoocho verify` does. Throws what a restore throws.
 */
export async function drill(archive: Archive, options: DrillOptions): Promise<Drilled> {
  await removeLeftOvers(options.home, options.now);
  const imageBytes = archive.manifest.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  // The shop's own database may be on the same disk, and stops when that is full.
  await requireRoom(options.home, roomFor(archive.manifest) + imageBytes + CLUSTER_BYTES, ROOM);
  const home = mkdtempSync(join(options.home, `drill-${process.pid}-${startOf(process.pid) ?? 0}-`));
  const password = randomBytes(24).toString('base64url');
  // Lets a later drill stop the cluster if this one is killed.
  writeFileSync(join(home, OWNER), password, { mode: 0o600 });
  // Creating a cluster can't be interrupted: `clear` waits for it before it stops the cluster.
  const attaching = attachEmbedded({ home, outerHome: options.home, password });
  const clear = async () => {
    await (await attaching.catch(() => undefined))?.release();
    await removeFolder(home);
  };
  return await clearOnSignal(clear, async () => {
    try {
      const server = await attaching;
      // Images go into the drill's own folder, wherever the shop keeps its own.
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

/** Stops and deletes the clusters of killed drills. */
async function removeLeftOvers(home: string, now: Date): Promise<void> {
  for (const name of readdirSync(home)) {
    const [, pid, start] = FOLDER.exec(name) ?? [];
    if (!pid || !start) continue;
    const folder = join(home, name);
    const { mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    if (now.getTime() - mtimeMs < MAX_AGE_MS && isAnother(Number(pid), start)) continue;
    const password = readPassword(folder);
    if (password && existsSync(join(folder, 'postgres', 'data', 'PG_VERSION'))) {
      // Releasing the last attachment stops the cluster.
      const server = await attachEmbedded({ home: folder, outerHome: home, password }).catch(() => null);
      await server?.release();
    }
    await removeFolder(folder);
  }
}

/**
 * Deletes a folder into which something may still write: creating a cluster goes on for seconds after its parent was killed. Checks
 * that it is gone, because a single `rm` was seen to leave part of such a folder. One that stays is for the next drill.
 */
async function removeFolder(folder: string): Promise<void> {
  for (const late = performance.now() + REMOVE_MS; ; await sleep(REMOVE_AGAIN_MS)) {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    if (!existsSync(folder) || performance.now() > late) return;
  }
}

function readPassword(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, OWNER), 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether that process still runs, and is not this one. In a container, each start may reuse our own id. */
function isAnother(pid: number, start: string): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // A busy machine gives an id to another process within minutes.
  return (startOf(pid) ?? start) === start;
}

/** Start of a process in clock ticks since boot (proc_pid_stat(5), field 22); undefined where the system doesn't tell. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 2 is a name in parentheses, which may contain anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
