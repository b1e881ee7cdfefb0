import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config.ts';
import { readMachine } from '../../doctor/probes/machine.ts';
import { readPort } from '../../doctor/probes/network.ts';
import { formatMinute, formatSize } from '../../figures.ts';
import { canBeNow, LEAST_MEMORY_BYTES } from '../../machine-limits.ts';
import { packageFile } from '../../package-file.ts';
import type { Shell } from '../command.ts';
import { CheckError } from '../exit-codes.ts';

/** A warning says what will be missed; a problem stops. */
export type PreflightFinding = { id: string; state: 'warning' | 'problem'; detail: string };

const MB = 1_000_000;
/** A new database has 47 MB and its log 30, and a restore into it or a first backup need as much again. */
const LEAST_BYTES = 300 * MB;
/** What a home without a database of its own writes: settings, keys, pictures, backups. */
const LEAST_BYTES_OUTSIDE = 50 * MB;
/** A year of a small shop with its backups. */
const GOOD_BYTES = 2_000 * MB;
const DAY = 86_400_000;

type Purpose = {
  /** `start` needs its port at once; `init` only says so. */
  needsPort: boolean;
};

/** Looks at the machine before the first question. Changes nothing. Takes three seconds at most. */
export async function preflight(config: Config, { needsPort }: Purpose): Promise<PreflightFinding[]> {
  const found = await Promise.all([
    checkHome(config.home),
    checkDisk(config),
    checkMemory(),
    checkClock(new Date()),
    checkPort(config, needsPort),
  ]);
  return found.filter((finding) => finding !== null);
}

/** Throws CheckError, which names all problems. */
export function requireNoProblem(findings: PreflightFinding[]): void {
  const problems = findings.filter(({ state }) => state === 'problem');
  if (problems.length > 0)
    throw new CheckError([...problems.map(({ detail }) => detail), 'Nothing was changed.'].join('\n'));
}

/** Looks at the machine. Throws CheckError for problems, gives the warnings. */
export async function checkMachine(config: Config, needsPort: boolean): Promise<PreflightFinding[]> {
  const findings = await preflight(config, { needsPort });
  requireNoProblem(findings);
  return findings;
}

/** Prints warnings. */
export const sayFindings = (shell: Shell, findings: PreflightFinding[]): void => {
  if (findings.length > 0) shell.say(...findings.map(({ detail }) => `Warning: ${detail}`), '');
};

/** The folder itself, or the nearest one above it that is there. */
const nearest = (folder: string): string =>
  existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));

function checkHome(home: string): PreflightFinding | null {
  const folder = nearest(home);
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      id: 'home',
      state: 'problem',
      detail: `${folder} can't be written to by this user (${code}). Name a folder that is yours with --home or SMOOCHO_HOME, or run this as the user who owns it.`,
    };
  }
}

async function checkDisk({ home, databaseUrl }: Config): Promise<PreflightFinding | null> {
  const folder = nearest(home);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const least = databaseUrl ? LEAST_BYTES_OUTSIDE : LEAST_BYTES;
  if (free < least)
    return {
      id: 'disk',
      state: 'problem',
      detail: `The disk of ${folder} has ${formatSize(free)} free, and ${formatSize(least)} are needed. Free some, or name a folder on another disk with --home.`,
    };
  if (free >= GOOD_BYTES) return null;
  return {
    id: 'disk',
    state: 'warning',
    detail: `The disk of ${folder} has ${formatSize(free)} free. That is little for years of sales and their backups.`,
  };
}

function checkMemory(): PreflightFinding | null {
  const { memoryBytes } = readMachine();
  if (memoryBytes >= LEAST_MEMORY_BYTES) return null;
  return {
    id: 'memory',
    state: 'warning',
    detail: `This machine has ${formatSize(memoryBytes)} of memory. Take one with 1 GB or more: with less, the system may end the server in a rush.`,
  };
}

/** By what is sure: this program was not there before it was written, nor before its own files. */
export function checkClock(
  now: Date,
  installedAt = statSync(packageFile('package.json')).mtime,
): PreflightFinding | null {
  const shown = `The clock of this machine says ${formatMinute(now)}`;
  const mend = 'Set it, or let it have the internet: timedatectl set-ntp true';
  if (!canBeNow(now))
    return {
      id: 'clock',
      state: 'problem',
      detail: `${shown}, which can't be. Bills would get that date. ${mend}`,
    };
  if (now.getTime() >= installedAt.getTime() - DAY) return null;
  return {
    id: 'clock',
    state: 'warning',
    detail: `${shown}, but the program was installed later than that. ${mend}`,
  };
}

async function checkPort({ host, port }: Config, needsPort: boolean): Promise<PreflightFinding | null> {
  const found = await readPort(host, port, 'http');
  const { code } = found;
  if (code === null) return null;
  const state = needsPort ? 'problem' : 'warning';
  const other = `smoocho start --port ${port + 1}`;
  if (found.state === 'ours') {
    return {
      id: 'port',
      state,
      detail: `A Smoocho server runs at port ${port} of this machine already. If it is this shop's, all is well; two shops on one machine take a port each: ${other}`,
    };
  }
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken by another program. Stop that, or take another port: ${other}`,
    EACCES: `Port ${port} may only be used by root. Take one above 1023: smoocho start --port 8080`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: change HOST, or host in config.json.`,
  };
  return { id: 'port', state, detail: reasons[code] ?? `Port ${port} can't be listened at (${code}).` };
}
