import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync } from 'node:fs';
import { type Binaries, packagedBinaries } from './embedded-binaries.ts';
import { logEndSince, openLog } from './embedded-log.ts';
import { isServer, readPidFile } from './embedded-pid-file.ts';
import { choosePort, savePort } from './embedded-port.ts';
import { BARE_ENV, identity, NotYet, run, type ServerUser, sleep, tellingLine } from './embedded-run.ts';
import type { ClusterPaths } from './embedded-user.ts';
import { DatabaseUnreachableError } from './errors.ts';

/** Crash recovery reads at most max_wal_size of log: seconds on a PC, a minute or so on an SD card. */
export const START_TIMEOUT_MS = 120_000;
/** A fast stop writes what is in memory (64 MB at most) to the disk. */
const STOP_TIMEOUT_MS = 60_000;
/** An immediate stop writes nothing; what is acknowledged is in the log already. */
const IMMEDIATE_TIMEOUT_MS = 10_000;
const POLL_MS = 25;

type Warn = (line: string) => void;

/** Several workers with a pool each, and commands beside them. */
const MAX_CONNECTIONS = 60;

/** Sized for a Raspberry Pi that runs the shop beside it; nothing here trades safety for speed. */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '64MB',
  effective_cache_size: '512MB',
  // Data of this size is in memory: helpers that read ahead would only take some of it.
  io_method: 'sync',
  huge_pages: 'off',
  jit: 'off',
  random_page_cost: '1.1',
  // Nobody replicates from it (archives are COPY text), and SD cards wear out by writing.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  wal_compression: 'on',
  min_wal_size: '80MB',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_min_messages: 'warning',
  // No statements and no details: they hold customers' names.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/**
 * Starts the server on the port it had last, else on a free one, and waits until it takes connections.
 * PostgreSQL's own lock (`postmaster.pid`) decides which of several starts wins; the others get NotYet.
 */
export async function startServer(
  paths: ClusterPaths,
  binaries: Binaries,
  user: ServerUser | undefined,
  {
    warn,
    maxConnections = MAX_CONNECTIONS,
  }: { warn?: Warn | undefined; maxConnections?: number | undefined },
): Promise<{ pid: number; port: number }> {
  const port = await choosePort(paths.portFile, warn);
  const log = openLog(paths.logFile, user);
  const logStart = fstatSync(log).size;
  const all = { ...SETTINGS, max_connections: String(maxConnections) };
  const settings = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(binaries.postgres, ['-D', paths.data, '-p', String(port), ...settings], {
    ...identity(user),
    cwd: paths.folder,
    env: BARE_ENV,
    stdio: ['ignore', log, log],
    // A session of its own: Ctrl-C in the terminal is for the command, and the server outlives its crash.
    detached: true,
    windowsHide: true,
  });
  closeSync(log);
  child.unref();
  await untilReady(child, paths, logStart);
  savePort(paths.portFile, port);
  return { pid: child.pid as number, port };
}

async function untilReady(child: ChildProcess, paths: ClusterPaths, logStart: number): Promise<void> {
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `it ended with ${signal ?? code}`;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (ended !== undefined) throw new NotYet(tellingLine(logEndSince(paths.logFile, logStart)) ?? ended);
    const file = readPidFile(paths.data);
    if (file && file.pid === child.pid && file.status === 'ready') return;
    await sleep(POLL_MS);
  }
  // It is left to finish: stopping a recovery would only make the next one start over.
  throw new DatabaseUnreachableError(
    `The embedded PostgreSQL is still recovering after ${START_TIMEOUT_MS / 1000} s: look at ` +
      `${paths.logFile}, and try again later.`,
  );
}

/**
 * Fast: no new sessions, the open ones are ended, all is written. When that hangs, immediate (recovers
 * at start).
 */
export async function stopServer(
  paths: ClusterPaths,
  pid: number,
  log: (line: string) => void,
): Promise<void> {
  await signalServer(paths, pid, 'SIGINT');
  if (await untilGone(paths, pid, STOP_TIMEOUT_MS)) return;
  log(`PostgreSQL takes more than ${STOP_TIMEOUT_MS / 1000} s to stop; stopping it at once`);
  await signalServer(paths, pid, 'SIGQUIT');
  if (await untilGone(paths, pid, IMMEDIATE_TIMEOUT_MS)) return;
  log(`PostgreSQL (process ${pid}) does not stop; the next command will use it`);
}

export async function signalServer(
  { data, folder }: ClusterPaths,
  pid: number,
  signal: 'SIGINT' | 'SIGQUIT' | 'SIGTERM',
): Promise<void> {
  if (process.platform === 'win32') {
    // Windows has no signals; PostgreSQL brings its own way to send them.
    const { pgCtl } = await packagedBinaries();
    await run(pgCtl, ['kill', signal.slice(3), String(pid)], {
      cwd: folder,
      timeoutMs: IMMEDIATE_TIMEOUT_MS,
    });
    return;
  }
  try {
    if (isServer(pid, data)) process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function untilGone({ data }: ClusterPaths, pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isServer(pid, data)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
