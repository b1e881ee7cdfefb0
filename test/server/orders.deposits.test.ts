import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  eventsOf,
  givenItem,
  givenProduct,
  givenShop,
  PASSWORD,
  saleOf,
  type TestShop,
} from '../support/factories.ts';

type Sold = {
  id: string;
  status: string;
  paymentStatus: string;
  total: string;
  toGiveBack: string;
  refunded: string;
  updatedAt: string;
  items: { id: string }[];
  payments: { id: string; kind: string; method: string; amount: string; returnedAt: string | null }[];
  refunds: { total: string; paidOut: string }[];
};

describe('money that goes back before an order is paid, or without it', () => {
  let test: TestApp;
  let shop: TestShop;
  let cake: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'DEPO');
    cake = await givenProduct(shop, { price: 100 });
  });
  afterEach(async () => {
    const { isSound, checks } = await verifyShop(systemContext(test.app, 'test'), shop.id);
    expect(isSound, JSON.stringify(checks.filter(({ wrong }) => wrong > 0))).to.equal(true);
  });
  after(() => test.close());

  const pathOf = ({ id }: { id: string }) => `${shop.path}/orders/${id}`;
  const must = ({ status, body, text }: { status: number; body: unknown; text: string }) => {
    expect(status, text).to.be.within(200, 201);
    return body as Sold;
  };
  const sell = async (quantity: number, fields: object = {}) => {
    const items = [{ productId: cake.id, quantity }];
    return must(
      await shop.cashier.post(
        `${shop.path}/orders`,
        saleOf(cake, { items, paymentMethod: undefined, ...fields }),
      ),
    );
  };
  const cash = (amount: string) => ({ id: randomUUID(), method: 'cash', amount });
  const put = (order: Sold, body: object) => shop.cashier.put(pathOf(order), body);
  const returning = (order: Sold, amount: string) => ({
    returnPayments: [{ id: randomUUID(), paymentId: order.payments[0]?.id, amount }],
  });
  const approval = () => ({ email: shop.emails.manager, password: PASSWORD });
  const refund = (order: Sold, quantity: number, fields: object = {}) => {
    const lines = [{ lineId: order.items[0]?.id, quantity }];
    return shop.manager.post(`${pathOf(order)}/refunds`, {
      id: randomUUID(),
      reason: 'cold',
      lines,
      ...fields,
    });
  };
  const paymentsToday = async () => (await shop.manager.get(`${shop.path}/reports/payments`)).body;

  describe('goods on the book that come back', () => {
    const onBook = { payLater: true, customerName: 'Asha', customerPhone: '98765 43210' };
    const owes = async () =>
      (await shop.cashier.get(`${shop.path}/customers?phone=9876543210`)).body.data[0].owes;

    it('lower what is owed, and move no money', async () => {
      const order = await sell(9, onBook);
      const before = await paymentsToday();
      const onTheBook = async () => {
        const { body } = await shop.manager.get(`${shop.path}/reports/sales?groupBy=paymentMethod`);
        return body.groups.find(({ key }: { key: string }) => key === 'on the book');
      };
      const soldBefore = Number((await onTheBook()).total);
      const back = must(await refund(order, 4));
      const { total, refunds } = await onTheBook();
      expect([Number(total), refunds], 'in the group of the order').to.deep.equal([
        soldBefore - 400,
        '400.00',
      ]);
      expect(back.refunds[0]).to.include({ total: '400.00', paidOut: '0.00' });
      expect([back.paymentStatus, await owes()]).to.deep.equal(['partial', '500.00']);
      expect((await paymentsToday()).methods).to.deep.equal(before.methods);
      const over = await put(order, { payments: [{ ...cash('501'), method: 'card' }] });
      expect([over.status, over.body.errors[0].pointer]).to.deep.equal([422, '/payments/0/amount']);
      must(await put(order, { payments: [cash('500')] }));
      expect(await owes()).to.equal('0.00');
      expect(must(await refund(order, 5)).refunds[1]).to.include({ total: '500.00', paidOut: '500.00' });
    });

    it('pay out only what was paid above the rest', async () => {
      const half = await givenProduct(shop, { price: 50 });
      const items = [{ productId: half.id, quantity: 2 }];
      const order = await sell(1, { ...onBook, items, payments: [cash('70')] });
      const back = must(await refund(order, 1));
      expect(back.refunds[0]).to.include({ total: '50.00', paidOut: '20.00' });
      expect([back.paymentStatus, back.toGiveBack, await owes()]).to.deep.equal([
        'completed',
        '0.00',
        '0.00',
      ]);
      expect(must(await refund(order, 1)).refunds[1]).to.include({ total: '50.00', paidOut: '50.00' });
    });
  });

  describe('a deposit', () => {
    it('in many parts of before cash was rounded goes back as half a coin more at most, one by one too', async () => {
      const order = await sell(1, { payments: Array.from({ length: 8 }, () => cash('6')) });
      const round = async (to: string) =>
        expect((await shop.manager.put(`${shop.path}/settings`, { rounding: { to } })).status).to.equal(200);
      await round('10');
      for (const { id: paymentId } of order.payments) {
        const body = { returnPayments: [{ id: randomUUID(), paymentId, amount: '6' }] };
        must(await put(order, body));
        must(await put(order, body));
      }
      const { payments } = must(await shop.cashier.get(pathOf(order)));
      const returns = payments.filter(({ kind }) => kind === 'return').map(({ amount }) => Number(amount));
      expect(returns).to.deep.equal([10, 0, 10, 0, 10, 10, 0, 10]);
      must(await shop.manager.delete(pathOf(order), { reason: 'changed' }));
      await round('none');
    });

    it('that is larger than the order by now stays to be given back, and then the order is paid', async () => {
      const order = await sell(5, { payments: [cash('450')] });
      const smaller = must(
        await put(order, { voidItems: [{ id: order.items[0]?.id, quantity: 2, reason: 'changed' }] }),
      );
      expect(smaller).to.include({ status: 'open', total: '300.00', toGiveBack: '150.00' });
      const more = must(await put(order, { items: [{ productId: cake.id, quantity: 1 }] }));
      expect(more).to.include({ status: 'open', total: '400.00', toGiveBack: '50.00' });
      const early = await put(order, { status: 'completed' });
      expect([early.status, early.body.instead?.action]).to.deep.equal([409, 'giveBack']);
      const request = returning(order, '50');
      const back = must(await put(order, request));
      expect(back).to.include({ status: 'completed', paymentStatus: 'completed', toGiveBack: '0.00' });
      expect(back.payments.map(({ kind, amount }) => [kind, amount])).to.deep.equal([
        ['payment', '450.00'],
        ['return', '50.00'],
      ]);
      expect(must(await put(order, request)).payments, 'sent again').to.have.length(2);
      expect(must(await refund(order, 3)).refunds[0]).to.include({ total: '300.00', paidOut: '300.00' });
    });

    it('goes back out of the drawer of now, and no more of it than was paid', async () => {
      const order = await sell(5, { payments: [cash('200')] });
      const shift = { id: randomUUID(), openingFloat: '500', deviceId: null };
      must(await shop.manager.post(`${shop.path}/shifts`, shift));
      const over = await put(order, returning(order, '201'));
      expect([over.status, over.body.type, over.body.errors[0].pointer]).to.deep.equal([
        422,
        'urn:smoocho:problem:invalid_payment',
        '/returnPayments/0/amount',
      ]);
      must(await put(order, returning(order, '120')));
      expect((await put(order, returning(order, '81'))).status).to.equal(422);
      const { body: report } = await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, {
        denominations: [],
      });
      expect(report.drawer).to.include({ sales: '0.00', returned: '120.00', expected: '380.00' });
      const voided = must(await shop.manager.delete(pathOf(order), { reason: 'never came' }));
      expect(voided.toGiveBack).to.equal('0.00');
      expect(order.payments.map(({ returnedAt }) => returnedAt)).to.deep.equal([null]);
      // The return was no payment, and gave back nothing by the void.
      const backBy = ({ kind, returnedAt }: (typeof voided.payments)[number]) => [kind, returnedAt];
      expect(voided.payments.map(backBy)).to.deep.equal([
        ['payment', voided.updatedAt],
        ['return', null],
      ]);
      const strange = await put(order, returning(await sell(1, { payments: [cash('10')] }), '10'));
      expect(strange.status).to.equal(409);
    });

    it('is given back once under an id, and nothing else under it', async () => {
      const order = await sell(5, { payments: [cash('200')] });
      const request = returning(order, '50');
      must(await put(order, request));
      const [sent] = request.returnPayments;
      for (const returnPayments of [[{ ...sent, amount: '30' }], [{ ...sent, id: sent?.paymentId }]]) {
        const { status, body } = await put(order, { returnPayments });
        expect([status, body.type]).to.deep.equal([409, 'urn:smoocho:problem:order_conflict']);
      }
    });

    it('of another order is none of this one', async () => {
      const [order, other] = [
        await sell(1, { payments: [cash('10')] }),
        await sell(1, { payments: [cash('10')] }),
      ];
      const refused = await put(order, returning(other, '10'));
      expect([refused.status, refused.body.errors[0].pointer]).to.deep.equal([
        422,
        '/returnPayments/0/paymentId',
      ]);
    });
  });

  describe('what would make money of nothing', () => {
    const smaller = (order: Sold, quantity: number) => ({
      voidItems: [{ id: order.items[0]?.id, quantity, reason: 'changed', voidId: randomUUID() }],
    });
    const correcting = (order: Sold, method: string) => ({
      changePayments: [{ id: order.payments[0]?.id, method, reason: 'typed wrong' }],
    });
    const refused = async (order: Sold, body: object) => {
      const { status, body: problem } = await put(order, body);
      return [status, problem.errors?.[0]?.pointer];
    };

    it('is refused: a payment is not returned and corrected at once, nor twice under one id', async () => {
      const order = await sell(5, { payments: [cash('200')] });
      const both = { ...returning(order, '100'), ...correcting(order, 'card') };
      expect(await refused(order, both)).to.deep.equal([422, '/changePayments/0/id']);
      const [once] = returning(order, '50').returnPayments;
      expect(await refused(order, { returnPayments: [once, once] })).to.deep.equal([
        422,
        '/returnPayments/1/id',
      ]);
    });

    it('is refused: what was paid too much is given back before it is corrected', async () => {
      const order = await sell(5, { payments: [cash('450')] });
      must(await put(order, smaller(order, 2)));
      expect(await refused(order, correcting(order, 'card'))).to.deep.equal([422, '/changePayments/0/id']);
      must(await put(order, returning(order, '150')));
    });

    it('is refused on the book: a smaller order gives back in the same request', async () => {
      await shop.owner.put(`${shop.path}/settings`, { kitchen: { enabled: true } });
      const order = await sell(5, { payLater: true, customerName: 'Asha', payments: [cash('450')] });
      await shop.owner.put(`${shop.path}/settings`, { kitchen: { enabled: false } });
      const change = { ...smaller(order, 2), approval: approval() };
      expect(await refused(order, change)).to.deep.equal([422, '/returnPayments']);
      const done = must(await put(order, { ...change, ...returning(order, '150') }));
      expect(done).to.include({ total: '300.00', toGiveBack: '0.00', paymentStatus: 'completed' });
    });

    it('is nothing when it is sent again with all else that the request had', async () => {
      const order = await sell(5, { payments: [cash('450')] });
      const request = { ...smaller(order, 1), ...returning(order, '50') };
      const done = must(await put(order, request));
      expect(done).to.include({ status: 'completed', total: '400.00' });
      expect(must(await put(order, request))).to.deep.equal(done);
      const parked = await sell(1);
      const sale = {
        items: [{ id: randomUUID(), productId: cake.id, quantity: 1 }],
        payments: [cash('200')],
        customerName: 'Asha',
      };
      const paid = must(await put(parked, sale));
      expect(must(await put(parked, sale))).to.deep.equal(paid);
      const voided = must(await shop.manager.delete(pathOf(parked), { reason: 'left' }));
      expect(must(await shop.manager.delete(pathOf(parked), { reason: 'left' }))).to.deep.equal(voided);
    });

    it('is refused: one line is not taken off twice in a request, nor written off by a cashier', async () => {
      const order = await sell(5);
      const off = { id: order.items[0]?.id, quantity: 1, reason: 'dropped' };
      expect(await refused(order, { voidItems: [off, { ...off, restock: true }] })).to.deep.equal([
        422,
        '/voidItems/1/id',
      ]);
      const flour = await givenItem(shop, { quantity: 100 });
      const bread = await givenProduct(shop, {
        price: 5,
        recipe: [{ inventoryItemId: flour.id, quantity: 1 }],
      });
      const loaves = await sell(1, { items: [{ productId: bread.id, quantity: 9 }] });
      const waste = { voidItems: [{ id: loaves.items[0]?.id, quantity: 8, reason: 'gone', restock: false }] };
      expect(await refused(loaves, waste)).to.deep.equal([403, '/voidItems']);
      must(await put(loaves, { ...waste, approval: approval() }));
    });

    it('is refused: what a settled order is reported by is no note', async () => {
      await shop.owner.put(`${shop.path}/settings`, { kitchen: { enabled: true } });
      const order = await sell(1, { paymentMethod: 'cash' });
      await shop.owner.put(`${shop.path}/settings`, { kitchen: { enabled: false } });
      expect(order.status).to.equal('preparing');
      for (const change of [{ orderType: 'takeaway' }, { payLater: true, customerName: 'Ravi' }]) {
        const { status, body } = await put(order, change);
        expect([status, body.type]).to.deep.equal([409, 'urn:smoocho:problem:order_closed']);
      }
      must(await put(order, { notes: 'no sugar' }));
    });

    it('is not paid out of a debt beyond what was paid, however cash is rounded', async () => {
      await shop.owner.put(`${shop.path}/settings`, { rounding: { to: '0.05', when: 'cash' } });
      const [tea, free] = [
        await givenProduct(shop, { price: '24.98' }),
        await givenProduct(shop, { price: 0 }),
      ];
      const items = [tea, free].map(({ id }) => ({ productId: id, quantity: 1 }));
      const payments = [{ ...cash('10.03'), method: 'card' }];
      const order = await sell(1, { items, payments, payLater: true, customerName: 'Asha' });
      const back = must(await refund(order, 1, { method: 'cash' }));
      expect(back.refunds[0]?.paidOut).to.equal('10.00');
      await shop.owner.put(`${shop.path}/settings`, { rounding: { to: 'none' } });
    });
  });

  describe('a payment of an order that is paid', () => {
    it('is corrected by a manager, and the audit keeps how it was', async () => {
      const order = await sell(1, { payments: [{ ...cash('100'), method: 'card' }] });
      const changePayments = [{ id: order.payments[0]?.id, method: 'cash', reason: 'typed wrong' }];
      expect((await put(order, { changePayments })).body.type).to.equal(
        'urn:smoocho:problem:approval_needed',
      );
      const changed = must(await put(order, { changePayments, approval: approval() }));
      expect(changed.payments[0]).to.include({ method: 'cash', amount: '100.00' });
      expect(must(await put(order, { changePayments, approval: approval() })), 'sent again').to.deep.equal(
        changed,
      );
      const events = await eventsOf(test, shop.id, 'order_updated');
      const kept = events.at(-1)?.data.audit as { changedPayments: unknown };
      expect(kept.changedPayments).to.deep.equal([
        { id: order.payments[0]?.id, from: 'card', to: 'cash', reason: 'typed wrong' },
      ]);
    });

    it('is not given back in a part that would leave the order overpaid without its rounding', async () => {
      const round = async (to: string) =>
        expect((await shop.manager.put(`${shop.path}/settings`, { rounding: { to } })).status).to.equal(200);
      await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '1', when: 'cash' } });
      const tea = await givenProduct(shop, { price: '10.60' });
      const items = [{ productId: tea.id, quantity: 1 }];
      const payments = [{ ...cash('5'), method: 'card' }, cash('6')];
      const order = await sell(1, { items, payments });
      expect(order).to.include({ total: '11.00', paymentStatus: 'completed' });
      const paymentId = order.payments.find(({ method }) => method === 'card')?.id;
      const giving = (amount: string) => ({
        returnPayments: [{ id: randomUUID(), paymentId, amount }],
        approval: approval(),
      });
      const refused = await put(order, giving('0.20'));
      expect([refused.status, refused.body.detail]).to.deep.equal([
        422,
        `Order ${(order as unknown as { orderNumber: string }).orderNumber} comes to 10.60 by this, and 0.20 above that would stay paid. Give that back, too, or all of a payment and send it anew in payments, in the same request.`,
      ]);
      expect(must(await put(order, giving('0.40')))).to.include({
        total: '10.60',
        paymentStatus: 'completed',
      });
      expect(must(await refund(order, 1, { method: 'card' })).refunds[0]).to.include({ paidOut: '10.60' });
      await round('none');
    });

    it('stays what it was when its drawer is counted in the same moment', async () => {
      const shift = { id: randomUUID(), openingFloat: '0', deviceId: null };
      must(await shop.manager.post(`${shop.path}/shifts`, shift));
      const order = await sell(1, { payments: [{ ...cash('100'), method: 'card' }] });
      const counting = await test.database.connect();
      await counting.query('BEGIN');
      await counting.query('SELECT FROM shifts WHERE id = $1 FOR UPDATE', [shift.id]);
      const changePayments = [{ id: order.payments[0]?.id, method: 'cash', reason: 'typed wrong' }];
      const answer = shop.manager.put(pathOf(order), { changePayments });
      const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM shifts%FOR SHARE%'`;
      // A transaction sees who is active as it first looked.
      const looking = await test.database.connect();
      while ((await looking.query(waiting)).rowCount === 0) await sleep(20);
      await counting.query(
        `UPDATE shifts SET closed_at = now(), z_number = 99, report = '{}', expected = 0, counted = 0, variance = 0 WHERE id = $1`,
        [shift.id],
      );
      await counting.query('COMMIT');
      const { status, body } = await answer;
      expect([status, body.type]).to.deep.equal([409, 'urn:smoocho:problem:day_closed']);
      await counting.query(
        'UPDATE shifts SET closed_at = NULL, z_number = NULL, report = NULL, expected = NULL, counted = NULL, variance = NULL WHERE id = $1',
        [shift.id],
      );
      must(await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, { denominations: [] }));
    });

    it('is rounded as cash once it is cash', async () => {
      await shop.owner.put(`${shop.path}/settings`, { rounding: { to: '0.05', when: 'cash' } });
      const odd = await givenProduct(shop, { price: '24.98' });
      const items = [{ productId: odd.id, quantity: 1 }];
      const order = await sell(1, { items, payments: [{ ...cash('24.98'), method: 'card' }] });
      expect(order.total).to.equal('24.98');
      const change = (method: string) => ({
        changePayments: [{ id: order.payments[0]?.id, method, reason: 'typed wrong' }],
        approval: approval(),
      });
      const inCash = must(await put(order, change('cash')));
      expect([inCash.total, inCash.payments[0]?.amount, inCash.status]).to.deep.equal([
        '25.00',
        '25.00',
        'completed',
      ]);
      const byCard = must(await put(order, change('card')));
      expect([byCard.total, byCard.payments[0]?.amount, byCard.toGiveBack]).to.deep.equal([
        '24.98',
        '24.98',
        '0.00',
      ]);
      await shop.owner.put(`${shop.path}/settings`, { rounding: { to: 'none' } });
    });

    it('goes back only against another one', async () => {
      const order = await sell(1, { payments: [{ ...cash('100'), method: 'card' }] });
      const back = { ...returning(order, '100'), approval: approval() };
      const alone = await put(order, back);
      expect([alone.status, alone.body.errors[0].pointer]).to.deep.equal([422, '/returnPayments']);
      expect(alone.body.detail).to.match(
        /^That would leave 100\.00 of order \S+ unpaid\. Send payments for it/,
      );
      const changed = must(await put(order, { ...back, payments: [{ ...cash('100'), method: 'upi' }] }));
      expect(changed).to.include({ status: 'completed', paymentMethod: 'upi', paymentStatus: 'completed' });
      expect(must(await refund(order, 1)).refunds[0]).to.include({ paidOut: '100.00', method: 'upi' });
    });
  });
});
