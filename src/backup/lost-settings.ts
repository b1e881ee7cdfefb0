import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityManager } from '@mikro-orm/postgresql';
import { configPath, keepNoteOfLoss, noteOfLoss } from '../config.ts';
import { lastBackupRuns } from '../core/attention/backup-runs.ts';
import { isClaimed } from '../core/shops/claim-installation.ts';
import { findBoxKey } from './keys.ts';
import { readHeader } from './read-header.ts';
import { changeBackupSettings, ensureBackupSettings } from './settings.ts';

/** Files that exist once this home served or backed up a shop. A new home of a second server has none of them. */
const USED = [['audit-heads'], ['secrets', 'backup-key'], ['postgres', 'data']];

/** Whether a home that was in use has no `config.json`. To be asked before a server makes anything there. */
export const hasLostSettings = (home: string) =>
  !existsSync(configPath(home)) && USED.some((names) => existsSync(join(home, ...names)));

/**
 * Replaces a `config.json` that was lost: with the usual schedule, which beats no backup at all, and the recovery key of the last
 * backup where that can be read here. A note beside it keeps the loss in sight (`noteOfLoss`). Returns what to tell the owner; null
 * where no shop is set up. Throws ConfigError for a home that can't be written.
 */
export async function replaceLostSettings(home: string, em: EntityManager): Promise<string | null> {
  if (!(await isClaimed(em))) return null;
  const last = (await lastBackupRuns(em)).create.succeeded?.file ?? null;
  const recoveryRecipient = await recipientIn(home, last);
  // First: a start that is cut off in between says it again.
  keepNoteOfLoss(home);
  ensureBackupSettings(home);
  if (recoveryRecipient !== null) changeBackupSettings(home, { recoveryRecipient });
  return [
    `There was no ${configPath(home)}, though a shop is set up: what was set in it is lost.`,
    'There is a new one, with a backup each night.',
    recoveryRecipient === null
      ? 'Only this machine can open its backups now: smoocho backup key create --recipient age1…, with the public key that the recovery key has on its sheet, or make a new one: smoocho backup key create.'
      : 'Backups go on for the recovery key of the last one.',
    ...(last === null
      ? []
      : [`The last backup went to ${last}; the next ones go to the folder of the home.`]),
    `Put the old file back from a copy, or set again what was in it (smoocho config show); then remove ${noteOfLoss(home)}.`,
  ].join(' ');
}

/** The recovery key that an archive of this machine was made for; null if it can't be read, as in a bucket. */
async function recipientIn(home: string, file: string | null): Promise<string | null> {
  if (file === null || !existsSync(file)) return null;
  try {
    const box = await findBoxKey(home);
    return (await readHeader(file, box ? [box.identity] : [])).recoveryRecipient;
  } catch {
    // A key or an archive that is out of order must not keep the shop shut.
    return null;
  }
}
