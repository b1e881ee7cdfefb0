import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { App } from './app.ts';
import { type Config, draftOf, ownAsAround, writeDraft } from './config.ts';
import { version } from './version.ts';

const ServerFile = z.object({
  pid: z.int().min(1),
  /** Since boot, in the system's ticks: another process may get the same id. Null where the system doesn't tell. */
  startTicks: z.string().nullable(),
  startedAt: z.iso.datetime(),
  host: z.string(),
  port: z.int(),
  httpsPort: z.int().nullable(),
  isProxied: z.boolean(),
  allowedHosts: z.array(z.string()),
  /** Of the program and of its data; null in a file of an older version. */
  version: z.string().nullable().default(null),
  home: z.string().nullable().default(null),
});
export type ServerFile = z.output<typeof ServerFile>;

/** Allowed hosts are all of it that grows. */
const MAX_BYTES = 256 * 1024;

const pathIn = (home: string) => join(home, 'server.json');

/**
 * Keeps in the home where this server listens, until `close`: a command has neither its options nor, under systemd, its
 * environment. A home that can't be written keeps nobody from selling.
 */
export function keepServerFile(
  { config, log, now }: Pick<App, 'config' | 'log' | 'now'>,
  { host, port, https }: { host: string; port: number; https: { port: number } | { error: Error } | null },
): { close(): void } {
  const path = pathIn(config.home);
  const file: ServerFile = {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    startedAt: now().toISOString(),
    host,
    port,
    httpsPort: https && 'port' in https ? https.port : null,
    ...proxyOf(config),
    version,
    home: config.home,
  };
  try {
    const draft = draftOf(path);
    writeDraft(draft, `${JSON.stringify(file, null, 2)}\n`, 0o600);
    ownAsAround(draft);
    renameSync(draft, path);
  } catch (error) {
    log.warn({ err: error }, 'commands will not know where this server listens');
  }
  return {
    close() {
      // A server that was started after this one has written its own.
      if (readServerFile(config.home)?.pid !== process.pid) return;
      try {
        rmSync(path, { force: true });
      } catch (error) {
        log.warn({ err: error }, 'the address of this server stays behind');
      }
    },
  };
}

export type SeenServerFile = ServerFile & {
  path: string;
  /** Whether the process of the file is still there. */
  isRunning: boolean;
  /** False in a copy of another home. */
  isOfThisHome: boolean;
};

/** What `server.json` of a home says; undefined where there is none, or none that can be read. */
export function lookAtServerFile(home: string): SeenServerFile | undefined {
  const path = pathIn(home);
  try {
    const file = ServerFile.parse(JSON.parse(readPlainFile(path)));
    const isOfThisHome = isSameFolder(file.home ?? home, home);
    return { ...file, path, isRunning: isRunning(file), isOfThisHome };
  } catch {
    // Damaged, or of a later version.
    return undefined;
  }
}

/** Opened without waiting, and read only as a plain file: whatever else lies there must not hang a command. */
function readPlainFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size > MAX_BYTES) throw new Error('no plain file of a server');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** The server that runs on this home; undefined where there is none, or one in another container. */
export function readServerFile(home: string): ServerFile | undefined {
  const file = lookAtServerFile(home);
  // A copy of a home brings the file of the other one's server along.
  return file?.isRunning && file.isOfThisHome ? file : undefined;
}

/** How the settings say that tills reach a server. */
export const proxyOf = ({ edge }: Config) => ({
  isProxied: edge.trustedProxies.length > 0,
  allowedHosts: edge.allowedHosts,
});

function isSameFolder(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

function isRunning({ pid, startTicks }: ServerFile): boolean {
  if (startTicks !== null) return startTicksOf(pid) === startTicks;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat (proc_pid_stat(5)); null for a process that ended, and where there is no /proc. */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, and may have blanks and brackets in it.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
