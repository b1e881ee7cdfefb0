import { statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { Env } from './config-sources.ts';

/**
 * The folder that everything is kept in: `named` by an option, that of the environment, or the user's default; also where its
 * settings are refused. Rejects an empty name, such as an unset variable in a script: it would mean the current folder. Throws
 * ConfigError.
 */
export function findHome(named: string | undefined, env: Env = process.env): string {
  if (named?.trim() === '') throw new ConfigError('--home names no folder.');
  const home = resolve(named ?? (env.SMOOCHO_HOME || defaultHome()));
  checkPlace(home);
  return home;
}

/** PostgreSQL refuses to run as root, and root's own home is closed to others: root's data lives in /var/lib. */
export function defaultHome(): string {
  return process.getuid?.() === 0 ? '/var/lib/smoocho' : join(homedir(), '.smoocho');
}

/** Magic number of Linux's /proc, see statfs(2). Making a folder in it never ends in Node 24. */
const PROC = 0x9fa0;

/** Rejects what can't be a folder. Whether it may be written is known when something is written. */
function checkPlace(home: string): void {
  const there = nearest(home);
  if (there === undefined) return;
  const { path, isFolder } = there;
  if (isFolder && !(process.platform === 'linux' && path !== home && statfsSync(path).type === PROC)) return;
  const reason = isFolder ? 'holds no files' : 'is a file, not a folder';
  throw new ConfigError(
    `The home ${home} can't be used: ${path} ${reason}. Name a folder of yours with --home or SMOOCHO_HOME.`,
  );
}

/** What there is of a path; undefined where the system doesn't say. */
function nearest(path: string): { path: string; isFolder: boolean } | undefined {
  try {
    return { path, isFolder: statSync(path).isDirectory() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    return isMissing && dirname(path) !== path ? nearest(dirname(path)) : undefined;
  }
}
