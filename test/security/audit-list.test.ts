import { expect } from 'chai';
import pg from 'pg';
import { type RecordFilter, selectRecords } from '../../src/core/audit/sql/list-records.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { auditOf, sealAll } from '../support/audit-parts.ts';
import { clientOf } from '../support/client.ts';
import { givenProduct, givenShop, PASSWORD, saleOf, signIn, type TestShop } from '../support/factories.ts';

type Sent = { text: string; values: unknown[] };

/** What `work` sends to PostgreSQL. */
async function sentBy(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const prototype = pg.Client.prototype as unknown as { query(...given: unknown[]): unknown };
  const { query } = prototype;
  prototype.query = function (this: unknown, ...given: unknown[]) {
    if (typeof given[0] === 'object') sent.push(given[0] as Sent);
    return query.apply(this, given);
  };
  await work().finally(() => {
    prototype.query = query;
  });
  return sent;
}

describe('the list of who did what', function () {
  this.timeout(120_000);
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;
  let other: TestShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    db = await test.database.connect();
    shop = await givenShop(test, 'AUDI');
    other = await givenShop(test, 'ELSE');
    const tea = await givenProduct(shop, { price: '80.00' });
    for (const price of ['85.00', '90.00'])
      await shop.manager.put(`${shop.path}/products/${tea.id}`, { price });
    for (let n = 0; n < 10; n += 1) await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
  });
  after(() => test.close());

  // biome-ignore lint/suspicious/noExplicitAny: a test looks into records of any shape
  type Record = any;
  const audit = (query?: string): Promise<Record[]> => auditOf(shop, query);

  it('is for the owner alone', async () => {
    expect((await shop.cashier.get(`${shop.path}/audit`)).status).to.equal(403);
    expect((await shop.manager.get(`${shop.path}/audit`)).status).to.equal(403);
    expect((await other.owner.get(`${shop.path}/audit`)).status).to.equal(404);
    expect((await clientOf(test.url).get(`${shop.path}/audit`)).status).to.equal(401);
  });

  it('has events and log in one order, page by page, each once', async () => {
    const all = await audit();
    expect(all.map(({ id }) => id[0])).to.include.members(['e', 's']);
    expect(all.map(({ at }) => at)).to.deep.equal(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body }: { body: Record } = await shop.owner.get(
        `${shop.path}/audit?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      paged.push(...body.data.map(({ id }: Record) => id));
      cursor = body.nextCursor;
    }
    expect(paged).to.deep.equal(all.map(({ id }) => id));
    expect(new Set(paged).size).to.equal(paged.length);
    expect((await shop.owner.get(`${shop.path}/audit?cursor=x`)).status).to.equal(422);
  });

  it('keeps the order where many came in one moment', async () => {
    const at = '2026-01-01T00:00:00.000123Z';
    await db.query(
      `WITH h AS (UPDATE shop_heads SET seq = seq + 4 WHERE shop_id = $1 RETURNING seq),
        c AS (UPDATE audit_chains SET log_seq = log_seq + 4 WHERE id = $1 RETURNING log_seq),
        e AS (INSERT INTO events (shop_id, seq, type, at, actor, data)
          SELECT $1, h.seq - n, 'shop_updated', $2, '{"kind": "system", "id": null, "name": "test"}', '{}' FROM h, generate_series(0, 3) n)
       INSERT INTO security_log (chain_id, seq, type, at, actor, details)
       SELECT $1, log_seq - n, 'signed_out', $2, '{"kind": "system", "id": null, "name": "test"}', '{}' FROM c, generate_series(0, 3) n`,
      [shop.id, at],
    );
    const span = 'from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z';
    const all = await audit(span);
    expect(all.map(({ at: each }) => each)).to.deep.equal(Array(8).fill(at));
    for (const limit of [1, 2, 3]) {
      const paged: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body }: { body: Record } = await shop.owner.get(
          `${shop.path}/audit?${span}&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        paged.push(...body.data.map(({ id }: Record) => id));
        cursor = body.nextCursor;
      }
      expect(paged).to.deep.equal(all.map(({ id }) => id));
    }
    // Both ends are in.
    expect(await audit(`from=${at}&to=${at}`)).to.have.length(8);
  });

  it('is filtered by person, device, type and time', async () => {
    const { body: me } = await shop.cashier.get('/api/auth/profile');
    const mine = await audit(`userId=${me.user.id}`);
    expect(new Set(mine.map(({ actor }) => actor.name))).to.deep.equal(new Set(['cashier of AUDI']));
    expect(mine.map(({ type }) => type)).to.include.members(['order_created', 'signed_in']);

    const { body: code } = await shop.manager.post(`${shop.path}/devices`, { name: 'Counter 3' });
    const { body: paired } = await clientOf(test.url).post('/api/devices/pair', { code: code.code });
    const { id } = paired.device;
    const { body: session } = await clientOf(test.url).post('/api/auth/login', {
      email: shop.emails.cashier,
      password: PASSWORD,
      device: { id, token: paired.deviceToken },
    });
    const tea = await givenProduct(shop);
    await clientOf(test.url, session.accessToken).post(`${shop.path}/orders`, saleOf(tea));
    const onDevice = await audit(`deviceId=${id}`);
    expect(onDevice.map(({ type, deviceName }) => [type, deviceName])).to.deep.equal([
      ['order_created', 'Counter 3'],
      ['signed_in', 'Counter 3'],
    ]);
    expect((await shop.owner.get(`${shop.path}/audit?type=sold`)).status).to.equal(422);
  });

  it('says which seal closed a record', async () => {
    const [before] = await audit();
    expect(before.sealNumber).to.equal(null);
    await sealAll(test);
    const all = await audit();
    expect(new Set(all.map(({ sealNumber }) => sealNumber))).to.deep.equal(new Set([1]));
    await signIn(test, shop.emails.cashier);
    await sealAll(test);
    const [newestOne, next] = await audit();
    expect([newestOne.type, newestOne.sealNumber, next.sealNumber]).to.deep.equal(['signed_in', 2, 1]);
  });

  it('is read from its indexes, from the newest on, however long the year was', async () => {
    await db.query(
      `WITH h AS (UPDATE shop_heads SET seq = seq + 30000 WHERE shop_id = $1 RETURNING seq),
        c AS (UPDATE audit_chains SET log_seq = log_seq + 3000 WHERE id = $1 RETURNING log_seq),
        e AS (INSERT INTO events (shop_id, seq, type, at, actor, data)
          SELECT $1, h.seq - n, 'order_created', now() - n * interval '17 minutes', '{"kind": "system", "id": null, "name": "test"}', '{}'
          FROM h, generate_series(0, 29999) n)
       INSERT INTO security_log (chain_id, seq, type, at, actor, details)
       SELECT $1, log_seq - n, 'signed_out', now() - n * interval '3 hours', '{"kind": "system", "id": null, "name": "test"}', '{}'
       FROM c, generate_series(0, 2999) n`,
      [shop.id],
    );
    await db.query('ANALYZE events, security_log');
    const em = test.app.orm.em.fork();
    const plansOf = async (filter: RecordFilter) => {
      const [sent] = (await sentBy(() => selectRecords(em, shop.id, filter, null, 51))) as [Sent];
      const values = sent.values.map((value) => (value === null ? 'NULL' : `'${value}'`));
      await db.query(`SET plan_cache_mode = force_generic_plan; PREPARE listed AS ${sent.text}`);
      const { rows } = await db.query(`EXPLAIN EXECUTE listed (${values.join(', ')})`);
      await db.query('DEALLOCATE listed');
      return rows.map((row: Record) => row['QUERY PLAN']).join('\n');
    };
    const all = await plansOf({});
    expect(all)
      .to.match(/Index Scan using events_list_idx/)
      .and.match(/Index Scan using security_log_list_idx/);
    const voided = await plansOf({ action: 'voided' });
    expect(voided).to.match(/Index Scan using events_by_hand_idx/);
    expect(await plansOf({ type: 'settings_changed' })).to.match(/Index Scan using events_by_hand_idx/);
    for (const plan of [all, voided])
      expect(plan).to.not.match(/Seq Scan on (events|security_log|audit_seals)/);
  });
});
