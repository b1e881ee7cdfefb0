import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { DatabaseUnreachableError } from './errors.ts';

/** What PostgreSQL's `postmaster.pid` says; port and status come some milliseconds after the pid. */
export type PidFile = { pid: number; port: number | undefined; status: string | undefined; text: string };

const PROBE_TIMEOUT_MS = 2_000;
/** A server listens within a second of writing its pid; one that still does not was never it. */
const SETTLE_MS = 10_000;

/** The server of this data folder as it runs, starts or stops, or undefined. A file that lies is put away. */
export async function findServer(data: string): Promise<PidFile | undefined> {
  const file = readPidFile(data);
  if (!file || !isRunning(file.pid)) return undefined; // PostgreSQL itself clears what a dead one left
  const isOurs =
    process.platform === 'linux' ? isServer(file.pid, data) : await listensOrIsNew(data, file.port);
  if (isOurs) return file;
  putAway(data, file.text);
  return undefined;
}

/** Throws DatabaseUnreachableError when the data are another user's. */
export function readPidFile(data: string): PidFile | undefined {
  try {
    const text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
    const lines = text.split('\n').map((line) => line.trim());
    const pid = Math.abs(Number(lines[0]));
    if (!Number.isInteger(pid) || pid === 0) return undefined;
    return { pid, port: Number(lines[3]) || undefined, status: lines[7] || undefined, text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new DatabaseUnreachableError(
      `${data} belongs to another user: run the command as the user who started it first ` +
        '(with sudo, if that was root).',
    );
  }
}

/**
 * Whether that process is a PostgreSQL on this data folder. A pid says little: after a power cut it may be
 * anybody's. Where the system doesn't tell, any living process is taken for it.
 */
export function isServer(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return isRunning(pid);
  try {
    // Empty for one that has ended and is not yet reaped.
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // An emulator's own name comes first, as for an image of another architecture (qemu, Rosetta), then once or twice the program's.
    const isPostgres = args.slice(0, 3).some((arg) => /^(postgres|postmaster)\b/.test(basename(arg)));
    return isPostgres && (args.includes(data) || readlinkSync(`/proc/${pid}/cwd`) === data);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return (code === 'EACCES' || code === 'EPERM') && isRunning(pid);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function listensOrIsNew(data: string, port: number | undefined): Promise<boolean> {
  if (port !== undefined && (await listens(port))) return true;
  const stat = statSync(join(data, 'postmaster.pid'), { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < SETTLE_MS;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: PROBE_TIMEOUT_MS });
    const done = (isListening: boolean) => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('timeout', () => done(false));
  });
}

/** Takes it out of the way by a rename, and puts it back if a server wrote a new one in between. */
function putAway(data: string, judged: string): void {
  const path = join(data, 'postmaster.pid');
  const aside = `${path}.stale-${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== judged) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}
