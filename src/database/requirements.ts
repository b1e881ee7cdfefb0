import { DatabaseRefusedError, DatabaseUnreachableError } from './errors.ts';
import { withClient } from './migrate.ts';
import type { StandbySettings } from './standby-watch.ts';

export const OLDEST_VERSION = 15;

/** Without these a sale that was answered can be lost when the power goes: 13 to 30 of them in a trial. */
export const DURABILITY = ['fsync', 'full_page_writes', 'synchronous_commit'];

/**
 * Refuses a PostgreSQL that is too old or may lose sales; gives whether its commits wait for a standby, and whether it is one. Throws
 * DatabaseRefusedError, DatabaseUnreachableError.
 */
export async function checkRequirements(url: string): Promise<StandbySettings> {
  const { settings, isStandby } = await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string; setting: string }>(
      'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
      [['server_version_num', 'synchronous_standby_names', ...DURABILITY]],
    );
    const { rows: recovery } = await client.query('SELECT pg_is_in_recovery() AS "isStandby"');
    const [{ isStandby }] = recovery as [{ isStandby: boolean }];
    return { settings: new Map(rows.map((row) => [row.name, row.setting])), isStandby };
  });
  const version = Math.floor(Number(settings.get('server_version_num')) / 10_000);
  if (Number.isNaN(version))
    throw new DatabaseUnreachableError('The database does not say which version it is.');
  if (version < OLDEST_VERSION) {
    throw new DatabaseRefusedError(
      `This is PostgreSQL ${version}; smoocho needs ${OLDEST_VERSION} or newer.`,
    );
  }
  const off = DURABILITY.filter((name) => settings.get(name) === 'off');
  if (off.length > 0) {
    throw new DatabaseRefusedError(
      `The database runs with ${off.join(' and ')} off, so a power cut could lose sales. Set ${off.length > 1 ? 'them' : 'it'} to on.`,
    );
  }
  return {
    names: settings.get('synchronous_standby_names') ?? '',
    level: settings.get('synchronous_commit') ?? '',
    isStandby,
  };
}
