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
    const { body } = await sell({ placeOfSupply: 'Kerala' });
    expect([body.taxSplit, body.tax, body.placeOfSupply]).to.deep.equal(['igst', '5.00', 'Kerala']);
    expect(body.taxLines).to.deep.equal([
      { name: 'IGST 5%', percent: '5', taxable: '100.00', amount: '5.00' },
    ]);
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
