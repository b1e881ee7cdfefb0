import { withClient } from '../../database/migrate.ts';

/** What an installation has so far. A shop is what makes it one that is set up. */
export type SetUpState = 'nothing' | 'owner' | 'shop';

/** Reads it from the database at a URL, whatever version made that. Throws DatabaseUnreachableError. */
export const readSetUpState = (url: string): Promise<SetUpState> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ shops: boolean; setup: boolean }>(
      "SELECT to_regclass('public.shops') IS NOT NULL AS shops, to_regclass('public.setup') IS NOT NULL AS setup",
    );
    const has = async (sql: string) => (await client.query(sql)).rows.length > 0;
    if (rows[0]?.shops && (await has('SELECT FROM shops LIMIT 1'))) return 'shop';
    return rows[0]?.setup && (await has('SELECT FROM setup WHERE claimed_at IS NOT NULL'))
      ? 'owner'
      : 'nothing';
  });
