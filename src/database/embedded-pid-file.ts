import { randomUUID } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { NotYet, sleep } from './embedded-run.ts';
import { DatabaseUnreachableError } from './errors.ts';

/** What PostgreSQL's `postmaster.pid` says; port and status come some milliseconds after the pid. */
export type PidFile = { pid: number; port: number | undefined; status: string | undefined; text: string };

const PID_FILE = 'postmaster.pid';
const PROBE_TIMEOUT_MS = 2_000;
/** A server listens within a second of writing its pid; one that still does not was never it. */
const SETTLE_MS = 10_000;

/** A server writes its file within milliseconds of making it: one that stays empty for so long was left by a power cut. */
const BROKEN_MS = 1_000;
const LAST_PID = 2 ** 31 - 1;

/** The server of this data folder as it runs, starts or stops, or undefined. A file that lies is put away. */
export async function findServer(data: string): Promise<PidFile | undefined> {
  const file = readPidFile(data);
  if (!file) return await findBehindBroken(data);
  if (!isRunning(file.pid)) return undefined; // PostgreSQL itself clears what a dead one left
  const isOurs =
    process.platform === 'linux' ? isServer(file.pid, data) : await listensOrIsNew(data, file.port);
  if (isOurs) return file;
  putAway(data, ({ text }) => text === file.text);
  return undefined;
}

/**
 * Of a file that names no process, as a power cut leaves one (empty, or full of zeros): PostgreSQL refuses to start beside it for
 * ever. It is put away if nothing runs on the data. Throws NotYet while processes of a dead server still end.
 */
async function findBehindBroken(data: string): Promise<PidFile | undefined> {
  const seen = stateOf(data);
  if (!seen) return undefined;
  // By our own clock: after a power cut, a machine without a battery has another time than its files.
  await sleep(BROKEN_MS);
  const now = stateOf(data);
  if (!now || !isSameState(now, seen)) return await findServer(data);
  const processes = serversOn(data);
  const server = processes.find(({ port }) => port !== undefined);
  if (server) return { ...server, status: 'ready', text: now.text };
  if (processes.length > 0) throw new NotYet('processes of the server before it still end');
  putAway(data, (file) => isSameState(file, seen));
  return undefined;
}

type FileState = { text: string; inode: bigint; changedNs: bigint };

function stateOf(data: string, name = PID_FILE): FileState | undefined {
  const stat = statSync(join(data, name), { bigint: true, throwIfNoEntry: false });
  return stat && { text: readFileSync(join(data, name), 'utf8'), inode: stat.ino, changedNs: stat.mtimeNs };
}

const isSameState = (one: FileState, other: FileState) =>
  one.text === other.text && one.inode === other.inode && one.changedNs === other.changedNs;

/** Processes of PostgreSQL on this data folder, as Linux tells of them; the postmaster is the one with a port in its arguments. */
function serversOn(data: string): { pid: number; port: number | undefined }[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).flatMap((pid) => (isServer(pid, data) ? { pid, port: portInArgs(pid) } : []));
}

function portInArgs(pid: number): number | undefined {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return Number(args[args.indexOf('-p') + 1]) || undefined;
  } catch {
    return undefined; // It has just ended.
  }
}

/** Undefined where there is none, or one that names no process. Throws DatabaseUnreachableError when the data are another user's. */
export function readPidFile(data: string): PidFile | undefined {
  try {
    const text = readFileSync(join(data, PID_FILE), 'utf8');
    const lines = text.split('\n').map((line) => line.trim());
    const pid = Math.abs(Number(lines[0]));
    if (!Number.isInteger(pid) || pid === 0 || pid > LAST_PID) return undefined;
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
  const stat = statSync(join(data, PID_FILE), { throwIfNoEntry: false });
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
function putAway(data: string, isJudged: (file: FileState) => boolean): void {
  const asideName = `${PID_FILE}.stale-${randomUUID()}`;
  const [path, aside] = [join(data, PID_FILE), join(data, asideName)];
  try {
    renameSync(path, aside);
    const found = stateOf(data, asideName);
    if (found && !isJudged(found)) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}
