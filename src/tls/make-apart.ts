import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TlsUnavailableError } from './errors.ts';
import type { KeyAndCertificate } from './make-certificates.ts';
import type { MakeTask } from './make-child.ts';

/** It takes a third of a second; a small box that has just started may need a while. */
const TIMEOUT_MS = 30_000;
const STDERR_LENGTH = 2_000;

// In a checkout the TypeScript sources run unbuilt.
const SCRIPT = fileURLToPath(
  new URL(`./make-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);
/** The only environment variables that it gets: none of them is a secret. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot', 'NODE_COMPILE_CACHE'];

/**
 * Makes an authority or a certificate in a process of its own: what it loads for that would take 28 MB of the server for as long
 * as it runs. Keys go over its channel, not over the disk or its command line. Throws TlsUnavailableError.
 */
export async function makeApart(task: MakeTask): Promise<KeyAndCertificate> {
  const env = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const child = fork(SCRIPT, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_LENGTH);
  });
  const settled = new AbortController();
  const { signal } = settled;
  const made = once(child, 'message', { signal });
  const ended = once(child, 'close', { signal }).then(() => 'ended' as const);
  const late = sleep(TIMEOUT_MS, 'late' as const, { ref: false, signal });
  // Those that are not waited for any more end by the signal.
  for (const waiting of [made, ended, late]) waiting.catch(() => {});
  try {
    // A child that is gone already is found out below.
    child.send(task, () => {});
    const outcome = await Promise.race([made, ended, late]);
    if (Array.isArray(outcome)) return outcome[0] as KeyAndCertificate;
    throw new Error(
      outcome === 'late'
        ? `it took longer than ${TIMEOUT_MS / 1000} s`
        : (/^\w*Error\b.*/m.exec(said)?.[0] ?? 'its process ended'),
    );
  } catch (error) {
    throw new TlsUnavailableError(`a certificate could not be made (${(error as Error).message}).`);
  } finally {
    settled.abort();
    child.kill('SIGKILL');
  }
}
