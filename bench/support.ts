import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const launcher = join(root, 'bin', 'smoocho.js');

const START_TIMEOUT_MS = 60_000;

/** A home of its own, away from any real one; gone afterwards. */
export async function withHome<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'smoocho-bench-'));
  chmodSync(home, 0o755);
  try {
    return await work(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs a command to its end and gives what it printed. */
export async function smoocho(home: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { ...process.env, SMOOCHO_HOME: home, DATABASE_URL: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`smoocho ${args.join(' ')} ended with ${code}: ${output}`);
  return output;
}

/** One machine asks for all tills. */
const unlimited = { REQUESTS_PER_SECOND: '100000', CONNECTIONS_PER_ADDRESS: '100000' };

export type Running = {
  pid: number;
  /** From the start of the process to its readiness. */
  startedInMs: number;
  ready: { url: string; demo: { shopId: string; productId: string; accessToken: string } };
  stop(): Promise<void>;
};

/** Starts the server as an owner would, and waits until it says that it runs. */
export const startSmoocho = (home: string, ...args: string[]): Promise<Running> =>
  startWith({}, home, ...args);

/** The same, with more in its environment. */
export async function startWith(
  env: Record<string, string>,
  home: string,
  ...args: string[]
): Promise<Running> {
  const startedAt = performance.now();
  const child: ChildProcess = spawn(process.execPath, [launcher, 'start', '--json', '--port', '0', ...args], {
    env: { ...process.env, SMOOCHO_HOME: home, DATABASE_URL: '', ...unlimited, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await readJson(child);
  return {
    pid: child.pid as number,
    startedInMs: performance.now() - startedAt,
    ready: ready as Running['ready'],
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function readJson(child: ChildProcess): Promise<unknown> {
  let output = '';
  const late = AbortSignal.timeout(START_TIMEOUT_MS);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    output += chunk;
    late.throwIfAborted();
    try {
      return JSON.parse(output);
    } catch {
      // Not all of it is here yet.
    }
  }
  throw new Error(`The server ended before it ran: ${output}`);
}

export const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** The value below which `percent` of them are. */
export const percentile = (values: number[], percent: number): number =>
  [...values].sort((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor((values.length * percent) / 100))
  ] as number;

/** A clock that all processes of this machine read alike. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
