import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import type pg from 'pg';
import { auditWords } from '../../src/cli/output/audit-words.ts';
import { importProducts } from '../../src/core/imports/import-products.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { auditOf, logOf } from '../support/audit-parts.ts';
import { clientOf } from '../support/client.ts';
import { givenItem, givenProduct, givenShop, PASSWORD, saleOf, type TestShop } from '../support/factories.ts';

describe('who did what', function () {
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
  });
  after(() => test.close());

  // biome-ignore lint/suspicious/noExplicitAny: a test looks into records of any shape
  type Record = any;
  const newest = async (query: string): Promise<Record> => (await auditOf(shop, query))[0];

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

    it('of the staff does: whom somebody let in, what with, and that there is a PIN, but not which', async () => {
      const newcomer = { name: 'Ravi', role: 'cashier', password: 'quite long enough' };
      for (const pin of [undefined, '4713']) {
        const email = `ravi-${pin ?? 'none'}@example.com`;
        await shop.owner.post(`${shop.path}/users`, { ...newcomer, email, pin });
        const { after } = await newest('type=user_created');
        expect(after.audit).to.deep.equal({ email, hasPin: pin !== undefined });
        expect(Object.keys(after).sort()).to.deep.equal([
          'audit',
          'disabledAt',
          'id',
          'name',
          'role',
          'shopId',
          'version',
        ]);
      }
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
      const all = await auditOf(shop);
      expect(ofBill(all, parked)).to.deep.equal([['paid', 'moved'], ['edited'], []]);
      expect(ofBill(all, sold)).to.deep.equal([['refunded'], []]);
      expect(ofBill(all, wrong)).to.deep.equal([['voided'], []]);
      expect(ofBill(all, overridden.body)).to.deep.equal([['approved']]);

      const idsOf = async (action: string) =>
        (await auditOf(shop, `action=${action}`)).map(({ after }) => after.id);
      expect(await idsOf('voided')).to.deep.equal([wrong.id]);
      expect(await idsOf('refunded')).to.deep.equal([sold.id]);
      expect(await idsOf('edited')).to.deep.equal([parked.id]);
      expect(await idsOf('approved')).to.deep.equal([overridden.body.id]);
      const [voided] = await auditOf(shop, 'action=voided');
      expect(voided.before).to.include({ status: 'completed', voidReason: null });
      expect(voided.after).to.include({ status: 'voided', voidReason: 'wrong table' });
    });

    it('of money that goes back, or was booked by the wrong method, says so and not that it was paid', async () => {
      const cake = await givenProduct(shop, { name: 'Cake', price: '100.00' });
      const [cash, card, back] = [randomUUID(), randomUUID(), randomUUID()];
      const sale = saleOf(cake, {
        paymentMethod: undefined,
        payments: [{ id: cash, method: 'cash', amount: '30.00' }],
      });
      const { body: order } = await shop.cashier.post(`${shop.path}/orders`, sale);
      const change = async (fields: object) =>
        expect((await shop.manager.put(`${shop.path}/orders/${order.id}`, fields)).status).to.equal(200);
      await change({ returnPayments: [{ id: back, paymentId: cash, amount: '30.00' }] });
      await change({ payments: [{ id: card, method: 'card', amount: '100.00' }] });
      await change({ changePayments: [{ id: card, method: 'upi', reason: 'wrong key' }] });
      const refund = { id: randomUUID(), reason: 'cold', payments: [{ method: 'upi' }] };
      await shop.manager.post(`${shop.path}/orders/${order.id}/refunds`, refund);
      const records = (await auditOf(shop)).filter(({ after }) => after.id === order.id).reverse();
      expect(records.map(({ actions }) => actions)).to.deep.equal([
        [],
        ['given_back'],
        ['paid', 'moved'],
        ['corrected', 'approved'],
        ['refunded'],
      ]);
      const words = records.map((record) => auditWords(record, 'INR').replace(/bill \S+, /, ''));
      expect(words).to.deep.equal([
        'opened 100.00',
        '100.00: gave back 30.00 by cash',
        '100.00: paid 100.00 by card; now completed',
        '100.00: corrected a payment from card to upi: wrong key; allowed by a manager',
        '100.00: refunded 100.00 (100.00 by upi): cold',
      ]);
      expect((await auditOf(shop, 'action=corrected')).map(({ after }) => after.id)).to.deep.equal([
        order.id,
      ]);
    });

    it('of a bill says each time who allowed it, and what was taken off and why; the feed does not', async () => {
      const cake = await givenProduct(shop, { name: 'Cake', price: '100.00' });
      const approval = { email: shop.emails.manager, password: PASSWORD };
      const { body: manager } = await shop.manager.get('/api/auth/profile');
      const [line, other] = [randomUUID(), randomUUID()].map((id) => ({
        id,
        productId: cake.id,
        quantity: 5,
      }));
      const parked = saleOf(cake, { paymentMethod: undefined, items: [line, other] });
      const { body: order } = await shop.cashier.post(`${shop.path}/orders`, parked);
      const edit = async (change: object) => {
        const { status, text } = await shop.cashier.put(`${shop.path}/orders/${order.id}`, change);
        expect(status, text).to.equal(200);
      };
      for (const value of ['40', '90']) {
        await edit({ discount: { type: 'percentage', value, reason: 'friend' }, approval });
      }
      await edit({ notes: 'by the window' });
      await edit({ status: 'preparing' });
      await edit({ voidItems: [{ id: line?.id, quantity: 2, reason: 'burnt' }], approval });
      const records = await auditOf(shop, 'type=order_updated');
      const [burnt, , , ninety, forty] = records.filter(({ after }) => after.id === order.id);
      const allowed = { approvedBy: manager.user.id };
      expect([forty, ninety].map(({ after, actions }) => [after.audit, actions])).to.deep.equal([
        [allowed, ['edited', 'approved']],
        [allowed, ['edited', 'approved']],
      ]);
      expect(burnt.actions).to.deep.equal(['edited', 'item_voided', 'approved']);
      expect(burnt.after.audit).to.deep.include(allowed);
      expect(burnt.after.audit.takenOff[0]).to.include({ name: 'Cake', quantity: '2.000', reason: 'burnt' });
      expect(auditWords(burnt, 'INR')).to.match(/took off 2(\.000)? Cake: burnt; allowed by a manager$/);
      const taken = await auditOf(shop, 'action=item_voided');
      expect(taken.map(({ after }) => after.id)).to.deep.equal([order.id]);
      const { body: start } = await shop.cashier.get(`${shop.path}/events`);
      const [epoch] = start.position.split(':');
      const { body: feed } = await shop.cashier.get(`${shop.path}/events?after=${epoch}:0`);
      const told = feed.data.filter(({ data }: Record) => data.id === order.id);
      expect(told).to.have.length(6);
      for (const { data } of told) expect(data).to.not.have.property('audit');
    });

    it('of a bill of nothing says that it was refunded, too', async () => {
      const free = await givenProduct(shop, { price: '0.00' });
      const { body: order } = await shop.cashier.post(`${shop.path}/orders`, saleOf(free));
      const refund = { id: randomUUID(), reason: 'cold', restock: true };
      await shop.manager.post(`${shop.path}/orders/${order.id}/refunds`, refund);
      const [refunded] = await auditOf(shop, 'action=refunded');
      expect(refunded.after.id).to.equal(order.id);
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

    it('of a customer names the fields and not what is in them', async () => {
      const tea = await givenProduct(shop);
      const sale = saleOf(tea, { customerPhone: '98765 43210', customerName: 'Asha' });
      const { customerId } = (await shop.cashier.post(`${shop.path}/orders`, sale)).body;
      const { status } = await shop.cashier.put(`${shop.path}/customers/${customerId}`, {
        phone: '98765 11111',
        email: 'rao@example.com',
        address: '4 Hill Road',
        notes: 'no nuts',
      });
      expect(status).to.equal(200);
      const record = await newest('type=customer_changed');
      expect(record.after).to.deep.equal({ customerId, fields: ['phone', 'email', 'address', 'notes'] });
      const { rows } = await db.query(
        "SELECT (SELECT string_agg(e::text, '') FROM events e) || (SELECT string_agg(l::text, '') FROM security_log l) AS text",
      );
      expect(rows[0].text).to.not.match(/98765|11111|rao@|Hill Road/);
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
});
