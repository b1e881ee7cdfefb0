import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type pg from 'pg';
import type { EventActor } from '../../../src/contract/events.ts';
import { ProblemError } from '../../../src/contract/problem.ts';
import {
  type ImportedSales,
  type ImportSalesOptions,
  importSales,
} from '../../../src/core/imports/import-sales.ts';
import type { SalesShop } from '../../../src/core/imports/sales-file.ts';

export const NOW = new Date('2026-06-15T10:00:00Z');
export const CLI: EventActor = { kind: 'system', id: null, name: 'cli' };

const dataFile = (name: string) => () =>
  createReadStream(new URL(`../../../docs/data/${name}`, import.meta.url));
export const PIZZA_SALES = dataFile('pizza-sales-2015.csv.gz');
export const PIZZA_MENU = dataFile('pizza-menu.csv');

export const textFile = (text: string | Buffer) => () => Readable.from([Buffer.from(text)]);

let shops = 0;

/** A shop of its own in the database, as importSales takes it. */
export async function givenShop(client: pg.Client, fields: Partial<SalesShop> = {}): Promise<SalesShop> {
  const letters = [Math.floor(shops / 26), shops % 26].map((each) => String.fromCharCode(65 + each)).join('');
  shops += 1;
  const shop = {
    id: randomUUID(),
    code: `S${letters}`,
    currency: 'USD',
    timezone: 'America/New_York',
    dayStart: '00:00',
    fiscalYearStart: '01-01',
    ...fields,
  };
  await client.query(
    'INSERT INTO shops (id, name, code, currency, timezone, day_start) VALUES ($1, $2, $2, $3, $4, $5)',
    [shop.id, shop.code, shop.currency, shop.timezone, shop.dayStart],
  );
  await client.query(
    `WITH first AS (
       INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason) VALUES ($1, $2, 1, now(), 'opened'))
     INSERT INTO shop_heads (shop_id, epoch) VALUES ($1, $2)`,
    [shop.id, randomUUID()],
  );
  return shop;
}

/** Imports a text; `PIZZA_SALES` and the like go in as they are. */
export async function importText(
  client: pg.Client,
  shop: SalesShop,
  file: string | Buffer | (() => Readable),
  options: Partial<ImportSalesOptions> = {},
): Promise<ImportedSales> {
  return await importSales(client, shop, typeof file === 'function' ? file : textFile(file), {
    skipBad: false,
    allowReturns: false,
    dryRun: false,
    now: NOW,
    actor: CLI,
    ...options,
  });
}

/** The problem that something is refused with; fails when it isn't. */
export async function problemOf(work: Promise<unknown>): Promise<ProblemError> {
  const thrown = await work.then(
    () => new Error('It was not refused.'),
    (error: unknown) => error,
  );
  if (thrown instanceof ProblemError) return thrown;
  throw thrown;
}

const TABLES = [
  'products',
  'product_variants',
  'orders',
  'order_lines',
  'payments',
  'refunds',
  'refund_lines',
  'events',
];

/** How many rows a shop has in each table, and its counters: the same before and after means that nothing happened. */
export async function contentOf(client: pg.Client, shop: SalesShop): Promise<Record<string, unknown>> {
  const content: Record<string, unknown> = {};
  for (const table of TABLES) {
    const sql = `SELECT count(*)::integer AS rows, md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) AS hash
      FROM ${table} t WHERE shop_id = $1`;
    content[table] = (await client.query(sql, [shop.id])).rows[0];
  }
  content.head = (
    await client.query('SELECT seq, series FROM shop_heads WHERE shop_id = $1', [shop.id])
  ).rows[0];
  return content;
}
