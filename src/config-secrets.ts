import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, unwritable } from './config-error.ts';
import { checkClosed, draftOf, HOME_MODE, ownAsAround, syncFolder, writeDraft } from './config-file.ts';
import { type Env, fromEnvOrFile } from './config-sources.ts';

/** Read when first asked for and made when missing, so that a command that needs none makes none. */
export type Secrets = { get(name: SecretName): string };
export type SecretName = 'postgres-password';

export function openSecrets(folder: string, env: Env): Secrets {
  const known = new Map<SecretName, string>();
  return {
    get(name) {
      const secret =
        known.get(name) ??
        fromEnvOrFile(env, name.toUpperCase().replaceAll('-', '_')) ??
        readOrMake(join(folder, name));
      known.set(name, secret);
      return secret;
    },
  };
}

/** The file of a password that takes the place of one in use, until it has. */
export const nextPasswordPath = (home: string) => join(home, 'secrets', 'database-password.next');

/** Puts the embedded database's new password in the place of the old one, at once and for good. Throws ConfigError. */
export function promotePassword(home: string): void {
  const path = join(home, 'secrets', 'postgres-password');
  try {
    renameSync(nextPasswordPath(home), path);
    syncFolder(dirname(path));
  } catch (error) {
    throw unwritable(path, error, 'Give its user the right to, and run the command again.');
  }
}

/** Looks at our secrets that are there, and makes none. Throws ConfigError for one that is open to others or empty. */
export function checkSecrets(folder: string, env: Env): void {
  const path = join(folder, 'postgres-password');
  const isElsewhere = fromEnvOrFile(env, 'DATABASE_URL') ?? fromEnvOrFile(env, 'POSTGRES_PASSWORD');
  if (!isElsewhere && existsSync(path)) readSecretFile(path);
}

function readOrMake(path: string): string {
  if (!existsSync(path)) makeSecretFile(path);
  return readSecretFile(path);
}

/** What a secret's file says. Throws ConfigError when it is empty, can't be read, or has one of the bits `closedTo`. */
export function readSecretFile(path: string, closedTo?: number): string {
  let secret: string;
  try {
    checkClosed(path, closedTo);
    secret = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path} can't be read (${(error as Error).message}).`);
  }
  if (secret === '')
    throw new ConfigError(`${path} is empty. Restore it from a backup, or remove it to make a new one.`);
  return secret;
}

/** 32 random bytes, for a secret. */
export const newSecret = () => randomBytes(32).toString('base64url');

/**
 * Puts a secret into a file that only its owner can read, and on the disk, before anything is made that depends on it. One
 * that is there already stays: of two processes that start at once, one makes it and the other reads it.
 */
export function makeSecretFile(path: string, secret = newSecret()): void {
  const folder = dirname(path);
  const draft = draftOf(path);
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: HOME_MODE });
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) ownAsAround(folder);
    writeDraft(draft, secret, 0o600);
    ownAsAround(draft);
    // All of it or nothing under its name, and never over another one.
    linkSync(draft, path);
    syncFolder(folder);
  } catch (error) {
    if (existsSync(path)) return;
    throw unwritable(folder, error, 'Set SMOOCHO_HOME to a folder that you may write to.');
  } finally {
    if (existsSync(draft)) rmSync(draft);
  }
}
