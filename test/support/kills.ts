import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { envOf, launcher } from './cli.ts';

/** How often each command is killed; more often in the nightly run. */
export const KILLS = Number(process.env.BACKUP_KILLS ?? 1);
/** The nightly run, which has the time for what others leave out. */
export const IS_LONG = KILLS > 3;
/** Skips what takes too long for a usual run, and says so. */
export function onlyInLongRuns(test: Mocha.Context, what = ''): void {
  if (IS_LONG) return;
  console.log(`      skipped: ${what ? `${what}; ` : ''}BACKUP_KILLS=20 has the time for it`);
  test.skip();
}
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** mulberry32: the same sequence for the same seed. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
export const random = randomOf(seed);

export const saySeed = () => console.log(`    SEED=${seed} kills at the same moments again`);

/** Random moments in ms spread over a duration: one in each equal part. */
export const momentsIn = (durationMs: number, count = KILLS): number[] =>
  Array.from({ length: count }, (_, n) => (durationMs * (n + random())) / count);

type Env = Record<string, string | undefined>;

/** Runs the built command line and kills it with SIGKILL at `atMs`; true when it was still running. */
export async function runKilled(args: string[], env: Env, atMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [launcher, ...args], { env: envOf(env), stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([sleep(atMs), ended]);
  child.kill('SIGKILL');
  return (await ended)[1] === 'SIGKILL';
}

/** Processes on this machine with `path` among their arguments. */
export const processesOn = (path: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path);
      } catch {
        return false;
      }
    });

/** Waits for them to exit: a PostgreSQL server process may still serve a client that is gone. */
export async function untilNoProcesses(path: string, withinMs = 30_000): Promise<void> {
  for (const late = Date.now() + withinMs; processesOn(path).length > 0; await sleep(50)) {
    if (Date.now() > late)
      throw new Error(`Something still runs on ${path}: ${processesOn(path).join(', ')}`);
  }
}
