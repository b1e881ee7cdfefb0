import type pg from 'pg';
import { useClient } from '../../database/use-client.ts';
import type { WatchTimes } from '../../database/watch-server.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** An import or a migration locks its tables for minutes at most. */
const LOCK_TIMEOUT_MS = 120_000;

/** Output formats, whatever the server's settings are, so that every version reads another's archives. */
const SETTINGS: Record<string, string> = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  // Always read from the first row, even while another session scans the same table: rows keep their order.
  synchronize_seqscans: 'off',
  // Parallel workers would change the order of rows, and take cores that the tills need.
  max_parallel_workers_per_gather: '0',
  row_security: 'off',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  lock_timeout: String(LOCK_TIMEOUT_MS),
  search_path: 'public',
};

const OPTIONS = Object.entries(SETTINGS)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

/** Runs `work` on a connection for whole tables. Throws DatabaseUnreachableError, also when it breaks. */
export async function withCopyClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
  times?: WatchTimes,
): Promise<T> {
  const config = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'smoocho backup',
    options: OPTIONS,
  };
  return await useClient(config, work, times);
}
