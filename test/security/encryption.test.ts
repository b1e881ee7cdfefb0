import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { type FieldPlace, openField, sealField } from '../../src/core/keys/fields.ts';
import { requestHashOf } from '../../src/core/request-hash.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { offlineSaleOf, orderOf, replay } from '../support/offline-parts.ts';

const PLACE: FieldPlace = {
  table: 'customers',
  column: 'phone_sealed',
  row: '0190a000-0000-7000-8000-000000000001',
  purpose: 'customer',
};

/** Every row of every table as text; what is in `bytea` stands there in hex. */
async function dump(db: pg.Client): Promise<string> {
  const { rows: tables } = await db.query(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.query(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`);
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}

const hexOf = (text: string) => Buffer.from(text).toString('hex');
const base64Of = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');

describe('a sealed field', () => {
  let test: TestApp;
  before(async () => {
    test = await startTestApp();
  });
  after(() => test.close());

  it('opens where it stands, and is another one each time', () => {
    const { keys } = test.app;
    const [one, other] = [sealField(keys, PLACE, '+919811122233'), sealField(keys, PLACE, '+919811122233')];
    expect(one.equals(other)).to.equal(false);
    expect([one, other].map((sealed) => openField(keys, PLACE, sealed))).to.deep.equal([
      '+919811122233',
      '+919811122233',
    ]);
    expect(openField(keys, PLACE, sealField(keys, PLACE, ''))).to.equal('');
    expect(one.toString('latin1')).to.not.include('98111');
  });

  it('does not open in another row, column or table', () => {
    const { keys } = test.app;
    const sealed = sealField(keys, PLACE, 'secret');
    for (const moved of [{ row: uuidv7() }, { column: 'notes_sealed' }, { table: 'orders' }]) {
      expect(openField(keys, { ...PLACE, ...moved }, sealed), JSON.stringify(moved)).to.equal(null);
    }
  });

  it('does not open when a byte of it was changed, or the end is gone', () => {
    const { keys } = test.app;
    const sealed = sealField(keys, PLACE, 'secret');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(openField(keys, PLACE, changed), `byte ${at}`).to.equal(null);
      expect(openField(keys, PLACE, sealed.subarray(0, at)), `the first ${at}`).to.equal(null);
    }
  });
});

describe('the phone numbers of customers', () => {
  let test: TestApp;
  let shop: TestShop;
  let other: TestShop;
  let db: pg.Client;
  let tea: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'SEAL');
    other = await givenShop(test, 'ELSE');
    db = await test.database.connect();
    tea = await givenProduct(shop, { price: 100 });
  });
  after(() => test.close());

  const sellTo = async (customerPhone: string, at = shop, product = tea) => {
    const { status, body, text } = await at.cashier.post(
      `${at.path}/orders`,
      saleOf(product, { customerPhone }),
    );
    expect(status, text).to.equal(201);
    return body;
  };
  const customerRow = async (id: string) =>
    (await db.query('SELECT phone, phone_hash, phone_sealed FROM customers WHERE id = $1', [id])).rows[0];

  it('stand nowhere in the database, however they came', async () => {
    const numbers = ['9811122233', '9811122244', '9811122255', '9811122266'];
    const [sold, changed, edited, offline] = numbers as [string, string, string, string];
    const { customerId } = await sellTo(`+91 ${sold}`);
    await shop.manager.put(`${shop.path}/customers/${customerId}`, { phone: changed });
    const parked = await shop.cashier.post(`${shop.path}/orders`, saleOf(tea, { paymentMethod: undefined }));
    const put = { customerPhone: edited, customerName: 'Asha' };
    expect((await shop.cashier.put(`${shop.path}/orders/${parked.body.id}`, put)).status).to.equal(200);
    await replay(shop.cashier, shop, [
      offlineSaleOf(tea, new Date(Date.now() - 60_000).toISOString(), { customerPhone: `${offline} or 12` }),
      offlineSaleOf(tea, new Date(Date.now() - 60_000).toISOString(), { customerPhone: `0${sold}` }),
    ]);
    const everything = await dump(db);
    expect(everything).to.include('customer_unclear');
    for (const number of numbers) {
      for (const form of [number, `+91${number}`]) {
        for (const coded of [form, hexOf(form), base64Of(form)]) expect(everything).to.not.include(coded);
      }
    }
  });

  it('have a hash of their own in each shop, and are found by it', async () => {
    const [here, there] = [
      await sellTo('9822200011'),
      await sellTo('9822200011', other, await givenProduct(other)),
    ];
    const rows = [await customerRow(here.customerId), await customerRow(there.customerId)];
    expect(rows.map(({ phone }) => phone)).to.deep.equal([null, null]);
    expect(rows.map(({ phone_hash }) => phone_hash.length)).to.deep.equal([32, 32]);
    expect(rows[0].phone_hash.equals(rows[1].phone_hash)).to.equal(false);
    expect((await sellTo('+91 98222 00011')).customerId).to.equal(here.customerId);
    const { body } = await shop.cashier.get(`${shop.path}/customers?phone=098222-00011`);
    expect(body.data.map(({ id, phone }: { id: string; phone: string }) => [id, phone])).to.deep.equal([
      [here.customerId, '+919822200011'],
    ]);
  });

  it('are not shown of another customer, were they exchanged in the database, until entered anew', async () => {
    const [one, two] = [await sellTo('9833300011'), await sellTo('9833300022')];
    const { phone_sealed: sealed } = await customerRow(two.customerId);
    await db.query('UPDATE customers SET phone_sealed = $2 WHERE id = $1', [one.customerId, sealed]);
    const path = `${shop.path}/customers/${one.customerId}`;
    expect((await shop.manager.get(path)).body.phone).to.equal(null);
    const { status, body } = await shop.manager.get(`${shop.path}/customers?limit=200`);
    const phones = body.data.map(({ id, phone }: { id: string; phone: string }) => [id, phone]);
    expect(status).to.equal(200);
    expect(phones).to.deep.include.members([
      [one.customerId, null],
      [two.customerId, '+919833300022'],
    ]);
    expect((await shop.manager.put(path, { phone: '9833300011' })).body.phone).to.equal('+919833300011');
  });

  it('have e-mail and postal addresses beside them that are sealed as they are', async () => {
    const [one, two] = [await sellTo('9855500011'), await sellTo('9855500022')];
    const pathOf = (customer: { customerId: string }) => `${shop.path}/customers/${customer.customerId}`;
    const contact = { email: 'one.rao@mail.example', address: '17 Marine Drive' };
    expect((await shop.cashier.put(pathOf(one), contact)).body).to.include(contact);
    await shop.cashier.put(pathOf(two), { email: 'two@mail.example', address: '17 Hill Road' });
    const everything = await dump(db);
    for (const text of Object.values(contact)) {
      for (const coded of [text, hexOf(text), base64Of(text)]) expect(everything).to.not.include(coded);
    }
    // Neither another customer's nor that of another column opens.
    await db.query(
      `UPDATE customers c SET email_sealed = other.email_sealed, address_sealed = c.email_sealed
       FROM customers other WHERE c.id = $1 AND other.id = $2`,
      [one.customerId, two.customerId],
    );
    const { status, body } = await shop.cashier.get(pathOf(one));
    expect([status, body.email, body.address, body.phone]).to.deep.equal([200, null, null, '+919855500011']);
    expect((await shop.cashier.put(pathOf(one), contact)).body).to.include(contact);
  });

  it('can not be guessed from the hash that recognises a sale', async () => {
    const phone = '9844400011';
    const sale = saleOf(tea, { customerPhone: phone });
    const { body } = await shop.cashier.post(`${shop.path}/orders`, sale);
    const stored = 'SELECT request_hash FROM orders WHERE id = $1';
    const { rows } = await db.query(stored, [body.id]);
    expect(rows[0].request_hash).to.have.length(43);
    expect((await shop.cashier.post(`${shop.path}/orders`, sale)).status).to.equal(200);
    const differs = { ...sale, customerPhone: '9844400012' };
    expect((await shop.cashier.post(`${shop.path}/orders`, differs)).status).to.equal(409);
    const without = await shop.cashier.post(`${shop.path}/orders`, saleOf(tea));
    expect((await db.query(stored, [without.body.id])).rows[0].request_hash).to.have.length(
      requestHashOf({}).length,
    );
  });

  it('that could not be read are shown whole to managers alone', async () => {
    const earlier = new Date(Date.now() - 60_000).toISOString();
    const [answer] = await replay(shop.cashier, shop, [
      offlineSaleOf(tea, earlier, { customerPhone: '98555 00011 22 33' }),
    ]);
    const { id, flags } = orderOf(answer as never);
    const detailsFor = async (client: TestShop['cashier']) =>
      (await client.get(`${shop.path}/orders/${id}`)).body.flags.map(
        ({ detail }: { detail: string }) => detail,
      );
    const hidden = ['"••••• ••••• •2 33" was typed as the phone number.'];
    expect(flags.map(({ detail }) => detail)).to.deep.equal(hidden);
    expect(await detailsFor(shop.cashier)).to.deep.equal(hidden);
    expect(await detailsFor(shop.manager)).to.deep.equal([
      '"98555 00011 22 33" was typed as the phone number.',
    ]);
    const mail = await replay(shop.cashier, shop, [
      offlineSaleOf(tea, earlier, { customerPhone: 'asha.rao@mail.example' }),
    ]);
    expect(orderOf(mail[0] as never).flags[0]?.detail).to.equal(
      '"••••.•••@••••.••••ple" was typed as the phone number.',
    );
    const review = await shop.manager.post(`${shop.path}/orders/${id}/review`);
    expect(review.body.flags.map(({ detail }: { detail: string }) => detail)).to.deep.equal(hidden);
    const everything = await dump(db);
    for (const part of ['98555', 'asha.rao', 'mail.example']) expect(everything).to.not.include(part);
  });
});
