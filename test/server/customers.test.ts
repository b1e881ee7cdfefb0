import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('customers', () => {
  let test: TestApp;
  let shop: TestShop;
  let customers: string;
  let orders: string;
  let product: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'CUST');
    customers = `${shop.path}/customers`;
    orders = `${shop.path}/orders`;
    product = await givenProduct(shop, { soldBy: 'weight', price: 100 });
  });
  after(() => test.close());

  let phones = 0;
  const newPhone = () => {
    phones += 1;
    return `+9198765${String(phones).padStart(5, '0')}`;
  };
  const sell = async (customerPhone: string, fields: object = {}) => {
    const { status, body, text } = await shop.cashier.post(
      orders,
      saleOf(product, { customerPhone, ...fields }),
    );
    expect(status, text).to.equal(201);
    return body;
  };
  const givenCustomer = async (customerName: string, phone = newPhone()): Promise<string> =>
    (await sell(phone, { customerName })).customerId;
  const get = async (id: string) => (await shop.cashier.get(`${customers}/${id}`)).body;
  const put = (id: string, body: unknown) => shop.cashier.put(`${customers}/${id}`, body);
  const list = async (query: string, of: TestShop = shop) =>
    (await of.cashier.get(`${of.path}/customers?${query}`)).body.data;
  const namesOf = (found: { name: string }[]) => found.map(({ name }) => name);

  it('are found by phone, however it is typed', async () => {
    const id = await givenCustomer('Asha', '+919900011111');
    for (const typed of [
      '99000 11111',
      '099000-11111',
      '+91 99000 11111',
      '0091 9900011111',
      '९९००० १११११',
    ]) {
      const found = await list(`phone=${encodeURIComponent(typed)}`);
      expect(found, typed).to.have.length(1);
      expect(found[0]).to.include({ id, phone: '+919900011111', name: 'Asha', visits: 1, spent: '100.00' });
    }
    expect(await list('phone=9900011112')).to.deep.equal([]);
    const { status, body } = await shop.cashier.get(`${customers}?phone=asha`);
    expect([status, body.errors[0].pointer]).to.deep.equal([422, '/query/phone']);
  });

  it('have the bills that count: not those parked or voided, less what was given back', async () => {
    const phone = newPhone();
    const first = await sell(phone, { items: [{ productId: product.id, quantity: 3 }] });
    const id = first.customerId;
    await sell(phone, { paymentMethod: undefined });
    const wrong = await sell(phone);
    await shop.manager.delete(`${orders}/${wrong.id}`, { reason: 'mistake' });
    const refund = { id: randomUUID(), reason: 'cold', lines: [{ lineId: first.items[0].id, quantity: 1 }] };
    expect((await shop.manager.post(`${orders}/${first.id}/refunds`, refund)).status).to.equal(201);
    expect(await get(id)).to.include({
      visits: 1,
      spent: '200.00',
      owes: '0.00',
      lastVisitAt: first.createdAt,
    });
  });

  it('owe what they did not pay yet', async () => {
    const phone = newPhone();
    const payments = [{ method: 'cash', amount: '40' }];
    const onTheBook = { payLater: true, paymentMethod: undefined };
    const bill = await sell(phone, { ...onTheBook, payments });
    await sell(phone, onTheBook);
    await sell(phone);
    const id = bill.customerId;
    expect(await get(id)).to.include({ visits: 3, spent: '300.00', owes: '160.00' });
    const refund = { id: randomUUID(), reason: 'less', lines: [{ lineId: bill.items[0].id, quantity: 0.4 }] };
    expect((await shop.manager.post(`${orders}/${bill.id}/refunds`, refund)).status).to.equal(201);
    expect(await get(id), 'goods that come back lower the debt').to.include({
      spent: '260.00',
      owes: '120.00',
    });
    await shop.cashier.put(`${orders}/${bill.id}`, { payments: [{ method: 'upi', amount: '20' }] });
    expect(await get(id)).to.include({ owes: '100.00' });
  });

  it('change by version, and keep what is not named', async () => {
    const id = await givenCustomer('Ravi');
    const before = await get(id);
    const { status, body } = await put(id, { notes: 'no onions', version: before.version });
    expect(status).to.equal(200);
    expect(body).to.include({ name: 'Ravi', notes: 'no onions', phone: before.phone, visits: 1 });
    expect(body.version).to.equal(before.version + 1);
    const stale = await put(id, { name: 'Ravi K', version: before.version });
    expect([stale.status, stale.body.current.notes]).to.deep.equal([409, 'no onions']);
    expect((await put(id, { phone: '098300 12345' })).body).to.include({ phone: '+919830012345' });
  });

  it('have a phone number each', async () => {
    const [one, other] = [await givenCustomer('One'), await givenCustomer('Other')];
    const taken = await put(one, { phone: (await get(other)).phone });
    expect([taken.status, taken.body.type, taken.body.errors[0].pointer]).to.deep.equal([
      409,
      'urn:smoocho:problem:already_exists',
      '/phone',
    ]);
    const wrong = await put(one, { phone: '12' });
    expect([wrong.status, wrong.body.errors[0].pointer]).to.deep.equal([422, '/phone']);
    await shop.manager.put(`${shop.path}/settings`, { country: '' });
    expect((await put(one, { phone: '98300 99999' })).body.errors[0].detail).to.include('with its country');
    expect((await put(one, { phone: '+91 98300 99999' })).status).to.equal(200);
    await shop.manager.put(`${shop.path}/settings`, { country: 'IN' });
  });

  it('have an e-mail address and a postal one, if they like', async () => {
    const id = await givenCustomer('Meera');
    expect(await get(id)).to.include({ email: null, address: null });
    const address = '4 Hill Road\nBandra, Mumbai 400050';
    const { body } = await put(id, { email: ' Meera@Example.com ', address });
    expect(body).to.include({ email: 'meera@example.com', address });
    expect(await get(id)).to.deep.equal(body);
    expect((await put(id, { notes: 'rings twice' })).body).to.include({
      email: 'meera@example.com',
      address,
    });
    expect((await put(id, { email: null, address: null })).body).to.include({ email: null, address: null });
    for (const [field, value] of Object.entries({ email: 'meera', address: '' })) {
      const { status, body: problem } = await put(id, { [field]: value });
      expect([status, problem.errors[0].pointer]).to.deep.equal([422, `/${field}`]);
    }
  });

  it('are listed by name, searched and page by page', async () => {
    const other = await givenShop(test, 'LIST');
    const tea = await givenProduct(other);
    for (const customerName of ['Meera', 'anil 50%', 'Zoya', 'Asha Rao', 'Asha']) {
      const sale = saleOf(tea, { customerPhone: newPhone(), customerName });
      expect((await other.cashier.post(`${other.path}/orders`, sale)).status).to.equal(201);
    }
    const all = namesOf(await list('', other));
    expect(all).to.have.members(['Asha', 'Asha Rao', 'Meera', 'Zoya', 'anil 50%']);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await other.cashier.get(
        `${other.path}/customers?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...namesOf(body.data));
      cursor = body.nextCursor;
    }
    expect(seen).to.deep.equal(all);
    expect(namesOf(await list('search=ASHA', other))).to.deep.equal(['Asha', 'Asha Rao']);
    expect(namesOf(await list('search=%25', other))).to.deep.equal(['anil 50%']);
    expect(await list('search=_', other)).to.deep.equal([]);
  });

  it("are not there in another shop, which may have the same number for somebody else's name", async () => {
    const elsewhere = await givenShop(test, 'ELSE');
    const phone = newPhone();
    const id = await givenCustomer('Asha', phone);
    expect((await elsewhere.owner.get(`${elsewhere.path}/customers/${id}`)).status).to.equal(404);
    expect((await elsewhere.owner.put(`${elsewhere.path}/customers/${id}`, { name: 'x' })).status).to.equal(
      404,
    );
    expect(await list(`phone=${encodeURIComponent(phone)}`, elsewhere)).to.deep.equal([]);
    expect((await shop.cashier.get(`${customers}/${randomUUID()}`)).status).to.equal(404);
    const there = saleOf(await givenProduct(elsewhere), { customerPhone: phone, customerName: 'Mrs Rao' });
    await elsewhere.cashier.post(`${elsewhere.path}/orders`, there);
    expect(namesOf(await list(`phone=${encodeURIComponent(phone)}`, elsewhere))).to.deep.equal(['Mrs Rao']);
    expect((await get(id)).name).to.equal('Asha');
  });

  it('leave their phone number in no bill, no event and nowhere else in the database', async () => {
    const digits = '9811122233';
    const { customerId, id } = await sell(`+91 ${digits}`, { customerName: 'Secret' });
    await put(customerId, { notes: 'prefers a call' });
    const { body } = await shop.cashier.get(`${orders}/${id}`);
    expect(body.customerId).to.equal(customerId);
    expect(JSON.stringify([body, await eventsOf(test, shop.id)])).to.not.include(digits);
    const db = await test.database.connect();
    const { rows: tables } = await db.query(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'customers'`,
    );
    for (const { name } of tables) {
      const { rows } = await db.query(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`);
      expect(rows.map(({ row }) => row).join(), name).to.not.include(digits);
    }
  });
});
