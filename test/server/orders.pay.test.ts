import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('what a bill comes to and how it is paid', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;
  let cake: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PAYS');
    orders = `${shop.path}/orders`;
    cake = await givenProduct(shop, { price: '100.00' });
  });
  after(() => test.close());

  const settings = async (change: unknown) => {
    const { status, text } = await shop.manager.put(`${shop.path}/settings`, change);
    expect(status, text).to.equal(200);
  };
  const sell = (fields: Record<string, unknown> = {}) => shop.cashier.post(orders, saleOf(cake, fields));
  const paidBy = (...payments: unknown[]) => sell({ paymentMethod: undefined, payments });

  it('keeps tips apart from the bill', async () => {
    const { body } = await paidBy({ method: 'cash', amount: 100, tip: 15, tendered: 200 });
    expect(body).to.include({ total: '100.00', change: '85.00', paymentStatus: 'completed' });
    expect(body.payments[0]).to.include({ amount: '100.00', tip: '15.00', tendered: '200.00' });
    const card = await paidBy({ method: 'card', amount: 100, tip: 15, reference: 'slip 7' });
    expect(card.body.payments[0]).to.include({ tendered: '115.00', change: '0.00', reference: 'slip 7' });
    const short = await paidBy({ method: 'cash', amount: 100, tip: 15, tendered: 110 });
    expect([short.status, short.body.errors[0].pointer]).to.deep.equal([422, '/payments/0/tendered']);
  });

  it('takes a payment once, however often it is sent', async () => {
    const { body: bill } = await sell({ paymentMethod: undefined });
    const part = { payments: [{ id: randomUUID(), method: 'upi', amount: 40 }] };
    const last = { payments: [{ id: randomUUID(), method: 'cash', amount: 100 }] };
    const put = (body: unknown) => shop.cashier.put(`${orders}/${bill.id}`, body);
    await Promise.all([put(part), put(part), put(part)]);
    const { body } = await put(last);
    expect(body).to.include({ status: 'completed', paymentStatus: 'completed', change: '40.00' });
    expect(body.payments).to.have.length(2);
    const again = await put(last);
    expect([again.status, again.body]).to.deep.equal([200, body]);
    const other = { payments: [{ ...part.payments[0], method: 'card' }] };
    expect((await put(other)).body.type).to.include('order_conflict');
    const { body: second } = await sell({ paymentMethod: undefined });
    const taken = await shop.cashier.put(`${orders}/${second.id}`, part);
    expect([taken.status, taken.body.type]).to.deep.equal([409, 'urn:smoocho:problem:order_conflict']);
  });

  it('puts a bill on the book for somebody who is known, and takes the money some other day', async () => {
    const nobody = await sell({ paymentMethod: undefined, payLater: true });
    expect([nobody.status, nobody.body.errors[0].pointer]).to.deep.equal([422, '/payLater']);
    const { body: bill } = await sell({
      paymentMethod: undefined,
      payLater: true,
      customerName: 'Asha',
      customerPhone: '98765 43210',
    });
    expect(bill).to.include({ status: 'completed', paymentStatus: 'pending', payLater: true });
    expect(bill.customerId).to.be.a('string');
    expect((await shop.cashier.get(`${orders}?paymentStatus=pending`)).body.data[0].id).to.equal(bill.id);
    expect((await shop.cashier.get(`${orders}?customerId=${bill.customerId}`)).body.data).to.have.length(1);
    const put = (body: unknown) => shop.cashier.put(`${orders}/${bill.id}`, body);
    expect((await put({ payments: [{ method: 'upi', amount: 30 }] })).body.paymentStatus).to.equal('partial');
    expect((await put({ notes: 'x' })).status).to.equal(409);
    const { body } = await put({ payments: [{ method: 'cash', amount: 70 }] });
    expect(body).to.include({ status: 'completed', paymentStatus: 'completed', paymentMethod: 'split' });
    expect((await put({ payments: [{ method: 'cash', amount: 1 }] })).status).to.equal(422);
  });

  it('finds the same customer by the number, however it is typed, and keeps the number out of bills', async () => {
    const typed = ['99887 76655', '+91 99887-76655', '09988776655'];
    const bills = [];
    for (const customerPhone of typed) bills.push((await sell({ customerPhone, customerName: 'Ravi' })).body);
    expect(new Set(bills.map((bill) => bill.customerId)).size).to.equal(1);
    expect(JSON.stringify(bills)).to.not.include('9988776655');
    const client = await test.database.connect();
    const { rows } = await client.query(
      "SELECT count(*)::int AS n FROM events WHERE data::text LIKE '%9988776655%'",
    );
    expect(rows).to.deep.equal([{ n: 0 }]);
    const wrong = await sell({ customerPhone: 'call me' });
    expect([wrong.status, wrong.body.errors[0].pointer]).to.deep.equal([422, '/customerPhone']);
  });

  it('adds the service charge for those who sit down, unless they refuse it', async () => {
    const food = { code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] };
    await settings({
      serviceCharge: { percent: '10', orderTypes: ['dine_in'] },
      tax: { mode: 'exclusive', classes: [food], defaultClass: 'food' },
    });
    const discount = { type: 'percentage', value: '10' };
    // 100.00 less 10.00 is 90.00; 10% of it is 9.00; 5% of 99.00 is 4.95, as two halves of 2.475 that round to 2.48.
    const { body } = await sell({ discount });
    expect(body).to.include({ serviceCharge: '9.00', tax: '4.96', total: '103.96', discount: '10.00' });
    expect((await sell({ discount, orderType: 'takeaway' })).body.serviceCharge).to.equal('0.00');
    const waived = await sell({ discount, waiveServiceCharge: true });
    expect(waived.body).to.include({ serviceCharge: '0.00', total: '94.50' });
    await settings({ serviceCharge: { percent: '0' } });
  });

  it('charges IGST where the goods go to another state', async () => {
    await settings({ tax: { state: 'Karnataka' } });
    const here = await sell({ placeOfSupply: ' karnataka ' });
    expect(here.body.taxLines.map((line: { name: string }) => line.name)).to.deep.equal([
      'CGST 2.5%',
      'SGST 2.5%',
    ]);
    for (const typed of ['KA', '29', '29-Karnataka'])
      expect((await sell({ placeOfSupply: typed })).body).to.include({
        taxSplit: 'gst',
        placeOfSupply: '29',
      });
    const refused = await sell({ placeOfSupply: 'Bangalore' });
    expect(refused.status).to.equal(422);
    expect(refused.body.errors[0]).to.include({ pointer: '/placeOfSupply' });
    expect(refused.body.errors[0].detail).to.include('its GST code such as 27, its letters MH');
    const { body } = await sell({ placeOfSupply: 'Kerala' });
    expect([body.taxSplit, body.tax, body.placeOfSupply]).to.deep.equal(['igst', '5.00', '32']);
    expect(body.taxLines).to.deep.equal([
      { name: 'IGST 5%', percent: '5', taxable: '100.00', amount: '5.00' },
    ]);
    // A change names it in the same ways; a text of an older version stays until it is changed.
    const { body: parked } = await sell({ paymentMethod: undefined });
    const path = `${shop.path}/orders/${parked.id}`;
    const moved = await shop.cashier.put(path, { placeOfSupply: 'MH' });
    expect([moved.body.placeOfSupply, moved.body.taxSplit]).to.deep.equal(['27', 'igst']);
    expect((await shop.cashier.put(path, { placeOfSupply: 'Bombay' })).body.errors[0].pointer).to.equal(
      '/placeOfSupply',
    );
    const client = await test.database.connect();
    await client.query("UPDATE orders SET place_of_supply = 'Bombay' WHERE id = $1", [parked.id]);
    const kept = await shop.cashier.put(path, { placeOfSupply: 'Bombay', notes: 'to go' });
    expect([kept.status, kept.body.placeOfSupply]).to.deep.equal([200, 'Bombay']);
    await settings({ tax: { mode: 'inclusive', classes: [], defaultClass: '', state: '' } });
  });

  it('rounds every bill, or those alone that are paid in cash', async () => {
    cake = await givenProduct(shop, { price: '10.53' });
    await settings({ rounding: { to: '1.00', when: 'always' } });
    const always = await sell({ paymentMethod: 'upi', expectedTotal: '11.00' });
    expect(always.body).to.include({ total: '11.00', rounding: '0.47', paymentStatus: 'completed' });
    await settings({ rounding: { to: '0.05', when: 'cash' } });
    expect((await sell({ paymentMethod: 'cash' })).body).to.include({ total: '10.55', rounding: '0.02' });
    expect((await sell({ paymentMethod: 'card' })).body).to.include({ total: '10.53', rounding: '0.00' });
    const mixed = await paidBy({ method: 'card', amount: '5.53' }, { method: 'cash', amount: '5.00' });
    expect(mixed.body).to.include({ total: '10.53', rounding: '0.00', paymentStatus: 'completed' });
    const { body: parked } = await sell({ paymentMethod: undefined });
    expect(parked.total).to.equal('10.53');
    const paid = await shop.cashier.put(`${orders}/${parked.id}`, {
      payments: [{ method: 'cash', amount: '20' }],
    });
    expect(paid.body).to.include({ total: '10.55', rounding: '0.02', change: '9.45' });
    const wrong = await sell({ paymentMethod: 'cash', expectedTotal: '10.53' });
    expect([wrong.status, wrong.body.total]).to.deep.equal([409, '10.55']);
    await settings({ rounding: { to: 'none' } });
  });

  describe('where cash is rounded to 0.05', () => {
    let tea: { id: string };
    before(async () => {
      tea = await givenProduct(shop, { price: '24.98' });
      await settings({ rounding: { to: '0.05', when: 'cash', mode: 'nearest' } });
    });
    after(() => settings({ rounding: { to: 'none' } }));
    const order = async (...payments: object[]) => {
      const body = saleOf(tea, { paymentMethod: undefined, payments });
      const answer = await shop.cashier.post(orders, body);
      expect(answer.status, answer.text).to.equal(201);
      return answer.body;
    };
    const put = (id: string, payment: object) => shop.cashier.put(`${orders}/${id}`, { payments: [payment] });

    it('takes 24.98 by card and 25.00 in cash, and says so before', async () => {
      const open = await order();
      expect([open.total, open.due]).to.deep.equal(['24.98', { cash: '25.00', other: '24.98' }]);
      const card = await put(open.id, { method: 'card', amount: open.due.other });
      expect(card.body).to.deep.include({ total: '24.98', rounding: '0.00', due: null, status: 'completed' });
      const cash = await put((await order()).id, { method: 'cash', amount: open.due.cash, tendered: 30 });
      expect(cash.body).to.deep.include({ total: '25.00', rounding: '0.02', due: null, change: '5.00' });
    });

    it('gives the right change on the amount that GET shows, and takes such a payment once', async () => {
      const { id } = await order();
      const { body: shown } = await shop.cashier.get(`${orders}/${id}`);
      const payment = { id: randomUUID(), method: 'cash', amount: shown.total, tendered: '50.00' };
      const paid = await put(id, payment);
      expect(paid.body).to.include({
        total: '25.00',
        rounding: '0.02',
        change: '25.00',
        status: 'completed',
      });
      expect(paid.body.payments[0]).to.include({ amount: '25.00', tendered: '50.00', tip: '0.00' });
      expect((await put(id, payment)).body).to.deep.equal(paid.body);
      const other = await put(id, { ...payment, amount: '24.80' });
      expect([other.status, other.body.type]).to.deep.equal([409, 'urn:smoocho:problem:order_conflict']);
    });

    it('rounds what a card leaves, in one request or two, whichever comes first', async () => {
      const card = { method: 'card', amount: '10.00' };
      const split = await order(card, { method: 'cash', amount: '14.98', tendered: 20 });
      expect(split).to.include({ total: '25.00', rounding: '0.02', change: '5.00', paymentMethod: 'split' });
      const begun = await order(card);
      expect([begun.total, begun.due]).to.deep.equal(['24.98', { cash: '15.00', other: '14.98' }]);
      const { body: done } = await put(begun.id, { method: 'cash', amount: 20 });
      expect(done).to.include({ total: '25.00', rounding: '0.02', change: '5.00', status: 'completed' });
      const cashFirst = await order({ method: 'cash', amount: '10.00' });
      expect(cashFirst.due).to.deep.equal({ cash: '15.00', other: '14.98' });
      const { body: byCard } = await put(cashFirst.id, { method: 'card', amount: '14.98' });
      expect(byCard).to.include({ total: '24.98', rounding: '0.00', status: 'completed' });
    });

    it('refuses cash that no coins make, tips too, and says what does work', async () => {
      const { id } = await order();
      const wrong: [object, string, string][] = [
        [
          { method: 'cash', amount: '8.33' },
          'amount',
          'Send 8.30 or 8.35; all that is left is 25.00 in cash.',
        ],
        [{ method: 'cash', amount: 25, tip: '2.02' }, 'tip', 'Send 2.00 or 2.05.'],
        [{ method: 'cash', amount: 25, tendered: '25.01' }, 'tendered', 'Send 25.00 or 25.05.'],
      ];
      for (const [payment, field, says] of wrong) {
        const { status, body } = await put(id, payment);
        expect([status, body.errors[0].pointer]).to.deep.equal([422, `/payments/0/${field}`]);
        expect(body.errors[0].detail).to.include(says);
      }
      const { body } = await put(id, { method: 'cash', amount: '25.00', tip: '2.05', tendered: '30.00' });
      expect(body).to.include({ total: '25.00', change: '2.95', status: 'completed' });
    });

    it('keeps the step on the row of cash alone, and rounds up or down and to 5 where the shop says so', async () => {
      const stepsOf = async (id: string) => {
        const client = await test.database.connect();
        const { rows } = await client.query('SELECT method, cash_step FROM payments WHERE order_id = $1', [
          id,
        ]);
        await client.end();
        return Object.fromEntries(rows.map((row) => [row.method, row.cash_step]));
      };
      const split = await order({ method: 'card', amount: 10 }, { method: 'cash', amount: 15 });
      expect(await stepsOf(split.id)).to.deep.equal({ card: null, cash: '0.05' });
      const later = await order({ method: 'card', amount: 10 });
      await put(later.id, { method: 'cash', amount: 15 });
      expect(await stepsOf(later.id), 'paid later').to.deep.equal({ card: null, cash: '0.05' });
      for (const [rounding, answered, total] of [
        [{ to: '0.25', mode: 'down' }, '0.25', '24.75'],
        [{ to: 5, mode: 'up' }, '5.00', '25.00'],
        [{ to: '10', mode: 'nearest' }, '10.00', '20.00'],
        [{ to: '1', mode: 'up' }, '1.00', '25.00'],
      ] as const) {
        await settings({ rounding });
        const { body } = await shop.cashier.get(`${shop.path}/settings`);
        expect(body.rounding).to.deep.equal({ to: answered, when: 'cash', mode: rounding.mode });
        const paid = (await shop.cashier.post(orders, saleOf(tea))).body;
        expect([paid.total, await stepsOf(paid.id)]).to.deep.equal([total, { cash: answered }]);
      }
      for (const to of ['0.20', '2', 0, null]) {
        const { status } = await shop.manager.put(`${shop.path}/settings`, { rounding: { to } });
        expect(status, String(to)).to.equal(422);
      }
      await settings({ rounding: { to: '0.05', mode: 'nearest' } });
    });

    it('gives a note back whole where less than half a coin is left, whoever asks and however often', async () => {
      await settings({ rounding: { to: '1', mode: 'nearest' } });
      const note = { id: randomUUID(), method: 'cash', amount: '500.00' };
      const payments = [{ id: randomUUID(), method: 'upi', amount: '24.70' }, note];
      const sale = saleOf(tea, { paymentMethod: undefined, payments });
      const placed = await shop.cashier.post(orders, sale);
      expect([placed.status, placed.text.length > 0]).to.deep.equal([201, true]);
      expect(placed.body).to.include({
        total: '24.70',
        change: '500.00',
        paymentMethod: 'upi',
        paymentStatus: 'completed',
      });
      expect((await shop.cashier.post(orders, sale)).body).to.deep.equal(placed.body);
      expect((await shop.cashier.get(`${orders}/${placed.body.id}`)).body).to.deep.equal(placed.body);
      const later = await order({ method: 'upi', amount: '24.70' });
      const { body } = await put(later.id, { ...note, id: randomUUID() });
      expect(body).to.include({ total: '24.70', change: '500.00', status: 'completed' });
      await settings({ rounding: { to: '0.05', mode: 'nearest' } });
    });

    it('is paid by what is due in cash, also where that is 0.00', async () => {
      await settings({ rounding: { to: '1', mode: 'nearest' } });
      const left = await order({ method: 'upi', amount: '24.70' });
      expect(left.due).to.deep.equal({ cash: '0.00', other: '0.28' });
      const payment = { id: randomUUID(), method: 'cash', amount: left.due.cash };
      const paid = (await put(left.id, payment)).body;
      expect(paid).to.include({ total: '24.70', status: 'completed', due: null });
      expect(paid.payments).to.have.length(1);
      expect((await put(left.id, payment)).body, 'sent again').to.deep.equal(paid);
      const unpaid = await order({ method: 'upi', amount: '10.00' });
      expect((await put(unpaid.id, { ...payment, id: randomUUID() })).body, 'nothing').to.deep.equal(unpaid);
      const placed = await order({ method: 'upi', amount: '24.70' }, { method: 'cash', amount: '0.00' });
      expect(placed).to.include({ total: '24.70', status: 'completed' });
      await settings({ rounding: { to: '0.05', mode: 'nearest' } });
    });

    it('holds on the book, too, and for orders of a day on which nothing was rounded', async () => {
      await settings({ rounding: { to: 'none' } });
      const parked = await order();
      const book = { paymentMethod: undefined, payLater: true, customerName: 'Asha' };
      const { body: onBook } = await shop.cashier.post(orders, saleOf(tea, book));
      expect(onBook.due).to.deep.equal({ cash: '24.98', other: '24.98' });
      await settings({ rounding: { to: '0.05' } });
      for (const { id } of [parked, onBook]) {
        const { body: shown } = await shop.cashier.get(`${orders}/${id}`);
        expect(shown.due).to.deep.equal({ cash: '25.00', other: '24.98' });
        const { body } = await put(id, { method: 'cash', amount: shown.due.cash });
        // On the book the total stands, and the payment has the rounding.
        const [total, rounding, ofPayment] =
          id === parked.id ? ['25.00', '0.02', '0.00'] : ['24.98', '0.00', '0.02'];
        expect(body).to.include({ total, rounding, paymentStatus: 'completed' });
        expect(body.payments[0]).to.include({ amount: '25.00', rounding: ofPayment });
      }
      await settings({ rounding: { to: '1.00', when: 'always' } });
      const { body: always } = await shop.cashier.post(orders, saleOf(tea, book));
      expect([always.total, always.due]).to.deep.equal(['25.00', { cash: '25.00', other: '25.00' }]);
      const { body: part } = await put(always.id, { method: 'upi', amount: '9.60' });
      expect(part.due).to.deep.equal({ cash: '15.00', other: '15.40' });
      const { body: rest } = await put(always.id, { method: 'cash', amount: '15.00' });
      expect(rest).to.include({ total: '25.00', rounding: '0.02', paymentStatus: 'completed' });
      expect(rest.payments[1]).to.include({ amount: '15.00', rounding: '-0.40' });
      await settings({ rounding: { to: '0.05', when: 'cash' } });
    });
  });

  it('leaves a paid bill what it came to, however tips come and whatever is rounded to by then', async () => {
    const tipBy = async (order: { id: string }, method: string) =>
      (await shop.cashier.put(`${orders}/${order.id}`, { payments: [{ method, amount: 0, tip: 5 }] })).body;
    await settings({ rounding: { to: '1.00', when: 'cash' } });
    const { body: bill } = await sell({ paymentMethod: 'cash' });
    for (const method of ['card', 'cash', 'card']) {
      expect(await tipBy(bill, method)).to.include({
        total: '11.00',
        rounding: '0.47',
        paymentStatus: 'completed',
      });
    }
    await settings({ rounding: { to: 'none' } });
    expect(await tipBy(bill, 'cash')).to.include({
      total: '11.00',
      rounding: '0.47',
      paymentStatus: 'completed',
    });

    await settings({ rounding: { to: '1.00', when: 'cash' } });
    const { body: parked } = await sell({ paymentMethod: undefined });
    await tipBy(parked, 'card');
    const paid = await shop.cashier.put(`${orders}/${parked.id}`, {
      payments: [{ method: 'cash', amount: 20 }],
    });
    expect(paid.body, 'a tip by card pays nothing').to.include({ total: '11.00', change: '9.00' });
    await settings({ rounding: { to: 'none' } });
  });

  it('leaves a bill on the book at what it came to, whatever is rounded by the day that it is paid', async () => {
    cake = await givenProduct(shop, { price: '10.53' });
    const book = { paymentMethod: undefined, payLater: true, customerName: 'Asha' };
    const { body: exact } = await sell(book);
    await settings({ rounding: { to: '1.00', when: 'always' } });
    const { body: rounded } = await sell(book);
    expect([exact.total, rounded.total]).to.deep.equal(['10.53', '11.00']);
    const pay = (id: string, amount: string) =>
      shop.cashier.put(`${orders}/${id}`, { payments: [{ method: 'upi', amount }] });
    expect((await pay(exact.id, '10.53')).body).to.include({ total: '10.53', paymentStatus: 'completed' });
    await settings({ rounding: { to: 'none' } });
    expect((await pay(rounded.id, '11')).body).to.include({ total: '11.00', rounding: '0.47' });
  });

  it('is never shown with payments of another moment', async () => {
    const { body: bill } = await sell({ paymentMethod: undefined });
    let isPaid = false;
    const seen: { version: number; payments: unknown[] }[] = [];
    const look = async () => {
      while (!isPaid) seen.push((await shop.cashier.get(`${orders}/${bill.id}`)).body);
    };
    const pay = async () => {
      for (let n = 0; n < 30; n += 1) {
        await shop.cashier.put(`${orders}/${bill.id}`, { payments: [{ method: 'upi', amount: '0.10' }] });
      }
      isPaid = true;
    };
    await Promise.all([pay(), look(), look(), look()]);
    expect(seen.length).to.be.above(20);
    expect(seen.filter(({ version, payments }) => payments.length !== version - 1)).to.deep.equal([]);
  });

  it('gives the money of a voided bill back', async () => {
    const { body } = await sell();
    await shop.manager.delete(`${orders}/${body.id}`, { reason: 'mistake' });
    const client = await test.database.connect();
    const { rows } = await client.query(
      'SELECT returned_on = business_date AS same_day, returned_at IS NOT NULL AS is_back FROM payments WHERE order_id = $1',
      [body.id],
    );
    expect(rows).to.deep.equal([{ same_day: true, is_back: true }]);
  });
});
