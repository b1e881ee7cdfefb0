import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findBoxKey } from '../../backup/keys.ts';
import type { Config } from '../../config.ts';
import { checkMasterKey } from '../../core/keys/check-master-key.ts';
import { nameOf, readMasterKeys, WrongKeyError } from '../../core/keys/master-key.ts';
import type { Fact } from '../facts.ts';
import type { ConnectionFacts } from './database.ts';

export type KeyFacts = {
  /** What holds the master key, as a sentence begins. */
  name: string;
  isThere: boolean;
  /** Others than its owner may read the file. */
  isOpen: boolean;
  /** Why it can't be used, in a sentence; null if nothing is wrong with it. */
  problem: string | null;
  /** Whether it was held against the database. */
  isCompared: boolean;
  backupKeyProblem: string | null;
  isBackupKeyOpen: boolean;
};

const OPEN = 0o077;

export async function readKeyFacts(config: Config, connection: Fact<ConnectionFacts>): Promise<KeyFacts> {
  const { masterKey, home } = config;
  const url = 'is' in connection ? connection.is.url : null;
  const messageOf = (error: Error) => error.message;
  let problem: string | null = null;
  let isThere = false;
  try {
    isThere = readMasterKeys(masterKey).length > 0 || ('path' in masterKey && existsSync(masterKey.path));
  } catch (error) {
    problem = (error as Error).message;
  }
  let isCompared = false;
  if (problem === null && url !== null) {
    try {
      await checkMasterKey(url, masterKey);
      isCompared = true;
    } catch (error) {
      // Anything else, such as a database that just went away, says nothing about the key.
      if (error instanceof WrongKeyError) problem = error.message;
    }
  }
  const backupKeyProblem = await findBoxKey(home).then(() => null, messageOf);
  return {
    name: nameOf(masterKey),
    isThere,
    isOpen: 'path' in masterKey && isOpen(masterKey.path),
    problem,
    isCompared,
    backupKeyProblem,
    isBackupKeyOpen: isOpen(join(home, 'secrets', 'backup-key')),
  };
}

function isOpen(path: string): boolean {
  try {
    return process.platform !== 'win32' && (statSync(path).mode & OPEN) !== 0;
  } catch {
    return false;
  }
}
