import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { App } from '../app.ts';
import { type Config, draftOf, ownAsAround, writeDraft } from '../config.ts';
import type { HttpsPort } from './https.ts';
import { isEverywhere, lanAddresses, urlOf } from './lan-addresses.ts';

/** Where a server listens, and what it was told of the way there. */
export type Place = {
  host: string;
  port: number;
  /** Null where HTTPS is not served. */
  httpsPort: number | null;
  /** Tills reach it through a proxy, by these names. */
  isProxied: boolean;
  allowedHosts: string[];
};

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
});
export type ServerFile = z.output<typeof ServerFile>;

const pathIn = (home: string) => join(home, 'server.json');

/**
 * Keeps in the home where this server listens, until `close`: a command has neither its options nor, under systemd, its
 * environment. A home that can't be written keeps nobody from selling.
 */
export function keepServerFile(
  { config, log, now }: Pick<App, 'config' | 'log' | 'now'>,
  { host, port, https }: { host: string; port: number; https: HttpsPort },
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

/** The server that runs on this home; undefined where there is none, or one in another container. */
export function readServerFile(home: string): ServerFile | undefined {
  try {
    const file = ServerFile.parse(JSON.parse(readFileSync(pathIn(home), 'utf8')));
    return isRunning(file) ? file : undefined;
  } catch {
    // None, of another version, or damaged.
    return undefined;
  }
}

/** Where a server would listen by the settings alone. */
export const configuredPlace = (config: Config): Place => ({
  host: config.host,
  port: config.port,
  httpsPort: config.tls?.port ?? null,
  ...proxyOf(config),
});

const proxyOf = ({ edge }: Config) => ({
  isProxied: edge.trustedProxies.length > 0,
  allowedHosts: edge.allowedHosts,
});

/**
 * Where devices reach it, the likeliest first; none if it listens on this machine alone. Over plain HTTP, for a device that
 * doesn't trust the shop's certificate yet; through a proxy by HTTPS, which is what a proxy is there for.
 */
export function deviceUrls({ host, port, isProxied, allowedHosts }: Place): string[] {
  if (isProxied) return allowedHosts.map((name) => `https://${name}`);
  if (isEverywhere(host)) return lanAddresses({ host }).map((address) => urlOf('http', address, port));
  return isLoopback(host) ? [] : [urlOf('http', host, port)];
}

/** What this machine itself reaches it by. */
export const ownUrl = ({ host, port }: Pick<Place, 'host' | 'port'>) =>
  urlOf('http', isEverywhere(host) ? 'localhost' : host, port);

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

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
