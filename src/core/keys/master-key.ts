import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { chownSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  ConfigError,
  type MasterKeyPlace,
  makeSecretFile,
  readSecretFile,
  syncFolder,
} from '../../config.ts';

/** The master key is not the one that this database was encrypted with. Nothing was written. Exit code 6. */
export class WrongKeyError extends Error {
  override name = 'WrongKeyError';
}

/** A master key, and whether it still stands beside the file that it is to take the place of. */
export type MasterKey = { key: KeyObject; isNext: boolean };

const KEY_BYTES = 32;
/** An orchestrator hands files over by their group, which may read them and no more; ours are for their owner alone. */
const CLOSED_BUT_TO_READERS = 0o037;

/** What holds the key, as a sentence begins. */
export const nameOf = (place: MasterKeyPlace) =>
  'text' in place ? 'The key in MASTER_KEY' : `The key file ${place.path}`;

/** Identifies a master key without revealing it. */
export const masterKeyFingerprint = (key: KeyObject): string =>
  createHmac('sha256', key).update('smoocho master key').digest('hex').slice(0, 16);

const nextPath = (path: string) => `${path}.next`;

/** 32 bytes as base64 or base64url. Throws ConfigError. */
function asKey(text: string, name: string): KeyObject {
  const bytes = Buffer.from(text, 'base64url');
  if (/^[\w+/-]{43}=?$/.test(text) && bytes.length === KEY_BYTES) return createSecretKey(bytes);
  throw new ConfigError(
    `${name} is not 32 bytes in base64. Put back the right one from a backup; for a new database, make one: openssl rand -base64 32`,
  );
}

/** The key in a file. Throws ConfigError for one that is open to others, or is none. */
export const readKeyFile = (path: string, isOurs = false): KeyObject =>
  asKey(readSecretFile(path, isOurs ? undefined : CLOSED_BUT_TO_READERS), `The key file ${path}`);

/**
 * The master keys that there are, read anew: the one in use, and after it the one that a change of it left beside the file.
 * Throws ConfigError for one that is open to others, or is none.
 */
export function readMasterKeys(place: MasterKeyPlace): MasterKey[] {
  if ('text' in place) return [{ key: asKey(place.text, nameOf(place)), isNext: false }];
  const { path, isOurs } = place;
  const found: MasterKey[] = existsSync(path) ? [{ key: readKeyFile(path, isOurs), isNext: false }] : [];
  if (!isOurs || !existsSync(nextPath(path))) return found;
  // One that a crash cut off was never used: it is there for nothing.
  const next = attempt(() => readKeyFile(nextPath(path), isOurs));
  return next ? [...found, { key: next, isNext: true }] : found;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}

/** For a database that has no keys yet. Throws ConfigError for a file that is named and is not there. */
export function checkNamedFile(place: MasterKeyPlace): void {
  if ('text' in place || place.isOurs || existsSync(place.path)) return;
  throw new ConfigError(`MASTER_KEY_FILE names ${place.path}, which is not there.`);
}

/** For a database that has no keys yet: makes the file if it is ours and is not there. Throws ConfigError. */
export function makeMasterKey(place: MasterKeyPlace): KeyObject {
  checkNamedFile(place);
  if ('path' in place && !existsSync(place.path)) makeSecretFile(place.path);
  return (readMasterKeys(place)[0] as MasterKey).key;
}

/** A new key in a file of its own, on the disk. Throws ConfigError when the folder can't be written. */
export function makeKeyFile(path: string): KeyObject {
  makeSecretFile(path);
  return readKeyFile(path, true);
}

/** A new key beside the one in use, of the same owner. What a change that was given up left there is of no use to anybody. */
export function makeNextKey(path: string): KeyObject {
  rmSync(nextPath(path), { force: true });
  const key = makeKeyFile(nextPath(path));
  const { uid, gid } = statSync(path);
  // By root, for a server that runs as somebody else: it could not read one of root's.
  if (process.getuid?.() === 0) chownSync(nextPath(path), uid, gid);
  return key;
}

/** Puts the new key in the place of the old one. */
export function promoteNextKey(path: string): void {
  renameSync(nextPath(path), path);
  syncFolder(dirname(path));
}
