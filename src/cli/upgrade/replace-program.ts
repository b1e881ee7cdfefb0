import { renameSync, rmSync } from 'node:fs';
import { readLog } from '../service/journal.ts';
import { isInstalled, readUnit, START_TIMEOUT_MS, systemctl } from '../service/systemd.ts';
import { UNIT } from '../service/unit.ts';
import { keptIn } from './installation.ts';
import { runProgram } from './run-program.ts';

/** The unit's own limit for a stop, and a minute. */
const STOP_TIMEOUT_MS = 160_000;
/** From systemd's word that it serves, which older units give at once. */
const READY_TIMEOUT_MS = 120_000;
const READY_EVERY_MS = 500;
/** Lines of the journal that a failed start shows. */
const LAST_LINES = 10;

export type Replacement = {
  /** Where the program is, and stays. */
  root: string;
  /** The folder of the new version. */
  staged: string;
  /** The backup that was made of the old one. */
  backup: string;
  home: string;
  port: number;
  tell: (text: string) => void;
};

/**
 * Puts a new version in the place of the program: stops the service, swaps the folders, brings the database up to date, starts
 * the service and waits until it is ready. Returns the migrations. When any of it fails, the old version and the old schema
 * are put back, and it throws the reason; with what was sold meanwhile where the migrations can be taken back, else as of the
 * backup.
 */
export async function replaceProgram(replacement: Replacement): Promise<string[]> {
  const { root, staged, home, tell } = replacement;
  const isService = isInstalled() && (await readUnit()).ActiveState === 'active';
  if (isService) {
    tell('Stopping the service. Tills go on by themselves meanwhile.');
    await systemctl(['stop', UNIT], STOP_TIMEOUT_MS);
  }
  const applied: string[] = [];
  let isSwapped = false;
  try {
    await requireNoServer(replacement);
    rmSync(keptIn(root), { recursive: true, force: true });
    renameSync(root, keptIn(root));
    isSwapped = true;
    renameSync(staged, root);
    tell('Bringing the database up to date.');
    const answer = await runProgram(root, ['migrate', 'up', '--without-backup'], { home, tell });
    applied.push(...(answer as { applied: string[] }).applied);
    if (isService) await startService(replacement);
    else await runProgram(root, ['status'], { home, tell });
    return applied;
  } catch (error) {
    if (isSwapped) await goBack(replacement, applied);
    if (isService) await systemctl(['start', UNIT], START_TIMEOUT_MS);
    throw error;
  }
}

async function requireNoServer({ root, home, tell }: Replacement): Promise<void> {
  const { server } = (await runProgram(root, ['status'], { home, tell })) as {
    server: { isRunning: boolean };
  };
  if (server.isRunning)
    throw new Error(
      'A server runs that systemd did not start. Stop it first, and start it again afterwards.',
    );
}

/** Starts the service and waits until it serves. Throws when it doesn't. */
async function startService({ port, tell }: Replacement): Promise<void> {
  tell('Starting the service.');
  await systemctl(['start', UNIT], START_TIMEOUT_MS);
  const { StatusText } = await readUnit();
  const served = Number(/port (\d+)/.exec(StatusText)?.[1] ?? port);
  for (const late = Date.now() + READY_TIMEOUT_MS; ; ) {
    if (await isReady(served)) return;
    if (Date.now() > late) throw new Error(`The new version is not ready after ${READY_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, READY_EVERY_MS));
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return response.ok;
  } catch {
    return false;
  }
}

async function goBack({ root, staged, backup, home, tell }: Replacement, applied: string[]): Promise<void> {
  if (isInstalled()) {
    await systemctl(['stop', UNIT], STOP_TIMEOUT_MS).catch(() => {});
    for (const line of await readLog(LAST_LINES)) tell(line);
  }
  tell('It did not work; above is what it said last. Going back to the version before.');
  const isTakenBack =
    applied.length === 0 ||
    (await runProgram(root, ['migrate', 'down', '--count', String(applied.length), '--yes'], {
      home,
      tell,
    }).then(
      () => true,
      (error: Error) => {
        tell(`The database could not be taken back as it is (${error.message}); the backup is restored.`);
        return false;
      },
    ));
  renameSync(root, staged);
  renameSync(keptIn(root), root);
  if (!isTakenBack) await runProgram(root, ['restore', backup, '--yes'], { home, tell });
}
