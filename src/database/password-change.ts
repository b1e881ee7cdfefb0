import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import {
  asDatabaseUrl,
  changeConfigFile,
  makeSecretFile,
  newSecret,
  nextPasswordPath,
  promotePassword,
  readConfigFile,
  readSecretFile,
} from '../config.ts';
import { WrongPasswordError } from './errors.ts';
import { withClient } from './migrate.ts';
import { isNotLetIn } from './pg-errors.ts';

// A change of the password has three steps: the new one is on the disk beside the old one, PostgreSQL takes it, it takes the old
// one's place. Cut off after any of them, one of the two files opens the database, and whatever opens it next ends the change.

/** A new password, on the disk beside the one in use. What a change that was given up left there is of no use. Throws ConfigError. */
export function makeNextPassword(home: string): string {
  const path = nextPasswordPath(home);
  rmSync(path, { force: true });
  makeSecretFile(path, newSecret());
  return readSecretFile(path);
}

export const dropNextPassword = (home: string) => rmSync(nextPasswordPath(home), { force: true });

/** The embedded database by its password, or by the one that a change was cut off at. Throws what `attach` throws. */
export async function withSettledPassword<T>(
  home: string,
  password: string,
  attach: (password: string) => Promise<T>,
): Promise<T> {
  try {
    return await attach(password);
  } catch (error) {
    // Only where the old one no longer opens it: another process may be in the middle of a change.
    if (!(error instanceof WrongPasswordError) || !existsSync(nextPasswordPath(home))) throw error;
    const attached = await attach(readSecretFile(nextPasswordPath(home)));
    promotePassword(home);
    return attached;
  }
}

/** The address in `config.json`, or the same with the password that a change of it was cut off at, which is then written there. */
export async function settledUrl(home: string, url: string): Promise<string> {
  if (!existsSync(nextPasswordPath(home)) || !isInFile(home, url) || !(await isRefused(url))) return url;
  const next = withPassword(url, readSecretFile(nextPasswordPath(home)));
  if (await isRefused(next)) return url;
  writePassword(home, url, readSecretFile(nextPasswordPath(home)));
  return next;
}

export const isInFile = (home: string, url: string): boolean => {
  const { databaseUrl } = readConfigFile(home);
  return typeof databaseUrl === 'string' && asDatabaseUrl(databaseUrl) === url;
};

/** Writes a new password into `config.json`, for a standby of the same role too, and ends the change. Throws ConfigError. */
export function writePassword(home: string, url: string, password: string): void {
  changeConfigFile(home, (settings) => {
    const { databaseUrl, databaseReplicaUrl } = settings;
    const isSame = typeof databaseReplicaUrl === 'string' && accountOf(databaseReplicaUrl) === accountOf(url);
    return {
      ...settings,
      databaseUrl: withPassword(String(databaseUrl), password),
      ...(isSame && { databaseReplicaUrl: withPassword(databaseReplicaUrl, password) }),
    };
  });
  dropNextPassword(home);
}

/** Role and password of an address: a standby has those of its primary. */
function accountOf(text: string): string {
  const url = new URL(text);
  return JSON.stringify([url.username, passwordOf(text)]);
}

/** The password in an address, in its authority or its parameters; undefined: there is none. */
export function passwordOf(text: string): string | undefined {
  const url = new URL(text);
  return decodeURIComponent(url.password) || url.searchParams.get('password') || undefined;
}

export function withPassword(text: string, password: string): string {
  const url = new URL(text);
  if (url.password) url.password = encodeURIComponent(password);
  else url.searchParams.set('password', password);
  return url.href;
}

async function isRefused(url: string): Promise<boolean> {
  try {
    await withClient(url, async () => {});
    return false;
  } catch (error) {
    return isNotLetIn((error as Error).cause);
  }
}

const ITERATIONS = 4_096;

/** What PostgreSQL keeps of a password (RFC 5803), so that the password itself is in no statement, log or list of what runs. */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
