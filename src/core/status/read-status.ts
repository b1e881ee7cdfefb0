import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseAddress } from '../../database/address.ts';
import { queryRow } from '../../database/query.ts';
import { SERVER_SINCE } from '../../database/server-lock.ts';
import type { Services } from '../context.ts';
import { salesReport } from '../reports/sales-report.ts';
import { listAllShops } from '../shops/find-shops.ts';
import type { Shop } from '../shops/shop.entity.ts';

type StatusContext = { app: Services & { databaseUrl: string }; em: EntityManager };

export type InstallationStatus = {
  database: { kind: 'embedded' | 'external'; address: string; version: string };
  /** `since`: the start of the server that has run longest. */
  server: { isRunning: boolean; since: string | null };
  shops: ShopStatus[];
};

/** Orders of the current business date, as the sales report counts them. */
export type ShopStatus = {
  code: string;
  name: string;
  currency: string;
  businessDate: string;
  orders: number;
  total: string;
};

/** Reads the installation's status from the database alone, whether or not a server runs. */
export async function readStatus(context: StatusContext): Promise<InstallationStatus> {
  const { app, em } = context;
  const { version } = await queryRow<{ version: string }>(em, VERSION);
  const shops: ShopStatus[] = [];
  for (const shop of await listAllShops(em)) shops.push(await shopStatus(context, shop));
  return {
    database: {
      kind: app.config.databaseUrl ? 'external' : 'embedded',
      address: databaseAddress(app.databaseUrl),
      version: version.split(' ')[0] as string,
    },
    server: await readServer(em),
    shops,
  };
}

export async function readServer(em: EntityManager): Promise<InstallationStatus['server']> {
  const { since } = await queryRow<{ since: number | null }>(em, SERVER_SINCE);
  return { isRunning: since !== null, since: since === null ? null : new Date(since).toISOString() };
}

const VERSION = "SELECT current_setting('server_version') AS version";

async function shopStatus(context: StatusContext, { id, code, name }: Shop): Promise<ShopStatus> {
  const { from, currency, totals } = await salesReport(context, id, { groupBy: 'day' });
  return { code, name, currency, businessDate: from, orders: totals.orders, total: totals.total };
}
