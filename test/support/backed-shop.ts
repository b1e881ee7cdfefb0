import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import type { CreatedBackup } from '../../src/backup/create-backup.ts';
import { changeBackupSettings } from '../../src/backup/settings.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { listAllShops } from '../../src/core/shops/find-shops.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { migrationStatus } from '../../src/database/migrate.ts';
import { queryRow } from '../../src/database/query.ts';
import { importText } from '../core/imports/support.ts';
import { startTestApp } from './app.ts';
import { givenBusyShop } from './busy-shop.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { givenPicture } from './image-parts.ts';
import { photo } from './pictures.ts';
import { type Box, backUp } from './restore-parts.ts';
import { removeFolder, tempFolder } from './temp.ts';

/** A shop with data of every kind, without a server, and a backup of it that a recovery key opens. */
export type BackedShop = Box & {
  backup: CreatedBackup;
  identity: string;
  identityFile: string;
  env: Record<string, string>;
  close(): Promise<void>;
};

type Size = { pictures?: number; orders?: number; env?: Record<string, string> };

export async function givenBackedShop({
  pictures = 2,
  orders = 300,
  env = {},
}: Size = {}): Promise<BackedShop> {
  const [home, database] = [tempFolder(), await testDatabase()];
  const test = await startTestApp({ home, database, env });
  const shop = await givenBusyShop(test, 'BACK');
  for (let n = 0; n < pictures; n += 1) await givenPicture(shop, await photo(400, 300, n).jpeg().toBuffer());
  const db = await database.connect();
  await importText(db, { ...INDIAN, id: shop.id, code: 'BACK' }, manyOrders(orders), { now: new Date() });
  await db.end();
  await test.close();
  const { identity, recipient } = await newKeyPair();
  changeBackupSettings(home, { recoveryRecipient: recipient });
  const identityFile = join(home, 'recovery-key.txt');
  writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 });
  const settings = { DATABASE_URL: database.url, LOG_LEVEL: 'silent', ...env };
  const box = { home, database, config: loadConfig({ home }, settings) };
  // The backup is in another folder, so that tests may change those of the home.
  const away = tempFolder();
  const backup = await backUp(box, { folder: away });
  return {
    ...box,
    backup,
    identity,
    identityFile,
    env: { SMOOCHO_HOME: home, DATABASE_URL: database.url, ...env },
    async close() {
      await database.drop();
      for (const folder of [home, away]) removeFolder(folder);
    },
  };
}

const INDIAN = {
  currency: 'INR',
  timezone: 'Asia/Kolkata',
  dayStart: '00:00',
  fiscalYearStart: '04-01',
};

/** A CSV of orders of another year, three lines each. */
function manyOrders(count: number): string {
  const lines = ['bill,date,time,name,category,qty,price'];
  for (let n = 1; n <= count; n += 1) {
    const day = `2016-${String((n % 12) + 1).padStart(2, '0')}-${String((n % 28) + 1).padStart(2, '0')}`;
    for (const name of ['Samosa', 'Lassi', 'Thali'])
      lines.push(
        `${n},${day},12:${String(n % 60).padStart(2, '0')},${name} ${n % 40},Food,${(n % 3) + 1},${(n % 90) + 1}.50`,
      );
  }
  return lines.join('\n');
}

// Figures that identify a shop, and differ before and after a change.
const FIGURES = `
  SELECT (SELECT count(*)::int FROM orders) AS orders, (SELECT coalesce(sum(total), 0)::text FROM orders) AS total,
    (SELECT count(*)::int FROM order_lines) AS lines, (SELECT coalesce(sum(amount), 0)::text FROM payments) AS paid,
    (SELECT md5(coalesce(string_agg(name, ',' ORDER BY id), '')) FROM products) AS products,
    (SELECT count(*)::int FROM images) AS images, (SELECT count(*)::int FROM customers) AS customers`;

/** The figures of an installation once `smoocho verify` finds nothing wrong; null without a shop. */
export async function soundFigures(config: Config): Promise<Record<string, unknown> | null> {
  if (config.databaseUrl) {
    const { applied } = await migrationStatus(config.databaseUrl);
    if (applied.length === 0) return null;
  }
  const app = await createApp(config, { migrate: true });
  try {
    const shops = await listAllShops(app.orm.em.fork());
    if (shops.length === 0) return null;
    for (const { id } of shops) {
      const { isSound, checks } = await verifyShop({ app, em: app.orm.em.fork() }, id);
      if (!isSound)
        throw new Error(`The books do not agree: ${JSON.stringify(checks.filter(({ wrong }) => wrong > 0))}`);
    }
    return await queryRow(app.orm.em.fork(), FIGURES);
  } finally {
    await app.close();
  }
}

/** Copies an archive as if made on the days before, newest first. */
export function copiesOfDays(file: string, folder: string, days: number): string[] {
  return Array.from({ length: days }, (_, day) => {
    const at = new Date(Date.UTC(2026, 5, 28 - day, 21, 30)).toISOString().replace(/\.\d+|[-:]/g, '');
    const path = join(folder, `smoocho-${at}-${String(day).padStart(8, '0')}.smoocho`);
    copyFileSync(file, path);
    return path;
  });
}

export const dropBeside = async (database: TestDatabase, names: string[]) => {
  const client = await database.connect();
  for (const name of names) await client.query(`DROP DATABASE IF EXISTS "${name}" (FORCE)`);
  await client.end();
};
