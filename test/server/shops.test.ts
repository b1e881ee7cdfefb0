import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Answer, clientOf } from '../support/client.ts';
import { eventsOf, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('shops and settings', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'SHOP');
  });
  after(() => test.close());

  it('opens another shop for an owner, with a code of its own', async () => {
    const newShop = { name: 'Second', code: 'two', currency: 'USD', timezone: 'America/New_York' };
    expect((await shop.manager.post('/api/shops', newShop)).status).to.equal(403);
    const { status, body } = await shop.owner.post('/api/shops', newShop);
    expect([status, body.code, body.currency]).to.deep.equal([201, 'TWO', 'USD']);
    expect((await shop.owner.get('/api/shops')).body.data).to.have.length(2);
    expect((await shop.owner.get(`/api/shops/${body.id}`)).status).to.equal(200);
    expect((await shop.manager.get(`/api/shops/${body.id}`)).status).to.equal(404);
    const taken = await shop.owner.post('/api/shops', newShop);
    expect([taken.status, taken.body.errors[0].pointer]).to.deep.equal([409, '/code']);
  });

  it('refuses zones, currencies and codes that do not exist', async () => {
    const newShop = { name: 'X', code: 'TOOLONG', currency: 'KWD', timezone: 'Mars/Olympus' };
    const { status, body } = await shop.owner.post('/api/shops', newShop);
    expect(status).to.equal(422);
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).to.have.members([
      '/code',
      '/currency',
      '/timezone',
    ]);
  });

  it('changes the shop by version and records it', async () => {
    const { body } = await shop.owner.put(shop.path, { name: 'New name', dayStart: '04:00', version: 1 });
    expect(body).to.include({ name: 'New name', dayStart: '04:00', version: 2 });
    const stale = await shop.owner.put(shop.path, { name: 'Other', version: 1 });
    expect([stale.status, stale.body.current.name]).to.deep.equal([409, 'New name']);
    expect((await shop.cashier.put(shop.path, { name: 'Mine' })).status).to.equal(403);
    expect((await eventsOf(test, shop.id, 'shop_updated')).map((event) => event.data)).to.deep.equal([body]);
  });

  describe('the code and the currency', () => {
    const newShop = { name: 'New', code: 'NEW', currency: 'INR', timezone: 'Asia/Kolkata' };
    const problemOf = ({ status, body }: Answer) => [status, body.type?.split(':').at(-1), body.detail];

    it('change until the first order, which has them', async () => {
      const opened = await shop.owner.post('/api/shops', newShop);
      const path = `/api/shops/${opened.body.id}`;
      const taken = await shop.owner.put(path, { code: 'SHOP' });
      expect(problemOf(taken)).to.deep.equal([409, 'already_exists', "SHOP is another shop's code."]);
      const changed = await shop.owner.put(path, { code: 'nova', currency: 'eur', version: 1 });
      expect(changed.body).to.include({ code: 'NOVA', currency: 'EUR', version: 2 });
      expect((await eventsOf(test, opened.body.id, 'shop_updated')).map(({ data }) => data)).to.deep.equal([
        changed.body,
      ]);
      const { body: product } = await shop.owner.post(`${path}/products`, { name: 'Chai', price: '10.00' });
      const { body: order } = await shop.owner.post(`${path}/orders`, saleOf(product));
      expect(order.orderNumber).to.match(/^NOVA\//);

      expect(problemOf(await shop.owner.put(path, { code: 'OTHR' }))).to.deep.equal([
        409,
        'shop_has_orders',
        'The code stays as it is: the shop has orders. For another code, open another shop.',
      ]);
      expect(problemOf(await shop.owner.put(path, { currency: 'USD', name: 'Renamed' }))).to.deep.equal([
        409,
        'shop_has_orders',
        'The currency stays as it is: the shop has orders. For another currency, open another shop.',
      ]);
      // The same ones are no change.
      const same = await shop.owner.put(path, { code: 'nova', currency: 'EUR', name: 'Renamed' });
      expect(same.body).to.include({ code: 'NOVA', currency: 'EUR', name: 'Renamed', version: 3 });
    });

    it('stay once a device has numbers to sell with offline', async () => {
      const opened = await shop.owner.post('/api/shops', { ...newShop, code: 'LEAS' });
      const path = `/api/shops/${opened.body.id}`;
      const { body: code } = await shop.owner.post(`${path}/devices`, { name: 'Counter' });
      const { body: paired } = await clientOf(test.url).post('/api/devices/pair', { code: code.code });
      const lease = { id: randomUUID(), count: 10 };
      const leased = await shop.owner.post(`${path}/devices/${paired.device.id}/number-lease`, lease);
      expect(leased.status, leased.text).to.equal(201);
      expect(problemOf(await shop.owner.put(path, { currency: 'USD' }))).to.deep.equal([
        409,
        'shop_has_orders',
        'The currency stays as it is: the shop has lent bill numbers to a device, which may have sold offline. For another currency, open another shop.',
      ]);
    });

    it('wait for an order that is being written', async () => {
      const opened = await shop.owner.post('/api/shops', { ...newShop, code: 'RACE' });
      const path = `/api/shops/${opened.body.id}`;
      const { body: product } = await shop.owner.post(`${path}/products`, { name: 'Chai', price: '10.00' });
      const [db, watcher] = [await test.database.connect(), await test.database.connect()];
      await db.query('BEGIN');
      await db.query('SELECT FROM shop_heads WHERE shop_id = $1 FOR UPDATE', [opened.body.id]);
      const waiting = `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      const isWaiting = async (count: number) => {
        while ((await watcher.query(waiting)).rows[0].count < count) await setTimeout(5);
      };
      const placed = shop.owner.post(`${path}/orders`, saleOf(product));
      await isWaiting(1);
      const changed = shop.owner.put(path, { code: 'SLOW' });
      await isWaiting(2);
      await db.query('COMMIT');
      expect((await placed).body.orderNumber).to.match(/^RACE\//);
      expect((await changed).body.type).to.equal('urn:smoocho:problem:shop_has_orders');
    });
  });

  it('merges settings by key, keeps the rest, and tells the feed', async () => {
    const path = `${shop.path}/settings`;
    const first = await shop.manager.put(path, {
      tax: { classes: [{ code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] }] },
      custom: { till: { theme: 'dark' } },
    });
    expect(first.status).to.equal(200);
    const second = await shop.manager.put(path, {
      tax: { defaultClass: 'food' },
      custom: { kitchen: [1, 2] },
    });
    expect(second.body.tax.classes[0].rates).to.deep.equal([{ from: '2017-07-01', percent: '5' }]);
    expect(second.body.custom).to.deep.equal({ till: { theme: 'dark' }, kitchen: [1, 2] });
    expect(second.body.version).to.equal(first.body.version + 1);
    expect((await shop.cashier.get(path)).body).to.deep.equal(second.body);
    const events = await eventsOf(test, shop.id, 'settings_changed');
    expect(events.map((event) => event.data)).to.deep.equal([first.body, second.body]);
    const gone = await shop.manager.put(path, { custom: { till: null } });
    expect(gone.body.custom).to.deep.equal({ kitchen: [1, 2] });
  });

  it("lets an owner alone change the managers' limit on discounts", async () => {
    const path = `${shop.path}/settings`;
    const raise = { discountLimits: { manager: '90' } };
    const refused = await shop.manager.put(path, raise);
    expect([refused.status, refused.body.errors[0].pointer]).to.deep.equal([403, '/discountLimits/manager']);
    expect((await shop.manager.put(path, { discountLimits: { cashier: '5' } })).status).to.equal(200);
    expect((await shop.owner.put(path, raise)).body.discountLimits).to.deep.equal({
      cashier: '5',
      manager: '90',
    });
  });

  it('refuses settings that do not fit together or are too large', async () => {
    const path = `${shop.path}/settings`;
    const unknown = await shop.manager.put(path, { tax: { defaultClass: 'luxury' } });
    expect([unknown.status, unknown.body.errors[0].pointer]).to.deep.equal([422, '/tax/defaultClass']);
    const large = await shop.manager.put(path, { custom: { a: 'x'.repeat(33 * 1024) } });
    expect([large.status, large.body.errors[0].pointer]).to.deep.equal([422, '/custom']);
    const half = 'x'.repeat(20 * 1024);
    expect((await shop.manager.put(path, { custom: { a: half } })).status).to.equal(200);
    expect((await shop.manager.put(path, { custom: { b: half } })).status).to.equal(422);
  });
});
