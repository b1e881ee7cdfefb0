import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { backupConfig } from './config-backup.ts';
import { ConfigError, unwritable } from './config-error.ts';
import { holdsS3Secret } from './config-storage.ts';
import { isTooDeep, TOO_DEEP } from './contract/hygiene.ts';

/** `config.json`, not validated. May have settings that this version doesn't know. */
export type Settings = Record<string, unknown>;

export const configPath = (home: string) => join(home, 'config.json');

/** A note that `config.json` was lost and written anew, until its owner removes it: all that says so then. */
export const noteOfLoss = (home: string) => `${configPath(home)}.was-lost`;

/** Throws ConfigError when it can't be written. */
export function keepNoteOfLoss(home: string): void {
  const path = noteOfLoss(home);
  const text = `config.json was missing on ${new Date().toISOString()}, and was written anew with the usual settings. Put the old one back, or set again what was in it; then remove this file.\n`;
  if (!existsSync(path)) replaceFile(path, text, () => true);
}

/** Reads the settings of a home; empty without a file. Throws ConfigError. */
export function readConfigFile(home: string): Settings {
  const path = configPath(home);
  const text = readIfThere(path);
  if (text === null) return {};
  const settings = parseSettings(path, text);
  if (holdsSecret(settings)) checkClosed(path);
  return settings;
}

/** Not moved away: schedule, place and recovery key of the backups would go with it. */
const CORRECT_IT = 'Correct it, and keep what is in it. Then look again: smoocho config check';

function readIfThere(path: string): string | null {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  } catch (error) {
    throw new ConfigError(`${path} can't be read (${(error as Error).message}). ${CORRECT_IT}`);
  }
}

function parseSettings(path: string, text: string): Settings {
  let settings: unknown;
  try {
    // Strip the byte order mark that Windows editors write.
    settings = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    // The parser's message quotes the text around the error, which may be a password.
    const place = /line \d+ column \d+/.exec((error as Error).message)?.[0];
    throw new ConfigError(`${path} is not valid JSON${place ? `, from ${place} on` : ''}. ${CORRECT_IT}`);
  }
  if (isTooDeep(settings)) throw new ConfigError(`${path} ${TOO_DEEP}, and no setting is. ${CORRECT_IT}`);
  if (typeof settings === 'object' && settings !== null && !Array.isArray(settings))
    return settings as Settings;
  throw new ConfigError(`${path} has no settings in braces, like {"port": 8080}. ${CORRECT_IT}`);
}

const holdsSecret = (settings: Settings) => hasPassword(settings) || holdsS3Secret(settings);

/** Whether the settings of a home have a secret in them, whoever may read the file; false for a file that can't be read. */
export function fileHoldsSecret(home: string): boolean {
  try {
    const path = configPath(home);
    return holdsSecret(parseSettings(path, readIfThere(path) ?? '{}'));
  } catch {
    return false;
  }
}

/** Whether a URL has a password, in its authority or its parameters. */
function hasPassword({ databaseUrl, databaseReplicaUrl, redisUrl }: Settings): boolean {
  return [databaseUrl, databaseReplicaUrl, redisUrl].some((text) => {
    const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
    return url !== undefined && (url.password !== '' || url.searchParams.has('password'));
  });
}

/** Retries when another program writes the file at the same time. */
const MAX_TRIES = 5;
const NEW_FILE_MODE = 0o600;
/** Limits the mode even under a container's umask of 0: others who may write to the folder could replace our secrets. */
export const HOME_MODE = 0o755;

/**
 * Changes `config.json`: `change` gets the current settings and returns the new ones, including those it doesn't know. Replaces
 * the file atomically and syncs it to disk; mode and owner stay. Calls `change` again when another program wrote the file
 * meanwhile. Throws ConfigError, also for settings that would be refused.
 */
export function changeConfigFile(home: string, change: (settings: Settings) => Settings): void {
  const path = configPath(home);
  for (let tries = 1; ; tries += 1) {
    const before = readIfThere(path);
    const changed = change(before === null ? {} : parseSettings(path, before));
    backupConfig(changed.backup);
    const text = `${JSON.stringify(changed, null, 2)}\n`;
    if (text === before) return;
    if (replaceFile(path, text, () => readIfThere(path) === before)) return;
    if (tries === MAX_TRIES) throw new ConfigError(`${path} is being changed by another program. Try again.`);
  }
}

/** Replaces a file atomically if it `isUnchanged`; returns whether it did. Throws ConfigError when it can't be written. */
function replaceFile(path: string, text: string, isUnchanged: () => boolean): boolean {
  let draft: string | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: HOME_MODE });
    // Replace the target of a symbolic link, not the link.
    const target = existsSync(path) ? targetOf(path) : path;
    draft = draftOf(target);
    const mode = existsSync(target) ? statSync(target).mode & 0o777 : NEW_FILE_MODE;
    writeDraft(draft, text, mode);
    ownLike(draft, existsSync(target) ? target : dirname(target));
    if (!isUnchanged()) return false;
    renameSync(draft, target);
    syncFolder(dirname(target));
    return true;
  } catch (error) {
    throw unwritable(path, error, 'Change it by hand, or give its user the right to.');
  } finally {
    if (draft && existsSync(draft)) rmSync(draft);
  }
}

/** Root follows no link that another user laid to what isn't theirs. Throws ConfigError. */
function targetOf(path: string): string {
  const link = lstatSync(path);
  const target = realpathSync(path);
  if (process.getuid?.() === 0 && link.isSymbolicLink() && ![0, statSync(target).uid].includes(link.uid))
    throw new ConfigError(
      `${path} is a link to ${target}, which belongs to somebody else. Put a file in its place.`,
    );
  return target;
}

/** A name beside a file that no other process takes, and nobody can guess. */
export const draftOf = (path: string): string => `${path}.${randomUUID()}.tmp`;

/**
 * Writes a new file whole, on the disk and with just this mode. Throws EEXIST for one that is there: whoever may write to the
 * folder could have laid a link, through which root would change another file.
 */
export function writeDraft(path: string, text: string, mode: number): void {
  const handle = openSync(path, 'wx', mode);
  try {
    fchmodSync(handle, mode);
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Keeps the owner when root changes a file: a service that runs as another user must still read it. */
function ownLike(path: string, like: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(like);
  lchownSync(path, uid, gid);
}

/** Gives what root creates the owner of its folder: that user's service must read and replace it. */
export const ownAsAround = (path: string): void => ownLike(path, dirname(path));

const demoMark = (home: string) => join(home, 'is-demo');

/** Says in a home that a demo was made in it. */
export function markDemo(home: string): void {
  if (existsSync(demoMark(home))) return;
  writeDraft(demoMark(home), '', 0o600);
  ownAsAround(demoMark(home));
}

/** Whether a home has a demo alone: what was started as a shop has settings. */
export const isDemoHome = (home: string) => existsSync(demoMark(home)) && !existsSync(configPath(home));

const READABLE = 0o044;
const TO_OTHERS = 0o077;

/** Throws ConfigError when a file with a secret has one of the permission bits in `closedTo`. */
export function checkClosed(path: string, closedTo = TO_OTHERS): void {
  const loose = process.platform === 'win32' ? 0 : statSync(path).mode & closedTo;
  if (loose === 0) return;
  const how = (loose & READABLE) !== 0 ? 'can be read by others' : 'is open to others';
  throw new ConfigError(`${path} ${how}. Close it: chmod ${(0o666 & ~closedTo).toString(8)} ${path}`);
}

/** Syncs a folder, so that created and renamed files survive a power cut. */
export function syncFolder(folder: string): void {
  // Windows can't sync a folder.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
