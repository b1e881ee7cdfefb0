import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Payment } from '../../src/contract/orders.ts';
import type { Refund } from '../../src/contract/refunds.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Client, JSON_TYPE } from '../support/client.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, saleOf, type TestShop } from '../support/factories.ts';
import { checkBooks } from '../support/offline-parts.ts';
import { countOf, givenShift, movementOf } from '../support/shift-parts.ts';

describe('money that goes out', () => {
  let test: TestApp;
  let shop: TestShop;
  let cake: { id: string };
  let shift: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'OUTG');
    cake = await givenProduct(shop, { price: 100 });
  });
  beforeEach(async () => {
    shift = await givenShift(shop, '100');
  });
  afterEach(async () => {
    await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, countOf(0, 0));
    await checkBooks(test, shop);
  });
  after(() => test.close());

  const codeOf = ({ body }: { body: { type: string } }) => body.type.replace('urn:smoocho:problem:', '');
  const approval = () => ({ email: shop.emails.manager, password: PASSWORD });
  const report = async () => (await shop.manager.get(`${shop.path}/shifts/${shift.id}/report`)).body;
  const refusals = async (): Promise<
    { after: object; actor: { name: string }; address: string | null }[]
  > => {
    const { body } = await shop.owner.get(`${shop.path}/audit?type=payout_refused&limit=200`);
    return body.data.filter(({ after }: { after: { shiftId: string } }) => after.shiftId === shift.id);
  };

  describe('to a customer', () => {
    const sell = async (payments: object[], fields: object = {}) => {
      const { status, body, text } = await shop.cashier.post(
        `${shop.path}/orders`,
        saleOf(cake, { paymentMethod: undefined, payments, ...fields }),
      );
      expect(status, text).to.equal(201);
      return body;
    };
    const split = () =>
      sell([
        { method: 'card', amount: '60', tip: '5' },
        { method: 'cash', amount: '40', tip: '2' },
      ]);
    const refund = (order: { id: string }, fields: object) =>
      shop.manager.post(`${shop.path}/orders/${order.id}/refunds`, {
        id: randomUUID(),
        reason: 'cold',
        ...fields,
      });

    it('goes back by the methods that it names, once, and every report and the feed say by which', async () => {
      const order = await split();
      const named = {
        id: randomUUID(),
        withTip: true,
        payments: [{ method: 'card', amount: '60' }, { method: 'cash' }],
      };
      const { status, body, text } = await refund(order, named);
      expect(status, text).to.equal(201);
      const shown = [
        { method: 'cash', amount: '40.00', tip: '2.00' },
        { method: 'card', amount: '60.00', tip: '5.00' },
      ];
      expect(body.refunds[0]).to.deep.include({
        method: 'split',
        payments: shown,
        tip: '7.00',
        total: '100.00',
        paidOut: '100.00',
      });
      expect((await refund(order, named)).status, 'sent again').to.equal(200);
      const events = await eventsOf(test, shop.id, 'order_updated');
      const [told] = (events.at(-1)?.data.refunds ?? []) as Refund[];
      expect(told?.payments).to.deep.equal(shown);

      const { drawer, payments } = await report();
      expect(drawer).to.include({ sales: '40.00', tips: '0.00', refunds: '40.00', expected: '100.00' });
      expect(payments).to.deep.equal([
        { method: 'cash', count: 1, taken: '40.00', tips: '0.00', refunds: '40.00', returned: '0.00' },
        { method: 'card', count: 1, taken: '60.00', tips: '0.00', refunds: '60.00', returned: '0.00' },
      ]);
      const { totals } = (await shop.manager.get(`${shop.path}/reports/payments`)).body;
      expect(totals).to.include({ tips: '0.00', refunds: '100.00', net: '0.00' });
      const sales = await shop.manager.get(`${shop.path}/reports/sales?groupBy=paymentMethod`);
      expect(sales.body.groups).to.have.length(1);
      expect(sales.body.groups[0]).to.include({ key: 'split', orders: 1, refunds: '100.00', total: '0.00' });
    });

    it('names cash for what the others leave, be it nothing, or less than half a coin', async () => {
      const odd = await givenProduct(shop, { price: '24.98' });
      const rounded = (to: string) =>
        shop.manager.put(`${shop.path}/settings`, { rounding: { to, when: 'cash' } });
      await rounded('0.05');
      for (const amount of ['24.98', '24.96']) {
        const order = await sell([{ method: 'card', amount: '24.98' }], {
          items: [{ productId: odd.id, quantity: 1 }],
        });
        const named = { payments: [{ method: 'card', amount }, { method: 'cash' }], anyMethod: true };
        const { status, body, text } = await refund(order, named);
        expect(status, text).to.equal(201);
        expect(body.refunds[0]).to.deep.include({
          method: 'card',
          payments: [{ method: 'card', amount, tip: '0.00' }],
        });
      }
      await rounded('none');
    });

    it('gives back no more by one than was paid by it, unless a manager says so', async () => {
      const order = await split();
      const payments = [
        { method: 'cash', amount: '70' },
        { method: 'card', amount: '30' },
      ];
      const refused = await refund(order, { payments });
      expect([refused.status, codeOf(refused), refused.body.errors[0].pointer]).to.deep.equal([
        422,
        'invalid_payment',
        '/payments/0/amount',
      ]);
      expect(refused.body.detail).to.include('cash 40.00').and.to.include('card 60.00');
      const both = await refund(order, { method: 'cash', payments });
      expect([both.status, both.body.errors[0].pointer]).to.deep.equal([422, '/method']);
      const alone = await refund(order, { anyMethod: true });
      expect([alone.status, alone.body.errors[0].pointer]).to.deep.equal([422, '/anyMethod']);
      const approved = async () =>
        (await shop.owner.get(`${shop.path}/audit?action=approved&limit=100`)).body.data.length;
      const before = await approved();
      const within = await refund(await split(), {
        payments: [{ method: 'card' }, { method: 'cash', amount: '40' }],
        anyMethod: true,
      });
      expect([within.status, await approved()], 'nothing was exceeded').to.deep.equal([201, before]);
      const { body } = await refund(order, { payments, anyMethod: true });
      expect(body.refunds[0].payments.map(({ amount }: { amount: string }) => amount)).to.deep.equal([
        '70.00',
        '30.00',
      ]);
      const { body: audit } = await shop.owner.get(`${shop.path}/audit?action=approved&limit=1`);
      expect([audit.data[0].after.id, audit.data[0].actor.name]).to.deep.equal([order.id, 'manager of OUTG']);
    });

    it('takes tips off the tips of the day and the drawer of the refund', async () => {
      const order = await sell([{ method: 'card', amount: '100', tip: '10' }]);
      const part = await refund(order, {
        withTip: true,
        lines: [{ lineId: order.items[0].id, quantity: 1 }],
      });
      expect(part.status, 'its only piece is all of it').to.equal(201);
      expect(part.body.refunds[0]).to.include({ method: 'card', tip: '10.00', total: '100.00' });
      const two = await sell([{ method: 'cash', amount: '200', tip: '10' }], {
        items: [{ productId: cake.id, quantity: 2 }],
      });
      const lines = [{ lineId: two.items[0].id, quantity: 1 }];
      const early = await refund(two, { withTip: true, lines });
      expect([early.status, early.body.errors[0].pointer]).to.deep.equal([422, '/withTip']);
      expect((await refund(two, { lines })).status).to.equal(201);
      expect((await report()).drawer).to.include({ sales: '200.00', tips: '10.00', refunds: '100.00' });
      expect((await refund(two, { lines, withTip: true })).body.refunds[1].tip).to.equal('10.00');
      expect((await report()).drawer).to.include({ tips: '0.00', refunds: '200.00', expected: '100.00' });
      const apart = await sell([
        { method: 'card', amount: '100' },
        { method: 'upi', amount: '0', tip: '10' },
      ]);
      const back = await refund(apart, { withTip: true, payments: [{ method: 'card' }, { method: 'upi' }] });
      expect(back.body.refunds?.[0].payments, back.text).to.deep.equal([
        { method: 'card', amount: '100.00', tip: '0.00' },
        { method: 'upi', amount: '0.00', tip: '10.00' },
      ]);
    });

    it('goes back in coins where an order became smaller, and the rounding is of today', async () => {
      const settings = (rounding: object) => shop.manager.put(`${shop.path}/settings`, { rounding });
      await settings({ to: '0.05', when: 'cash' });
      const tea = await givenProduct(shop, { price: '24.98' });
      const payments = [
        { method: 'card', amount: '50' },
        { method: 'cash', amount: '49.80', tendered: '49.80' },
      ];
      const items = [{ productId: tea.id, quantity: 4 }];
      const order = await sell(payments, { items });
      const path = `${shop.path}/orders/${order.id}`;
      const voidItems = [{ id: order.items[0].id, quantity: 1, reason: 'changed' }];
      const smaller = await shop.cashier.put(path, { voidItems });
      expect(smaller.body, smaller.text).to.include({ toGiveBack: '24.86' });
      const { id: paymentId } = order.payments.find(({ method }: Payment) => method === 'cash');
      const change = { returnPayments: [{ id: randomUUID(), paymentId, amount: '24.86' }] };
      const { body, text } = await shop.cashier.put(path, change);
      expect(body, text).to.include({ total: '74.94', rounding: '0.00', paymentStatus: 'completed' });
      const back = body.payments.find(({ kind }: Payment) => kind === 'return');
      expect(back).to.include({ method: 'cash', amount: '24.85', rounding: '-0.01' });
      expect((await shop.cashier.put(path, change)).body.version, 'sent again').to.equal(body.version);
      const { drawer, totals } = await report();
      expect([drawer.expected, totals.rounding, totals.net]).to.deep.equal(['124.95', '0.01', '74.95']);
      await settings({ to: 'none', when: 'always' });
    });
  });

  describe('of a drawer', () => {
    const payOut = (amount: string, client: Client = shop.cashier, fields: object = {}, headers = {}) =>
      client.send('POST', `${shop.path}/shifts/${shift.id}/cash-movements`, {
        body: JSON.stringify({ ...movementOf('out', amount, 'milk'), ...fields }),
        headers: { ...JSON_TYPE, ...headers },
      });
    const setBlind = async (blindCount: boolean) => {
      const { status } = await shop.manager.put(`${shop.path}/settings`, { shifts: { blindCount } });
      expect(status).to.equal(200);
    };
    const outOf = ({ body }: { body: { cashMovements: object[] } }) => body.cashMovements.length;

    it('needs a manager where it is more than the drawer should have', async () => {
      await shop.cashier.post(`${shop.path}/orders`, saleOf(cake, { paymentMethod: 'cash' }));
      expect((await payOut('150')).status, 'float and sales').to.equal(201);
      const asked = { id: randomUUID() };
      const refused = await payOut('50.01', shop.cashier, asked);
      expect([refused.status, codeOf(refused)]).to.deep.equal([403, 'approval_needed']);
      expect(refused.text, 'what is in it').to.not.match(/\d+\.\d\d/);
      const [record] = await refusals();
      expect([record?.actor.name, record?.address]).to.deep.equal(['cashier of OUTG', '127.0.0.1']);
      expect(record?.after).to.deep.equal({
        shiftId: shift.id,
        movementId: asked.id,
        amount: '50.01',
        expected: '50.00',
      });
      const wrong = await payOut('50.01', shop.cashier, {
        approval: { ...approval(), password: 'wrong one' },
      });
      expect(codeOf(wrong)).to.equal('approval_refused');
      const request = { id: randomUUID(), approval: approval() };
      expect(outOf(await payOut('50.01', shop.cashier, request))).to.equal(2);
      expect((await payOut('50.01', shop.cashier, request)).status, 'sent again').to.equal(200);
      expect((await payOut('1000', shop.manager)).status).to.equal(201);
      expect((await report()).drawer.expected).to.equal('-1000.01');
      const events = await eventsOf(test, shop.id, 'shift_updated');
      const allowed = events.slice(-2).map(({ data }) => (data.audit as { approvedBy?: string })?.approvedBy);
      expect(allowed[0]).to.be.a('string');
      expect(allowed[1], 'by the manager').to.equal(allowed[0]);
      const { body } = await shop.manager.get(`${shop.path}/events?limit=500`);
      expect(JSON.stringify(body), 'what the feed tells').to.not.include(`approvedBy":"${allowed[0]}`);
    });

    it('cannot be found out by trying: after three refusals each further one needs a manager', async () => {
      for (const amount of ['400', '200', '101'])
        expect(codeOf(await payOut(amount))).to.equal('approval_needed');
      const small = await payOut('1');
      const large = await payOut('5000');
      expect([small.status, small.body.detail]).to.deep.equal([403, large.body.detail]);
      expect(small.body.detail).to.include('Ask a manager');
      expect(await refusals(), 'each is recorded').to.have.length(5);
      expect((await payOut('1', shop.cashier, { approval: approval() })).status).to.equal(201);
      expect((await payOut('1', shop.manager)).status).to.equal(201);
      const back = await shop.cashier.post(
        `${shop.path}/shifts/${shift.id}/cash-movements`,
        movementOf('in', '5'),
      );
      expect(back.status, 'cash in').to.equal(201);
    });

    it('counts what is sent again once, unless it says something new of the drawer', async () => {
      const same = { id: randomUUID() };
      const send = async (amount: string, fields?: object) =>
        (await payOut(amount, shop.cashier, fields)).status;
      for (let tries = 0; tries < 4; tries += 1) expect(await send('400', same)).to.equal(403);
      expect(await send('1'), 'one was refused').to.equal(201);
      expect(await send('400', same), 'of a drawer with less in it').to.equal(403);
      expect(await send('1'), 'two were refused').to.equal(201);
      expect(await send('399', same), 'another amount').to.equal(403);
      expect(await send('1'), 'three were refused').to.equal(403);
      expect(await refusals(), 'each is recorded').to.have.length(7);
    });

    it('counts the refusals of requests that come at once, with a key or without', async () => {
      const keyed = Array.from({ length: 12 }, (_, n) =>
        payOut(String(150 + n), shop.cashier, {}, n % 2 ? { 'idempotency-key': randomUUID() } : {}),
      );
      const answers = await Promise.all(keyed);
      expect(new Set(answers.map(codeOf))).to.deep.equal(new Set(['approval_needed']));
      const more = answers.filter(({ body }) => body.detail.startsWith('This is more than'));
      expect(more, 'that say something of the drawer').to.have.length(3);
      expect(await refusals()).to.have.length(12);
    });

    for (const [kind, headers] of [
      ['without a key', () => ({})],
      ['with a key', () => ({ 'idempotency-key': randomUUID() })],
    ] as const) {
      it(`lets pay-outs that come at once take no more than there is, ${kind}`, async () => {
        const requests = [...Array(8)].map(() => payOut('30', shop.cashier, {}, headers()));
        const statuses = (await Promise.all(requests)).map(({ status }) => status).sort();
        expect(statuses).to.deep.equal([201, 201, 201, 403, 403, 403, 403, 403]);
        expect((await report()).drawer.expected).to.equal('10.00');
      });

      it(`examines a pay-out anew when another took the cash meanwhile, ${kind}`, async () => {
        const [db, watch] = [await test.database.connect(), await test.database.connect()];
        await db.query('BEGIN');
        await db.query('SELECT FROM shifts WHERE id = $1 FOR UPDATE', [shift.id]);
        const requests = [...Array(3)].map(() => payOut('60', shop.cashier, {}, headers()));
        const waiting =
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%shifts%'";
        while ((await watch.query(waiting)).rowCount !== 3);
        // Each of them finds 100.00 before the first is booked: they stand in line for the shift.
        await db.query('COMMIT');
        const statuses = (await Promise.all(requests)).map(({ status }) => status).sort();
        expect(statuses).to.deep.equal([201, 403, 403]);
        expect(await refusals()).to.have.length(2);
      });
    }

    it('says the amount to whoever may see it, and tries of theirs close nothing', async () => {
      await setBlind(false);
      for (let tries = 0; tries < 4; tries += 1) {
        const refused = await payOut('100.01');
        expect(refused.body.detail).to.include('The drawer should have 100.00 by now, and this is 100.01.');
      }
      expect((await payOut('100')).status).to.equal(201);
      await setBlind(true);
    });
  });
});
