import type { Client, ClientBase } from 'pg';
import { BackupRefusedError } from './errors.ts';

/** Advisory lock of the connection that makes a backup of this database. "Smob" in ASCII. */
const BACKUP_KEY = 0x536d6f62;

/** Takes the backup lock: one backup at a time over all processes and machines. Throws BackupRefusedError. */
export async function takeBackupLock(client: Client): Promise<void> {
  const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS mine', [BACKUP_KEY]);
  if (rows[0].mine) return;
  throw new BackupRefusedError(
    'Another backup of this database is being made, or it is being brought up to date. Try again when that is done.',
    { isBusy: true },
  );
}

/**
 * Keeps backups from starting until the end of the transaction: a migration would wait for a backup that
 * reads the tables, and every order behind it. Throws BackupRefusedError while one is being made.
 */
export async function holdOffBackups(client: ClientBase): Promise<void> {
  const { rows } = await client.query('SELECT pg_try_advisory_xact_lock($1) AS mine', [BACKUP_KEY]);
  if (rows[0].mine) return;
  throw new BackupRefusedError('A backup of this database is being made. Try again when it is done.', {
    isBusy: true,
  });
}
