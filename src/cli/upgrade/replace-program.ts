import { existsSync, renameSync, rmSync } from 'node:fs';
import { readServerFile } from '../../server-file.ts';
import { isInstalled, readUnit, START_TIMEOUT_MS, STOP_TIMEOUT_MS, systemctl, UNIT } from '../../systemd.ts';
import { RefusedError } from '../exit-codes.ts';
import { isEverywhere, urlOf } from '../lan-addresses.ts';
import type { ServerAddress } from '../server-address.ts';
import { LAST_LINES, readLog } from '../service/journal.ts';
import { keptIn } from './installation.ts';
import { runProgram } from './run-program.ts';

/** From systemd's word that it serves, which older units give at once. */
const READY_TIMEOUT_MS = 120_000;
const READY_EVERY_MS = 500;

export type Replacement = {
  /** Where the program is, and stays. */
  root: string;
  /** The folder of the new version. */
  staged: string;
  /** The backup that was made of the old one. */
  backup: string;
  from: string;
  to: string;
  home: string;
  /** Where the server listens by the settings. */
  address: ServerAddress;
  tell: (text: string) => void;
};

/**
 * Puts a new version in the place of the program: stops the service, swaps the folders, brings the database up to date, starts
 * the service and waits until it is ready. Returns the migrations. When any of it fails, the old version and the old schema
 * are put back, and it throws the reason; with what was sold meanwhile where the migrations can be taken back, else as of the
 * backup. A signal doesn't end it half-way.
 */
export async function replaceProgram(replacement: Replacement): Promise<string[]> {
  const isService = isInstalled() && (await readUnit()).ActiveState === 'active';
  return await deaf(replacement.tell, async () => {
    try {
      if (isService) {
        replacement.tell('Stopping the service. Tills go on by themselves meanwhile.');
        await systemctl(['stop', UNIT], STOP_TIMEOUT_MS);
      }
      await requireNoServer(replacement);
      return await swapAndStart(replacement, isService);
    } catch (error) {
      if (isService) await systemctl(['start', UNIT], START_TIMEOUT_MS);
      throw error;
    }
  });
}

/** Throws RefusedError for a server that somebody started by hand. */
async function requireNoServer({ root, home, tell }: Replacement): Promise<void> {
  const { server } = (await runProgram(root, ['status'], { home, tell })) as {
    server: { isRunning: boolean };
  };
  if (server.isRunning)
    throw new RefusedError(
      'A server runs that systemd did not start, and nothing was changed. Stop it first, and start it again afterwards.',
    );
}

async function swapAndStart(replacement: Replacement, isService: boolean): Promise<string[]> {
  const { root, staged, home, from, to, tell } = replacement;
  swapFolders(root, staged, keptIn(root));
  const applied: string[] = [];
  try {
    tell('Bringing the database up to date.');
    const answer = await runProgram(root, ['migrate', 'up', '--without-backup'], { home, tell });
    applied.push(...(answer as { applied: string[] }).applied);
    if (isService) await startService(replacement);
    else await runProgram(root, ['status'], { home, tell });
    return applied;
  } catch (error) {
    const reason = `${to} did not come up (${(error as Error).message})`;
    await goBack(replacement, applied).catch((failure: Error) => {
      throw new Error(
        `${reason}, and ${from} could not be put back (${failure.message}). The program of before is in ${keptIn(root)}, the backup of before is ${replacement.backup}.`,
      );
    });
    throw new Error(`${reason}. Version ${from} is in its place, as before.`);
  }
}

/** Keeps what is in `root` in `kept`, and puts `staged` there; or leaves all of it as it is. */
export function swapFolders(root: string, staged: string, kept: string): void {
  rmSync(kept, { recursive: true, force: true });
  renameSync(root, kept);
  try {
    renameSync(staged, root);
  } catch (error) {
    renameSync(kept, root);
    throw error;
  }
}

/** Starts the service and waits until it is ready. Throws when it isn't in time. */
async function startService({ home, address, tell }: Replacement): Promise<void> {
  tell('Starting the service.');
  await systemctl(['start', UNIT], START_TIMEOUT_MS);
  for (const late = Date.now() + READY_TIMEOUT_MS; ; ) {
    if (await isReady(readServerFile(home) ?? address)) return;
    if (Date.now() > late) throw new Error(`it is not ready after ${READY_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, READY_EVERY_MS));
  }
}

async function isReady({ host, port }: Pick<ServerAddress, 'host' | 'port'>): Promise<boolean> {
  // Not by the name localhost, which some machines don't know.
  const own = host === '::' ? '::1' : isEverywhere(host) ? '127.0.0.1' : host;
  try {
    const response = await fetch(`${urlOf('http', own, port)}/readyz`, {
      signal: AbortSignal.timeout(5_000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

async function goBack({ root, staged, backup, home, tell }: Replacement, applied: string[]): Promise<void> {
  if (isInstalled()) {
    await systemctl(['stop', UNIT], STOP_TIMEOUT_MS).catch(() => {});
    for (const line of await readLog(LAST_LINES).catch(() => [])) tell(line);
  }
  tell('It did not work. Going back to the version before.');
  const isTakenBack = applied.length === 0 || (await takeBack(root, applied.length, { home, tell }));
  if (existsSync(staged)) rmSync(staged, { recursive: true, force: true });
  renameSync(root, staged);
  renameSync(keptIn(root), root);
  if (!isTakenBack) await runProgram(root, ['restore', backup, '--yes'], { home, tell });
}

/** Whether the migrations could be taken back. */
async function takeBack(
  root: string,
  count: number,
  { home, tell }: Pick<Replacement, 'home' | 'tell'>,
): Promise<boolean> {
  try {
    await runProgram(root, ['migrate', 'down', '--count', String(count), '--yes'], { home, tell });
    return true;
  } catch (error) {
    tell(
      `The database could not be taken back as it is (${(error as Error).message}); the backup is restored.`,
    );
    return false;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work` to its end whatever signals come. */
async function deaf<T>(tell: (text: string) => void, work: () => Promise<T>): Promise<T> {
  const ignore = () => tell('It can not be stopped half-way; it ends by itself.');
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, ignore);
  }
}
