import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, makeSecretFile, readSecretFile } from '../config.ts';
import { identitiesIn, newKeyPair, recipientOf } from './archive/encryption.ts';

/** The key with which this machine opens its own archives, to verify and drill them. No archive has it. */
const boxKeyFile = (home: string) => join(home, 'secrets', 'backup-key');

export type BoxKey = { identity: string; recipient: string };

/** This machine's key, created if missing. Throws ConfigError if others can read its file or it has none. */
export async function boxKey(home: string): Promise<BoxKey> {
  const path = boxKeyFile(home);
  if (!existsSync(path)) makeSecretFile(path, (await newKeyPair()).identity);
  return await readBoxKey(path);
}

/** This machine's key; undefined if it never made a backup. Throws ConfigError as above. */
export async function findBoxKey(home: string): Promise<BoxKey | undefined> {
  const path = boxKeyFile(home);
  return existsSync(path) ? await readBoxKey(path) : undefined;
}

async function readBoxKey(path: string): Promise<BoxKey> {
  const [identity] = identitiesIn(readSecretFile(path));
  const recipient = identity && (await recipientOf(identity));
  if (identity && recipient) return { identity, recipient };
  throw new ConfigError(
    `${path} is not a backup key (AGE-SECRET-KEY-1…). Put back the right one, or move it away: a new one is made, and older archives then open with the recovery key alone.`,
  );
}
