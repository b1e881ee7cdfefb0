import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { createApp } from '../../src/app.ts';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import { members } from '../../src/backup/archive/format.ts';
import type { CreatedBackup } from '../../src/backup/create-backup.ts';
import { ArchiveError, BackupRefusedError } from '../../src/backup/errors.ts';
import { fillDatabase } from '../../src/backup/restore/fill-database.ts';
import { changeBackupSettings } from '../../src/backup/settings.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { loadConfig } from '../../src/config.ts';
import { keptHeadsFolder } from '../../src/core/audit/kept-heads.ts';
import { listCustomers } from '../../src/core/customers/find-customers.ts';
import { findShopByCode } from '../../src/core/shops/find-shops.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { smallArchive, writeArchive } from '../support/archives.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';
import { testDatabase } from '../support/database.ts';
import { sell, signInAgain } from '../support/epoch-parts.ts';
import { everyReport } from '../support/every-report.ts';
import { givenProduct } from '../support/factories.ts';
import { fetchImage, givenPicture } from '../support/image-parts.ts';
import { photo } from '../support/pictures.ts';
import { type Box, backUp, besides, newBox, openOn, restoreOn, undoOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';
import { fingerprint } from '../support/world.ts';

describe('restoring a backup', () => {
  let test: TestApp;
  let shop: BusyShop;
  let picture: { id: string; imageUrl: string };
  /** The machine that the backup is of. */
  let source: Box;
  let recovery: Awaited<ReturnType<typeof newKeyPair>>;
  let backup: CreatedBackup;
  const boxes: Box[] = [];

  before(async () => {
    test = await startTestApp();
    shop = await givenBusyShop(test, 'BACK');
    picture = await givenPicture(shop, await photo(300, 200).jpeg().toBuffer());
    recovery = await newKeyPair();
    changeBackupSettings(test.home, { recoveryRecipient: recovery.recipient });
    const config = loadConfig({ home: test.home }, { DATABASE_URL: test.database.url, LOG_LEVEL: 'silent' });
    source = { home: test.home, database: test.database, config };
    backup = await backUp(source);
  });
  after(() => test.close());
  afterEach(async () => {
    for (const box of boxes.splice(0)) {
      const admin = await (await testDatabase({ migrated: false })).connect();
      for (const name of await besides(box)) await admin.query(`DROP DATABASE "${name}"`);
      await admin.end();
      await box.database.drop();
      removeFolder(box.home);
    }
  });

  const freshBox = async (env?: Record<string, string>) => {
    const box = await newBox(env);
    boxes.push(box);
    return box;
  };
  const identities = () => [recovery.identity];
  /** The program on a box, as a server would open it. */
  const openBox = ({ config, database }: Box) => openOn(config)(database.url);

  async function errorOf(work: Promise<unknown>): Promise<Error> {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(Error);
    return error as Error;
  }

  it('brings back every row of every table, and every report', async () => {
    const box = await freshBox();
    const { manifest, secrets } = await readBack(backup.file, identities());
    if (!manifest) throw new Error('It can not be read.');
    let restored: Record<string, string> = {};
    let reports: unknown;
    await fillDatabase(
      { file: backup.file, identities: identities(), manifest, secrets },
      {
        config: box.config,
        url: box.database.url,
        openApp: openOn(box.config),
        now: new Date(),
        adopt: async (app) => {
          const db = await box.database.connect();
          restored = await fingerprint(db);
          reports = await everyReport(app, (await findShopByCode(app.orm.em.fork(), 'BACK')).id);
        },
      },
    );
    const db = await test.database.connect();
    const live = await fingerprint(db);
    await db.end();
    // The keys are the same ones, wrapped with another master key; when migrations were run is the box's own.
    for (const table of ['keys', 'pgmigrations']) {
      delete live[table];
      delete restored[table];
    }
    expect(restored).to.deep.equal(live);
    expect(reports).to.deep.equal(await everyReport(test.app, shop.id));
  });

  it('makes a working shop of an empty machine with nothing but the archive and the recovery key', async () => {
    const box = await freshBox();
    const restored = await restoreOn(box, backup.file, { identities: identities() });
    expect(restored).to.include({ keepsKeys: true, safetyCopy: null, keptDatabase: null });
    expect(await besides(box)).to.deep.equal([]);
    const app = await openBox(box);
    try {
      const em = app.orm.em.fork();
      // Phone numbers open, pictures are there under the address that they had, and the books agree.
      const { data } = await listCustomers({ app, em }, shop.id, { phone: '9811100011', limit: 5 });
      expect(data.map(({ phone }) => phone)).to.deep.equal(['+919811100011']);
      expect((await verifyShop({ app, em: app.orm.em.fork() }, shop.id)).isSound).to.equal(true);
    } finally {
      await app.close();
    }
    const again = await startTestApp({
      beside: { ...test, database: box.database, home: box.home } as TestApp,
    });
    try {
      const before = await fetchImage(test, picture.imageUrl);
      const after = await fetchImage(again, picture.imageUrl);
      expect([after.status, after.bytes.equals(before.bytes)]).to.deep.equal([200, true]);
      // Whoever was signed in signs in again; then it sells, in a number series of its own.
      expect((await shop.cashier.send('GET', `${shop.path}/orders`)).status).to.equal(200);
      const people = await signInAgain(again, shop);
      const product = await givenProduct(people, { name: 'After', price: '10.00' });
      const order = await sell(people, product);
      expect(order.orderNumber).to.match(/^BACK\/[A-HJ-NP-Z][A-HJ-NP-Z2-9]{3}\/000001$/);
    } finally {
      await again.close();
    }
  });

  it('puts what was there aside, and back again as of another epoch', async () => {
    const box = await freshBox();
    await restoreOn(box, backup.file, { identities: identities() });
    const db = await box.database.connect();
    const epochs: string[] = [await epochOf(db)];
    await db.query("UPDATE products SET name = 'changed since'");
    await db.end();
    const restored = await restoreOn(box, backup.file, { identities: identities() });
    expect(restored?.safetyCopy).to.match(/\.smoocho$/);
    expect(await besides(box)).to.deep.equal([restored?.keptDatabase]);
    expect(await changedProducts(box)).to.equal(0);
    epochs.push(await epochNow(box));
    const undone = await undoOn(box);
    expect(await changedProducts(box)).to.be.above(0);
    epochs.push(await epochNow(box));
    expect(await besides(box)).to.deep.equal([undone?.keptDatabase]);
    // And once more: what was undone comes back.
    await undoOn(box);
    expect(await changedProducts(box)).to.equal(0);
    epochs.push(await epochNow(box));
    expect(new Set(epochs).size).to.equal(4);
    // The safety copy is a backup like any other.
    await restoreOn(box, restored?.safetyCopy as string);
    expect(await changedProducts(box)).to.be.above(0);
  });

  it('has succeeded, and so has its undoing, where the kept heads of the audit can not be put aside', async () => {
    const box = await freshBox();
    await restoreOn(box, backup.file, { identities: identities() });
    const at = new Date('2026-11-30T02:00:00Z');
    const heads = keptHeadsFolder(box.home);
    mkdirSync(heads, { recursive: true });
    writeFileSync(join(heads, `${shop.id}.json`), '{}');
    writeFileSync(join(heads, 'before-20261130T020000Z'), 'in the way');
    const restored = await restoreOn(box, backup.file, { identities: identities(), now: () => at });
    expect(await besides(box)).to.deep.equal([restored?.keptDatabase]);
    const undone = await undoOn(box, { now: () => new Date(at.getTime() + 500) });
    expect(undone?.keptDatabase).to.be.a('string');
  });

  const epochOf = async (db: pg.Client) =>
    (await db.query('SELECT epoch FROM shop_heads')).rows[0].epoch as string;
  const changedProducts = (box: Box) =>
    one(box, "SELECT count(*)::int AS value FROM products WHERE name = 'changed since'");
  const epochNow = (box: Box) =>
    one(box, 'SELECT epoch AS value FROM shop_heads') as Promise<never> as Promise<string>;
  async function one({ database }: Box, sql: string): Promise<number> {
    const db = await database.connect();
    const { rows } = await db.query(sql);
    await db.end();
    return rows[0].value;
  }

  it('ends nobody’s work unasked: a server, a full database, a role that may not, or a no', async () => {
    // The server of the test does not hold the lock of one that serves.
    const { takeServerLock } = await import('../../src/database/server-lock.ts');
    const box = await freshBox();
    await restoreOn(box, backup.file, { identities: identities() });
    const before = await epochNow(box);
    const lock = await takeServerLock(box.database.url, false, () => {});
    const refused = await errorOf(restoreOn(box, backup.file, { identities: identities() }));
    expect(refused).to.be.instanceOf(BackupRefusedError);
    expect(refused.message).to.include('A Smoocho server runs');
    expect((await errorOf(undoOn(box))).message).to.match(/nothing to undo|server runs/);
    await lock.release();
    const full = await errorOf(restoreOn(box, backup.file, { identities: identities(), isInto: true }));
    expect(full.message).to.include('not empty').and.include('BACK');
    expect(
      await restoreOn(box, backup.file, { identities: identities(), confirm: async () => false }),
    ).to.equal(null);
    expect([await epochNow(box), await besides(box)]).to.deep.equal([before, []]);
  });

  it('sets up backups, and what devices trust, before the shop takes its place', async () => {
    const box = await freshBox();
    // An open connection makes the swap of the databases fail, which stands for a power cut just before it.
    const connected = await box.database.connect();
    const refused = await errorOf(restoreOn(box, backup.file, { identities: identities() }));
    expect(refused.message).to.include('Something is connected to the database');
    const { rowCount } = await connected.query("SELECT FROM pg_tables WHERE tablename = 'shops'");
    await connected.end();
    const { schedule, recoveryRecipient } = loadConfig({ home: box.home }, {}).backup;
    expect([rowCount, schedule, recoveryRecipient]).to.deep.equal([0, '0 3 * * *', recovery.recipient]);
  });

  it('fills a database that was made for it, where the role may make none', async () => {
    const [box, managed] = [await freshBox(), await freshBox()];
    const admin = await box.database.connect();
    await admin.query("CREATE ROLE rented LOGIN PASSWORD 'rented'");
    try {
      for (const { database } of [box, managed])
        await admin.query(`ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" OWNER TO rented`);
      const asRented = ({ database }: Box) => {
        const url = new URL(database.url);
        url.username = 'rented';
        url.password = 'rented';
        return url.href;
      };
      const rented = { ...box, config: { ...box.config, databaseUrl: asRented(box) } };
      const refused = await errorOf(
        restoreOn(rented, backup.file, { identities: identities(), databaseUrl: asRented(box) }),
      );
      expect(refused).to.be.instanceOf(BackupRefusedError);
      expect(refused.message).to.include('--into');
      const url = asRented(managed);
      const config = { ...managed.config, databaseUrl: url };
      const restored = await restoreOn(managed, backup.file, {
        identities: identities(),
        databaseUrl: url,
        isInto: true,
        config,
        openApp: openOn(config),
      });
      expect(restored?.shops.map(({ isSound }) => isSound)).to.deep.equal([true]);
    } finally {
      for (const { database } of [box, managed])
        await admin.query(`ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" OWNER TO smoocho`);
      for (const { database } of [managed, box]) {
        const own = await database.connect();
        await own.query('REASSIGN OWNED BY rented TO smoocho; DROP OWNED BY rented');
        await own.end();
      }
      await admin.query('DROP ROLE rented');
      await admin.end();
    }
  });

  it('touches nothing for an archive that is damaged, newer, of somebody else, or locked', async () => {
    const box = await freshBox();
    await restoreOn(box, backup.file, { identities: identities() });
    const before = await epochNow(box);
    const whole = await readFile(backup.file);
    const file = join(box.home, 'other.smoocho');
    const tryWith = async (bytes: Buffer, keys = identities()) => {
      writeFileSync(file, bytes);
      return await errorOf(restoreOn(box, file, { identities: keys }));
    };
    const flipped = Buffer.from(whole);
    flipped[whole.length - 1000] = (flipped[whole.length - 1000] as number) ^ 1;
    expect(await tryWith(flipped)).to.include({ fault: 'damaged' });
    expect(await tryWith(whole.subarray(0, whole.length - 70_000))).to.include({ fault: 'damaged' });
    expect(await tryWith(whole, [(await newKeyPair()).identity])).to.include({ fault: 'locked' });
    expect(await tryWith(Buffer.from('PGDMP'))).to.include({ fault: 'damaged' });
    const future = smallArchive(['x\n'], { migrations: ['0001_core', '0999_tomorrow'] });
    const newer = await tryWith(await writeArchive(future.content));
    expect(newer).to.be.instanceOf(ArchiveError).and.include({ fault: 'newer' });
    expect(newer.message).to.include('0999_tomorrow');
    const { content } = smallArchive(['x\n']);
    expect(
      await tryWith(
        await writeArchive(
          content.toSpliced(1, 1, [
            members.header,
            '{"format":2,"id":"0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55","createdAt":"2030-01-01T00:00:00Z","version":"9.0.0"}',
          ]),
        ),
      ),
    ).to.include({ fault: 'newer' });
    expect([await epochNow(box), await besides(box)]).to.deep.equal([before, []]);
  });

  it('of a plain archive goes on without the keys, and says so before', async () => {
    const plain = await backUp(source, { isPlain: true });
    const box = await freshBox();
    let asked = true;
    const restored = await restoreOn(box, plain.file, {
      identities: [],
      confirm: async (plan) => {
        asked = plan.keepsKeys;
        return true;
      },
    });
    expect([asked, restored?.keepsKeys]).to.deep.equal([false, false]);
    // Contacts and seals are of the keys that are gone; responses to repeated requests are not said to be changed.
    const faulty = restored?.shops.flatMap(({ checks }) => checks.filter(({ wrong }) => wrong > 0));
    expect(faulty?.map(({ name }) => name)).to.deep.equal(['customer-contacts', 'audit-chain']);
    const app = await createApp({ ...box.config, databaseUrl: box.database.url });
    const { data } = await listCustomers({ app, em: app.orm.em.fork() }, shop.id, { limit: 5 });
    await app.close();
    expect(data.map(({ phone }) => phone)).to.deep.equal([null]);
    // On the machine that it is of, nothing is lost.
    const home = await restoreOn({ ...box, config: source.config, home: source.home } as Box, plain.file, {
      identities: [],
      databaseUrl: box.database.url,
    });
    expect(home?.keepsKeys).to.equal(true);
  });
});
