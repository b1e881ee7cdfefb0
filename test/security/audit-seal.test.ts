import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type pg from 'pg';
import { readKeptHead } from '../../src/core/audit/kept-heads.ts';
import { INSTALLATION } from '../../src/core/audit/record-security.ts';
import { sealChain } from '../../src/core/audit/seal-chain.ts';
import { startSealer } from '../../src/core/audit/sealer.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll, verifyChainOf } from '../support/audit-parts.ts';
import { clientOf } from '../support/client.ts';
import { givenProduct, givenShop, saleOf, signIn, type TestShop } from '../support/factories.ts';

const child = fileURLToPath(new URL('../support/seal-child.ts', import.meta.url));

const ADD_EVENTS = `
  WITH head AS (UPDATE shop_heads SET seq = seq + $2 WHERE shop_id = $1 RETURNING seq)
  INSERT INTO events (shop_id, seq, type, at, actor, data)
  SELECT $1, seq - $2 + n, 'data_imported', now(), '{"kind": "system", "id": null, "name": "test"}', $3
  FROM head, generate_series(1, $2) n`;

describe('the sealer', function () {
  this.timeout(120_000);
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    db = await test.database.connect();
    shop = await givenShop(test, 'SEAL');
  });
  after(() => test.close());

  const addEvents = (count: number, data: object = {}) =>
    db.query(ADD_EVENTS, [shop.id, count, JSON.stringify(data)]);

  /** Number, last event, whether it took all, how many records. */
  const sealsOf = async (shopId: string) => {
    const { rows } = await db.query(
      `SELECT seal_no::int AS no, event_seq::int AS event, is_all AS "isAll", length(records) / 41 AS records
       FROM audit_seals WHERE chain_id = $1 ORDER BY seal_no`,
      [shopId],
    );
    return rows as { no: number; event: number; isAll: boolean; records: number }[];
  };

  it('seals what happens in a shop within seconds, in the server itself', async () => {
    const server = await startTestApp({ beside: test });
    const tea = await givenProduct(shop);
    const { status } = await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
    expect(status).to.equal(201);
    for (let tries = 0; (await verifyChainOf(test, shop.id)).unsealed.count > 0; tries += 1) {
      if (tries === 60) throw new Error('Nothing was sealed within 12 s.');
      await sleep(200);
    }
    // What comes last is sealed when the server stops.
    await signIn(server, shop.emails.cashier);
    await server.close();
    const verified = await verifyChainOf(test, shop.id);
    expect([verified.isSound, verified.unsealed.count]).to.deep.equal([true, 0]);
  });

  it('seals a long history in bites, and a large record by itself', async () => {
    const before = (await sealsOf(shop.id)).length;
    await addEvents(1_234);
    await sealAll(test);
    expect(
      (await sealsOf(shop.id)).slice(before).map(({ records, isAll }) => [records, isAll]),
    ).to.deep.equal([
      [500, false],
      [500, false],
      [234, true],
    ]);
    // Incompressible, a third of a megabyte each.
    const noise = () => Array.from({ length: 9_000 }, () => randomUUID()).join('');
    for (let n = 0; n < 4; n += 1) await addEvents(1, { noise: noise() });
    await sealAll(test);
    const large = (await sealsOf(shop.id)).slice(before + 3);
    expect(large.length).to.be.within(2, 4);
    expect(large.reduce((sum, { records }) => sum + records, 0)).to.equal(4);
    expect((await verifyChainOf(test, shop.id)).faults).to.deep.equal([]);
  });

  it('beside others in several processes seals each record once, without a gap', async () => {
    const apps = await Promise.all([1, 2, 3].map(() => startTestApp({ beside: test })));
    const tea = await givenProduct(shop);
    let isSelling = true;
    const sealing = apps.map(async (app) => {
      while (isSelling) await sealAll(app);
    });
    await Promise.all(
      [...apps, ...apps].map(async (app) => {
        const till = await signIn(app, shop.emails.cashier);
        for (let n = 0; n < 20; n += 1) {
          expect((await till.post(`${shop.path}/orders`, saleOf(tea))).status).to.equal(201);
        }
      }),
    );
    isSelling = false;
    await Promise.all(sealing);
    await Promise.all(apps.map((app) => app.close()));
    await sealAll(test);
    const verified = await verifyChainOf(test, shop.id);
    expect(verified.faults).to.deep.equal([]);
    expect(verified.unsealed.count).to.equal(0);
    const seals = await sealsOf(shop.id);
    expect(seals.map(({ no }) => no)).to.deep.equal(seals.map((_, index) => index + 1));
    expect(seals.reduce((sum, { records }) => sum + records, 0)).to.equal(verified.records);
  });

  it('that is killed in the middle leaves nothing half done, and the next one goes on', async () => {
    for (let kill = 0; kill < 3; kill += 1) {
      await addEvents(2_000, { filler: 'x'.repeat(2_000) });
      const sealer = spawn(process.execPath, [child, test.home, test.database.url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(sealer.stdout, 'data');
      await sleep(20 + 60 * kill);
      sealer.kill('SIGKILL');
      await once(sealer, 'exit');
      const { faults } = await verifyChainOf(test, shop.id);
      expect(faults).to.deep.equal([]);
    }
    await sealAll(test);
    const verified = await verifyChainOf(test, shop.id);
    expect([verified.isSound, verified.unsealed.count]).to.deep.equal([true, 0]);
  });

  it('keeps at its start the head of a seal that a killed process had no time to keep', async () => {
    const newShop = await givenShop(test, 'HEAD');
    const sealing = await sealChain({ app: test.app, em: test.app.orm.em }, newShop.id);
    expect(sealing.kind).to.equal('sealed');
    expect(await readKeptHead(test.home, newShop.id)).to.equal(null);
    await sealAll(test);
    expect(await readKeptHead(test.home, newShop.id)).to.include({ sealNo: 1 });
  });

  it('seals the others where one chain can not be sealed, and says which', async () => {
    const said: { err?: Error }[] = [];
    const log = { ...test.app.log, warn: (fields: object) => void said.push(fields) };
    const newShop = await givenShop(test, 'LAST');
    await db.query(`
      CREATE FUNCTION no_seal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
      CREATE TRIGGER no_seal BEFORE INSERT ON audit_seals FOR EACH ROW WHEN (NEW.chain_id = '${INSTALLATION}')
      EXECUTE FUNCTION no_seal()`);
    await clientOf(test.url).post('/api/auth/login', { email: 'nobody@example.com', password: 'nothing' });
    const sealer = startSealer({ ...test.app, log });
    const failure = await sealer.sealNow().catch((error: Error) => error);
    await sealer.close();
    expect((failure as Error).message).to.include(INSTALLATION);
    expect((await verifyChainOf(test, newShop.id)).unsealed.count).to.equal(0);
    await db.query('DROP TRIGGER no_seal ON audit_seals; DROP FUNCTION no_seal');
    expect(said[0]?.err?.message).to.include(INSTALLATION);
  });

  it('says who has been keeping it from a chain for a minute', async () => {
    const holder = await test.database.connect();
    await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`smoocho audit ${shop.id}`]);
    await addEvents(1);
    const said: { chainId?: string }[] = [];
    let minutes = 0;
    const sealer = startSealer({
      ...test.app,
      now: () => new Date(Date.now() + minutes * 60_000),
      log: { ...test.app.log, error: (fields: object) => void said.push(fields) },
    });
    await sealer.sealNow();
    expect(said).to.deep.equal([]);
    minutes = 1;
    await sealer.sealNow();
    expect(said).to.deep.equal([{ chainId: shop.id }]);
    await holder.end();
    minutes = 0;
    await sealer.close();
    expect((await verifyChainOf(test, shop.id)).unsealed.count).to.equal(0);
  });

  it('never holds what a sale or a sign-in waits for', async () => {
    const tea = await givenProduct(shop);
    const holder = await test.database.connect();
    // As while it is sealing: the chain is taken, and stays so.
    await holder.query('BEGIN');
    await holder.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`smoocho audit ${shop.id}`]);
    await holder.query('SELECT * FROM audit_seals WHERE chain_id = $1', [shop.id]);
    const startedAt = performance.now();
    expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(tea))).status).to.equal(201);
    await signIn(test, shop.emails.cashier);
    expect(performance.now() - startedAt).to.be.below(2_000);
    await sealAll(test);
    expect((await verifyChainOf(test, shop.id)).unsealed.count).to.be.above(0);
    await holder.query('ROLLBACK');
    await sealAll(test);
    expect((await verifyChainOf(test, shop.id)).unsealed.count).to.equal(0);
  });
});
