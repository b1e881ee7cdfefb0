import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, makeSecretFile, readSecretFile } from '../config.ts';
import { identitiesIn, newKeyPair, recipientOf } from './archive/encryption.ts';

/** The key by which this machine opens its own archives, to verify and drill them. It is in no archive. */
const boxKeyFile = (home: string) => join(home, 'secrets', 'backup-key');

export type BoxKey = { identity: string; recipient: string };

/** The key of this box; made when it isn't there. Throws ConfigError for a file that is open to others, or holds no key. */
export async function boxKey(home: string): Promise<BoxKey> {
  const path = boxKeyFile(home);
  if (!existsSync(path)) makeSecretFile(path, (await newKeyPair()).identity);
  return await readBoxKey(path);
}

/** The same, where it need not be there: on a machine that never made a backup. */
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
