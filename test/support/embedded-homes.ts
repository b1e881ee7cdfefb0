import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { attachEmbedded, type EmbeddedOptions, type EmbeddedServer } from '../../src/database/embedded.ts';
import { isServer, readPidFile } from '../../src/database/embedded-pid-file.ts';

/** Homes of embedded databases, and the processes on them, of one test. */
export const PASSWORD = 'a/pass:word%ünd';
const folders: string[] = [];
const attached: EmbeddedServer[] = [];
export const children: ChildProcess[] = [];

/** After each test: nothing of it runs or lies about, even when it failed half way. */
export async function cleanUp(): Promise<void> {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of attached.splice(0)) await server.release();
  for (const folder of folders.splice(0)) {
    await stopWhatRuns(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder of its own, in a parent that the server's user can pass through. */
export function newHome({ isKept = false } = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'smoocho-embedded-')));
  chmodSync(folder, 0o755);
  if (!isKept) folders.push(folder);
  return folder;
}

export const dataOf = (home: string) => join(home, 'postgres', 'data');

export async function attach(home: string, more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await attachEmbedded({ home, password: PASSWORD, ...more });
  attached.push(server);
  return server;
}

/** A real process that attaches; `release` gives its exit code. */
export async function attachChild(home: string) {
  const script = join(import.meta.dirname, 'attach-child.ts');
  const child = spawn(process.execPath, [script, home, PASSWORD], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const hello = JSON.parse(line) as { port: number; startedHere: boolean; url: string };
  const release = async (): Promise<number | null> => {
    const exited = once(child, 'exit');
    child.stdin.write('release\n');
    const [code] = await exited;
    return code;
  };
  return { process: child, hello, release };
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function guards(url: string): Promise<number> {
  const sql = `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND granted`;
  return (await query(url, sql))[0]?.n as number;
}

export function postmaster(home: string): number {
  const file = readPidFile(dataOf(home));
  if (!file) throw new Error('no server runs');
  return file.pid;
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 45_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 45 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A test that failed half way leaves no server behind. */
async function stopWhatRuns(home: string): Promise<void> {
  const file = readPidFile(dataOf(home));
  if (!file || !isServer(file.pid, dataOf(home))) return;
  process.kill(file.pid, 'SIGQUIT');
  await until(() => !isServer(file.pid, dataOf(home)));
}
