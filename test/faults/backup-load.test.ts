import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { takeBackupLock } from '../../src/backup/lock.ts';
import { withDatabases } from '../../src/backup/restore/databases.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { withLockedImages } from '../../src/database/images-lock.ts';
import { openS3 } from '../../src/storage/s3.ts';
import { type BackedShop, dropBeside, givenBackedShop, soundFigures } from '../support/backed-shop.ts';
import { type Server, smoocho, startCli } from '../support/cli.ts';
import { type Client, clientOf } from '../support/client.ts';
import { PASSWORD, saleOf } from '../support/factories.ts';
import { IS_LONG } from '../support/kills.ts';
import { besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { requireS3, startS3 } from '../support/s3.ts';
import { removeFolder } from '../support/temp.ts';

const ORDERS_PER_SECOND = 50;
const SECONDS = IS_LONG ? 60 : 3;
const PIZZA = fileURLToPath(new URL('../../docs/data/pizza-sales-2015.csv.gz', import.meta.url));
const PIZZA_LINES = IS_LONG ? 50_000 : 4_000;
const COLUMNS =
  'order=order_id,date=date,time=time,sku=sku,product=pizza_name,variant=size,category=category,quantity=quantity,price=unit_price';

type Sold = { id: string; answeredAt: number | null };

describe('backups while the shop is at work', function () {
  this.timeout(SECONDS * 20_000 + 120_000);
  let shop: BackedShop;

  before(async () => {
    shop = await givenBackedShop({ orders: 200, pictures: 2 });
  });
  after(() => shop.close());

  /** Restores a backup beside; gives the ids of its orders, once everything in it was found to agree. */
  async function ordersIn(file: string): Promise<string[]> {
    const box = await newBox();
    try {
      const restored = await restoreOn(box, file, { identities: [shop.identity] });
      expect(restored?.shops.map(({ isSound }) => isSound)).to.deep.equal([true]);
      const db = await box.database.connect();
      const { rows } = await db.query<{ id: string }>('SELECT id FROM orders');
      await db.end();
      return rows.map(({ id }) => id);
    } finally {
      await dropBeside(box.database, await besides(box));
      await box.database.drop();
      removeFolder(box.home);
    }
  }

  async function sell(till: Client, path: string, product: { id: string }, sold: Sold[]): Promise<void> {
    const sale = saleOf(product, { id: randomUUID() });
    const entry: Sold = { id: sale.id as string, answeredAt: null };
    sold.push(entry);
    const { status } = await till.post(`${path}/orders`, sale);
    if (status === 201) entry.answeredAt = Date.now();
  }

  it(`have each of ${ORDERS_PER_SECOND} orders a second that was answered before, once, and agree`, async () => {
    const server: Server = await startCli(['--port=0', '--host=127.0.0.1'], shop.env, 'Stop it with Ctrl-C.');
    const sold: Sold[] = [];
    const files: { file: string; createdAt: number }[] = [];
    try {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.output())?.[0] as string;
      const login = { email: 'cashier-back@example.com', password: PASSWORD };
      const { body } = await clientOf(url).post('/api/auth/login', login);
      const till = clientOf(url, body.accessToken);
      const path = `/api/shops/${body.shops[0].id}`;
      const [product] = (await till.get(`${path}/products?limit=1`)).body.data;
      const end = Date.now() + SECONDS * 1000;
      const selling: Promise<void>[] = [];
      const sales = (async () => {
        for (let next = Date.now(); Date.now() < end; next += 1000 / ORDERS_PER_SECOND) {
          selling.push(sell(till, path, product, sold));
          await sleep(Math.max(0, next - Date.now()));
        }
      })();
      while (Date.now() < end) {
        const { code, json, stdout } = await smoocho(['backup', 'create', '--json'], shop.env);
        expect(code, stdout).to.equal(0);
        const { file } = json();
        const { manifest } = await readBack(file, [shop.identity]);
        files.push({ file, createdAt: Date.parse(manifest?.createdAt as string) });
      }
      await sales;
      await Promise.all(selling);
    } finally {
      await server.stop();
    }
    expect(sold.length).to.be.above(SECONDS * ORDERS_PER_SECOND * 0.3);
    expect(sold.filter(({ answeredAt }) => answeredAt === null)).to.deep.equal([]);
    console.log(`      ${files.length} backups, ${sold.length} orders`);
    // The first was made when few had been sold.
    for (const { file, createdAt } of IS_LONG ? files : files.slice(-1)) {
      const ids = await ordersIn(file);
      expect(new Set(ids).size).to.equal(ids.length);
      const before = sold.filter(({ answeredAt }) => (answeredAt as number) < createdAt);
      expect(ids).to.include.members(before.map(({ id }) => id));
    }
    expect((await soundFigures(shop.config))?.orders).to.be.at.least(sold.length);
  });

  it('are made one at a time', async () => {
    const both = await Promise.all([1, 2].map(() => smoocho(['backup', 'create'], shop.env)));
    expect(both.map(({ code }) => code)).to.include(0);
    for (const { code } of both) expect(code).to.be.oneOf([0, 6]);
    const db = await shop.database.connect();
    await takeBackupLock(db);
    const { code, stderr } = await smoocho(['backup', 'create'], shop.env);
    await db.end();
    expect(code).to.equal(6);
    expect(stderr).to.match(
      /^Another backup of this database is being made.* Try again when that is done\.\n$/,
    );
    // Nothing failed, and nobody has to see to anything.
    const { backup, attention } = (await smoocho(['status', '--json'], shop.env)).json();
    const codes = attention.map((one: { code: string }) => one.code);
    expect([backup.lastFailure, codes.includes('backup_failed')]).to.deep.equal([null, false]);
  });

  it('are restored one at a time, too', async () => {
    await withDatabases(shop.database.url, async () => {
      const args = ['restore', shop.backup.file, '--identity', shop.identityFile, '--yes'];
      const { code, stderr } = await smoocho(args, shop.env);
      expect([code, stderr]).to.deep.equal([6, 'Another restore of this database is under way.\n']);
    });
  });

  it('have an import as a whole or not at all', async () => {
    const csv = join(shop.home, 'sales.csv');
    const text = gunzipSync(readFileSync(PIZZA)).toString('utf8').split('\n').slice(0, PIZZA_LINES);
    writeFileSync(csv, text.join('\n'));
    const before = (await soundFigures(shop.config))?.orders as number;
    let isDone = false;
    const importing = smoocho(
      ['import', 'sales', csv, '--shop=BACK', '--columns', COLUMNS, '--json'],
      shop.env,
    )
      .then((ran) => ran)
      .finally(() => {
        isDone = true;
      });
    const counts: number[] = [];
    while (!isDone) {
      const { code, json, stdout } = await smoocho(['backup', 'create', '--json'], shop.env);
      expect(code, stdout).to.equal(0);
      counts.push(json().shops[0].orders);
    }
    const imported = await importing;
    expect(imported.code, imported.stdout + imported.stderr).to.equal(0);
    const after = before + imported.json().orders;
    for (const count of counts) expect(count).to.be.oneOf([before, after]);
    expect((await soundFigures(shop.config))?.orders).to.equal(after);
  });

  it('and what tidies up or moves the pictures keep out of each other’s way', async function () {
    requireS3(this, 'minio');
    const s3 = await startS3('minio');
    try {
      const bucket = await openS3(s3.config);
      await bucket.ensureBucket();
      bucket.close();
      const env = { ...shop.env, ...s3.env };
      const runs = await Promise.all(
        [
          ['backup', 'create', '--json'],
          ['images', 'gc', '--json'],
          ['images', 'move', '--to', 'minio', '--json'],
        ].map((args) => smoocho(args, env)),
      );
      for (const { code, stdout } of runs) expect(code, stdout).to.be.oneOf([0, 6]);
      const next = await smoocho(['backup', 'create', '--json'], env);
      expect(next.code, next.stdout).to.equal(0);
      expect(next.json().missingImages).to.deep.equal([]);
      if (!IS_LONG) return;
      // Whoever holds them alone for longer than one waits is named.
      await withLockedImages(shop.database.url, 5_000, async () => {
        const { code, stderr } = await smoocho(['backup', 'create'], env);
        expect([code, stderr]).to.deep.equal([
          6,
          'Pictures are being moved or tidied up. Try again in a minute.\n',
        ]);
      });
    } finally {
      await s3.close();
    }
  });
});
