import type { Log } from '../app.ts';
import { isWorker } from './workers.ts';

/** Resolves when a signal tells this process to stop, or the first process is gone. A second signal ends it at once. */
export async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
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
