import { withClient } from '../../database/migrate.ts';
import { SERVER_SINCE } from '../../database/server-lock.ts';
import { BackupRefusedError } from '../errors.ts';

/** Throws BackupRefusedError while a server, on any machine, runs on this database. */
export async function requireNoServer(url: string): Promise<void> {
  const isRunning = await withClient(url, async (client) => {
    const { rows } = await client.query<{ since: number | null }>(SERVER_SINCE);
    return rows[0]?.since != null;
  });
  if (!isRunning) return;
  throw new BackupRefusedError(
    'A Smoocho server runs on this database. Stop it first (Ctrl-C where it was started, or its service). Nothing was changed.',
  );
}
