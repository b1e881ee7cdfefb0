import { withClient } from '../../database/migrate.ts';

/** Whether somebody has set a shop up in the database at a URL, whatever version made it. Throws DatabaseUnreachableError. */
export const isSetUp = (url: string): Promise<boolean> =>
  withClient(url, async (client) => {
    const { rows } = await client.query("SELECT to_regclass('public.setup') IS NOT NULL AS has");
    if (!rows[0].has) return false;
    return (await client.query('SELECT FROM setup WHERE claimed_at IS NOT NULL')).rows.length > 0;
  });
