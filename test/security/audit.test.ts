import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import pg from 'pg';
import { io } from 'socket.io-client';
import { INSTALLATION } from '../../src/core/audit/record-security.ts';
import { openRefusals } from '../../src/core/audit/refusals.ts';
import { type RecordFilter, selectRecords } from '../../src/core/audit/sql/list-records.ts';
import { importProducts } from '../../src/core/imports/import-products.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { logOf, sealAll } from '../support/audit-parts.ts';
import { clientOf } from '../support/client.ts';
import { givenItem, givenProduct, givenShop, saleOf, signIn, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';

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

describe('who did what', function () {
  this.timeout(60_000);
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;
  let other: TestShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    db = await test.database.connect();
    shop = await givenShop(test, 'AUDI');
    other = await givenShop(test, 'ELSE');
  });
  after(() => test.close());

  // biome-ignore lint/suspicious/noExplicitAny: a test looks into records of any shape
  type Record = any;
  const audit = async (query = ''): Promise<Record[]> => {
    const { status, body, text } = await shop.owner.get(`${shop.path}/audit?limit=200&${query}`);
    expect(status, text).to.equal(200);
    return body.data;
  };
  const newest = async (query: string) => (await audit(query))[0];

  describe('a change', () => {
    it('of a product stands there with what it replaced, and by whom', async () => {
      const tea = await givenProduct(shop, { name: 'Tea', price: '80.00', category: 'Drinks' });
      await shop.manager.put(`${shop.path}/products/${tea.id}`, { price: '90.00' });
      const record = await newest('type=product_updated');
      expect(record.before).to.deep.equal({ price: '80.00', version: 1, updatedAt: tea.updatedAt });
      expect(record.after).to.include({ id: tea.id, name: 'Tea', price: '90.00' });
      expect(record.actor.name).to.equal('manager of AUDI');
      await shop.manager.delete(`${shop.path}/products/${tea.id}`);
      const deleted = await newest('type=product_deleted');
      expect(deleted.after).to.deep.equal({ id: tea.id });
      expect(deleted.before).to.include({ name: 'Tea', price: '90.00', category: 'Drinks' });
      expect((await newest('type=product_created')).before).to.equal(null);
    });

    it('of settings, of the shop, of stock and of a drawer does', async () => {
      await shop.owner.put(`${shop.path}/settings`, { discountLimits: { cashier: '5' } });
      const settings = await newest('type=settings_changed');
      expect(settings.before.discountLimits).to.deep.equal({ cashier: '20', manager: '100' });
      expect(Object.keys(settings.before).sort()).to.deep.equal(['discountLimits', 'version']);

      await shop.owner.put(shop.path, { name: 'Corner' });
      expect((await newest('type=shop_updated')).before).to.include({ name: 'Shop AUDI' });

      const milk = await givenItem(shop, { name: 'Milk', quantity: 100 });
      await shop.manager.put(`${shop.path}/inventory/${milk.id}`, { count: '90.5' });
      const counted = await newest('type=inventory_updated');
      expect([counted.before.quantity, counted.after.quantity]).to.deep.equal([100, 90.5]);

      const id = randomUUID();
      await shop.cashier.post(`${shop.path}/shifts`, { id, openingFloat: '100.00' });
      await shop.cashier.post(`${shop.path}/shifts/${id}/cash-movements`, {
        id: randomUUID(),
        type: 'out',
        amount: '20.00',
        reason: 'milk',
      });
      expect((await newest('type=shift_updated')).before).to.deep.equal({ cashMovements: [] });
      await shop.cashier.post(`${shop.path}/shifts/${id}/close`, { denominations: [] });
      expect((await newest('type=shift_updated')).before).to.include({ status: 'open', counted: null });
    });

    it('of a bill says what was done: edited, paid, moved, voided, refunded, approved', async () => {
      const cake = await givenProduct(shop, { name: 'Cake', price: '100.00' });
      const place = async (fields: Record = {}) =>
        (await shop.cashier.post(`${shop.path}/orders`, saleOf(cake, fields))).body;
      const parked = await place({ paymentMethod: undefined });
      const path = `${shop.path}/orders/${parked.id}`;
      await shop.cashier.put(path, { items: [{ productId: cake.id, quantity: 1 }] });
      await shop.cashier.put(path, { payments: [{ method: 'cash', amount: '200.00' }] });
      const sold = await place();
      const refund = { id: randomUUID(), reason: 'cold' };
      expect((await shop.manager.post(`${shop.path}/orders/${sold.id}/refunds`, refund)).status).to.equal(
        201,
      );
      const wrong = await place();
      await shop.manager.delete(`${shop.path}/orders/${wrong.id}`, { reason: 'wrong table' });
      const cheap = await place({
        discount: { type: 'percentage', value: '50', reason: 'a friend' },
        approval: undefined,
        paymentMethod: 'cash',
      });
      expect(cheap.type).to.equal('urn:smoocho:problem:approval_needed');
      const line = { productId: cake.id, quantity: 1, unitPrice: '1.00' };
      const overridden = await shop.manager.post(`${shop.path}/orders`, saleOf(cake, { items: [line] }));
      expect(overridden.status).to.equal(201);

      const ofBill = (records: Record[], { id }: { id: string }) =>
        records.filter(({ after }) => after.id === id).map(({ actions }) => actions);
      const all = await audit();
      expect(ofBill(all, parked)).to.deep.equal([['paid', 'moved'], ['edited'], []]);
      expect(ofBill(all, sold)).to.deep.equal([['refunded'], []]);
      expect(ofBill(all, wrong)).to.deep.equal([['voided'], []]);
      expect(ofBill(all, overridden.body)).to.deep.equal([['approved']]);

      const idsOf = async (action: string) => (await audit(`action=${action}`)).map(({ after }) => after.id);
      expect(await idsOf('voided')).to.deep.equal([wrong.id]);
      expect(await idsOf('refunded')).to.deep.equal([sold.id]);
      expect(await idsOf('edited')).to.deep.equal([parked.id]);
      expect(await idsOf('approved')).to.deep.equal([overridden.body.id]);
      const [voided] = await audit('action=voided');
      expect(voided.before).to.include({ status: 'completed', voidReason: null });
      expect(voided.after).to.include({ status: 'voided', voidReason: 'wrong table' });
    });

    it('of a whole menu says what was made of it, and the feed only how much that was', async () => {
      const importMenu = (csv: string) =>
        importProducts(db, shop.id, () => Readable.from([Buffer.from(csv)]), {
          skipBad: false,
          dryRun: false,
          now: new Date(),
          actor: { kind: 'system', id: null, name: 'cli' },
        });
      await importMenu('name,price\nChai,1.00\n');
      const { body: feed } = await shop.cashier.get(`${shop.path}/events`);
      await importMenu('name,price\nChai,1.50\nKulfi,2.00\n');
      const counts = { kind: 'products', orders: 0, lines: 2, products: 2 };
      const { before, after } = await newest('type=data_imported');
      const [{ id }] = before.products;
      expect(before).to.deep.equal({ products: [{ id, name: 'Chai', price: '1.00' }] });
      const [{ id: madeId }] = after.menu.made;
      expect(after).to.deep.equal({
        ...counts,
        menu: {
          changed: [{ id, name: 'Chai', price: '1.50' }],
          made: [{ id: madeId, name: 'Kulfi', price: '2.00', variants: [] }],
        },
      });
      const { body: told } = await shop.cashier.get(`${shop.path}/events?after=${feed.position}`);
      expect(told.data.map(({ data }: Record) => data)).to.deep.equal([counts]);
    });

    it('costs the feed nothing: what it replaced is not told to the tills', async () => {
      const { body } = await shop.cashier.get(`${shop.path}/events`);
      const [epoch] = body.position.split(':');
      const { text, status } = await shop.cashier.get(`${shop.path}/events?after=${epoch}:0`);
      expect(status).to.equal(200);
      expect(text).to.not.include('"before"');
    });

    it('of a customer names the fields and not the phone number', async () => {
      const tea = await givenProduct(shop);
      const sale = saleOf(tea, { customerPhone: '98765 43210', customerName: 'Asha' });
      const { customerId } = (await shop.cashier.post(`${shop.path}/orders`, sale)).body;
      const { status } = await shop.cashier.put(`${shop.path}/customers/${customerId}`, {
        phone: '98765 11111',
        notes: 'no nuts',
      });
      expect(status).to.equal(200);
      const record = await newest('type=customer_changed');
      expect(record.after).to.deep.equal({ customerId, fields: ['phone', 'notes'] });
      const { rows } = await db.query(
        "SELECT (SELECT string_agg(e::text, '') FROM events e) || (SELECT string_agg(l::text, '') FROM security_log l) AS text",
      );
      expect(rows[0].text).to.not.match(/98765|11111/);
    });
  });

  describe('what is no change', () => {
    it('is recorded too: codes, devices, exports, new shops', async () => {
      const { body: code } = await shop.manager.post(`${shop.path}/devices`, { name: 'Counter 1' });
      const { body: paired } = await clientOf(test.url).post('/api/devices/pair', { code: code.code });
      const device = `${shop.path}/devices/${paired.device.id}`;
      await shop.manager.put(device, { name: 'Counter 2' });
      const lease = { id: randomUUID(), count: 50 };
      const again = { id: randomUUID(), count: 20 };
      for (const body of [lease, lease, again, lease]) {
        expect((await shop.manager.post(`${device}/number-lease`, body)).status).to.be.oneOf([200, 201]);
      }
      await shop.manager.delete(device);
      await shop.manager.delete(device);
      await shop.manager.get(`${shop.path}/reports/tax?from=2026-01-01&to=2026-01-31`, {
        accept: 'text/csv',
      });
      await shop.manager.get(`${shop.path}/reports/tax`);
      const log = await logOf(db, shop.id);
      const of = (type: string) => log.filter((row: Record) => row.type === type);
      expect(of('pairing_code_made').map(({ details }: Record) => details)).to.deep.equal([
        { name: 'Counter 1' },
      ]);
      expect(of('device_paired')[0]).to.deep.include({ address: '127.0.0.1' });
      expect(of('device_renamed')[0].details).to.deep.equal({
        deviceId: paired.device.id,
        before: 'Counter 1',
        after: 'Counter 2',
      });
      const lent = of('numbers_lent').map(({ details }: Record) => details);
      expect(lent.map(({ first, last }: Record) => [first, last])).to.deep.equal([
        [1, 50],
        [51, 70],
      ]);
      const { id: deviceId } = paired.device;
      expect(lent[0])
        .to.include({ deviceId, name: 'Counter 2', series: 'A' })
        .and.have.property('fiscalYear');
      expect(of('numbers_lent')[0].actor.name).to.equal('manager of AUDI');
      expect(of('device_revoked')).to.have.length(1);
      expect(of('report_exported').map(({ details }: Record) => details)).to.deep.equal([
        { report: 'taxReport', from: '2026-01-01', to: '2026-01-31' },
      ]);
      expect(of('signed_in')).to.have.length(3);
      expect(
        (await logOf(db, other.id, 'shop_created')).map(({ details }: Record) => details.code),
      ).to.deep.equal(['ELSE']);
      expect(JSON.stringify(log)).to.not.include(code.code).and.not.include(paired.deviceToken);
    });
  });

  describe('a refusal', () => {
    /** It is written after the answer. */
    const refusalsOf = async (chain: string, type: string, count: number, code?: string) => {
      const log = async () =>
        (await logOf(db, chain, type)).filter(({ details }: Record) => !code || details.code === code);
      await until(async () => (await log()).length >= count);
      return await log();
    };

    it('of a role is recorded once a minute for each person and route', async () => {
      for (let n = 0; n < 5; n += 1) {
        expect((await shop.cashier.get(`${shop.path}/reports/sales`)).status).to.equal(403);
        expect((await shop.manager.get(`${shop.path}/audit`)).status).to.equal(403);
      }
      const rows = await refusalsOf(shop.id, 'denied', 2, 'forbidden');
      expect(rows.map(({ actor, details }: Record) => [actor.name, details])).to.have.deep.members([
        ['cashier of AUDI', { route: 'salesReport', code: 'forbidden' }],
        ['manager of AUDI', { route: 'listAudit', code: 'forbidden' }],
      ]);
      const listed = await audit('type=denied');
      expect(listed.filter(({ after }: Record) => after.code === 'forbidden')).to.have.length(2);
    });

    it('of what a manager would have to allow says what it was', async () => {
      const product = await givenProduct(shop, { price: 100 });
      const cheap = saleOf(product, { discount: { type: 'percentage', value: 90, reason: 'friend' } });
      expect((await shop.cashier.post(`${shop.path}/orders`, cheap)).status).to.equal(403);
      const [row] = await refusalsOf(shop.id, 'denied', 1, 'approval_needed');
      expect(row?.details).to.deep.equal({
        route: 'placeOrder',
        code: 'approval_needed',
        detail:
          'The discount is more than the 5 per cent that a cashier may give. Ask a manager to approve it.',
      });
    });

    it("of another's shop stands with one's own, over HTTP and at the socket", async () => {
      expect((await other.owner.get(`${shop.path}/audit`)).status).to.equal(404);
      expect((await other.owner.get(`${shop.path}/audit`)).status).to.equal(404);
      const socket = io(test.url, {
        auth: { token: other.cashier.token, shopId: shop.id },
        transports: ['websocket'],
        reconnection: false,
      });
      await new Promise<void>((resolve) => socket.once('connect_error', () => resolve()));
      socket.close();
      const rows = await refusalsOf(other.id, 'denied', 2);
      expect(rows.map(({ details }: Record) => details)).to.have.deep.members([
        { route: 'listAudit', code: 'other_shop', shopId: shop.id },
        { route: 'socket', code: 'other_shop', shopId: shop.id },
      ]);
      // A wrong address and a thing that isn't there are no refusals.
      await other.owner.get('/api/nowhere');
      await other.owner.get(`${other.path}/orders/${randomUUID()}`);
      expect(await logOf(db, other.id, 'denied')).to.have.length(2);
    });

    it('of a pairing code is recorded with its address', async () => {
      await clientOf(test.url).post('/api/devices/pair', { code: 'AAAA-BBBB' });
      const [row] = await refusalsOf(INSTALLATION, 'pairing_failed', 1);
      expect(row).to.deep.include({ address: '127.0.0.1', actor: { kind: 'user', id: null, name: '' } });
    });

    it('in a flood fills neither memory nor disk, and is counted', async () => {
      const warned: object[] = [];
      const app = {
        ...test.app,
        log: { ...test.app.log, warn: (fields: object) => void warned.push(fields), error: () => {} },
      };
      const refusals = openRefusals(app);
      const before = (await logOf(db, INSTALLATION)).length;
      const note = (address: string) =>
        refusals.note({
          type: 'limited',
          shopId: null,
          actor: { kind: 'user', id: null, name: '' },
          address,
          details: { route: 'login' },
        });
      const startedAt = performance.now();
      for (let n = 0; n < 100_000; n += 1) note(`10.0.${n % 256}.${n % 199}`);
      expect(performance.now() - startedAt).to.be.below(2_000);
      await refusals.close();
      const rows = (await logOf(db, INSTALLATION)).slice(before);
      // 50 addresses, and how often each came.
      expect(rows).to.have.length(100);
      const counted = rows
        .slice(50)
        .reduce((sum: number, { details }: Record) => sum + (details.times ?? 1), 50);
      expect(warned).to.deep.equal([{ refusals: 100_000 - counted }]);
    });

    it('sixty times over of one person keeps nobody else from the record', async () => {
      const app = { ...test.app, log: { ...test.app.log, warn: () => {} } };
      const refusals = openRefusals(app);
      const refusing = (shopId: string, name: string) => {
        const actor = { kind: 'user' as const, id: randomUUID(), name };
        return (route: string) => refusals.note({ type: 'denied', shopId, actor, details: { route } });
      };
      const noisy = refusing(shop.id, 'noisy');
      for (let n = 0; n < 60; n += 1) noisy(`route ${n}`);
      refusing(shop.id, 'colleague')('listAudit');
      refusing(other.id, 'neighbour')('listAudit');
      await refusals.close();
      const writtenOf = async (chain: string, name: string) =>
        (await logOf(db, chain, 'denied')).filter(({ actor }: Record) => actor.name === name).length;
      expect([
        await writtenOf(shop.id, 'noisy'),
        await writtenOf(shop.id, 'colleague'),
        await writtenOf(other.id, 'neighbour'),
      ]).to.deep.equal([10, 1, 1]);
    });

    /** What is refused while the database is away; `warned` has one for each that could not be written. */
    const refusalsWhileAway = () => {
      const warned: { refusals?: number }[] = [];
      const em = {
        fork: () => ({
          getTransactionContext: () => undefined,
          getConnection: () => {
            throw new Error('away');
          },
        }),
      };
      const log = { ...test.app.log, warn: (fields: object) => void warned.push(fields) };
      return { warned, refusals: openRefusals({ ...test.app, orm: { em }, log } as never) };
    };

    it('in a flood through many shops fills no memory either', async () => {
      const { warned, refusals } = refusalsWhileAway();
      for (let n = 0; n < 5_000; n += 1) {
        const actor = { kind: 'user' as const, id: `person ${n}`, name: '' };
        refusals.note({ type: 'denied', shopId: `shop ${n % 200}`, actor });
        // So that what is written one after the other keeps up.
        if (n % 100 === 0) await new Promise(setImmediate);
      }
      await refusals.close();
      expect(warned).to.have.length(2_001);
      expect(warned.find((each) => each.refusals)?.refusals).to.equal(3_000);
    });

    it('that can not be written disturbs nobody', async () => {
      const { warned, refusals } = refusalsWhileAway();
      refusals.note({ type: 'denied', shopId: shop.id, actor: { kind: 'user', id: null, name: '' } });
      await refusals.close();
      expect(warned).to.have.length(1);
    });
  });

  describe('the list', () => {
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
      expect(mine.map(({ type }) => type)).to.include.members(['order_created', 'signed_in', 'denied']);

      const { body: code } = await shop.manager.post(`${shop.path}/devices`, { name: 'Counter 3' });
      const { body: paired } = await clientOf(test.url).post('/api/devices/pair', { code: code.code });
      const { id } = paired.device;
      const { body: session } = await clientOf(test.url).post('/api/auth/login', {
        email: shop.emails.cashier,
        password: 'correct horse battery',
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
});
