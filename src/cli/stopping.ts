import type { Log } from '../app.ts';
import { exitCodes } from './exit-codes.ts';
import { isWorker } from './workers.ts';

/**
 * Signals that follow within this time are the same request: a terminal's Ctrl-C, `timeout` and systemd signal a whole group of
 * processes, and the launcher and the first of several workers pass theirs on.
 */
const ECHO_MS = 2_000;

const STILL_STOPPING =
  'It is stopping: what runs is finished first, in a few seconds. The same once more ends it at once.\n';

/**
 * Resolves when a signal tells this process to stop, or the first process is gone. Signals that follow don't cut the stop short,
 * unless somebody insists: a second request is answered with a sentence, a third one ends the process with exit code 1.
 */
export async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    let requests = 0;
    let lastAt = Number.NEGATIVE_INFINITY;
    const onSignal = () => {
      const now = performance.now();
      const isEcho = now - lastAt < ECHO_MS;
      // The first process ends a worker that takes too long.
      if (isEcho || (isWorker && requests > 0)) return;
      lastAt = now;
      requests += 1;
      if (requests === 1) return resolve();
      if (requests > 2) process.exit(exitCodes.failed);
      process.stderr.write(STILL_STOPPING);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    if (isWorker) process.once('disconnect', () => resolve());
  });
}

/** Time for stdout to be written; everything else is closed by then. */
const EXIT_MS = 1_000;

/** Ends this process with its current exit code, if something that wasn't closed still keeps it alive. */
export function exitSoon(log: Log): void {
  const exit = () => {
    log.warn(
      { resources: process.getActiveResourcesInfo() },
      'something kept the stopped server; it ends now',
    );
    process.exit();
  };
  setTimeout(exit, EXIT_MS).unref();
}
