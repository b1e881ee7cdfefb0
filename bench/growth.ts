import type pg from 'pg';
import { createApp, withClient } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import type { Device } from './device.ts';
import { smoocho } from './support.ts';

const ORDERS = 3_000;
/** Tills that sell at the same time. */
const AT_ONCE = 4;

/** What an order adds to the database, to its log and to a backup, while many are made in a row. */
export async function measureGrowth(home: string, device: Device): Promise<string[]> {
  const app = await createApp(loadConfig({ home }, {}));
  try {
    return await withClient(app.databaseUrl, async (client) => {
      const before = await sizes(home, client);
      let left = ORDERS;
      const till = async () => {
        while (left-- > 0) await device.sell();
      };
      await Promise.all(Array.from({ length: AT_ONCE }, till));
      const after = await sizes(home, client);
      const perOrder = (name: keyof Sizes) => `${Math.round((after[name] - before[name]) / ORDERS)} bytes`;
      return [
        `disk, of ${ORDERS} orders in a row:`,
        `  database           ${perOrder('database')} an order, ${(before.database / 1e6).toFixed(0)} MB before them`,
        `  its log (WAL)      ${perOrder('log')} an order, written and used again`,
        `  a backup           ${perOrder('backup')} an order, ${(before.backup / 1e6).toFixed(1)} MB before them with pictures`,
      ];
    });
  } finally {
    await app.close();
  }
}

type Sizes = { database: number; log: number; backup: number };

async function sizes(home: string, client: pg.Client): Promise<Sizes> {
  await client.query('CHECKPOINT');
  const { rows } = await client.query(
    `SELECT pg_database_size(current_database())::float8 AS database, (pg_current_wal_insert_lsn() - '0/0')::float8 AS log`,
  );
  const { sizeBytes } = JSON.parse(await smoocho(home, 'backup', 'create', '--json')) as {
    sizeBytes: number;
  };
  return { ...(rows[0] as { database: number; log: number }), backup: sizeBytes };
}
