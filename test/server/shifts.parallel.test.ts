import { expect } from 'chai';
import type pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { countOf, floatOf, givenShift } from '../support/shift-parts.ts';

describe('shifts, several at once', () => {
  let test: TestApp;
  let shop: TestShop;
  let shifts: string;
  let db: pg.Client;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'MANY');
    shifts = `${shop.path}/shifts`;
    db = await test.database.connect();
  });
  after(() => test.close());

  const close = (id: string, count: object) => shop.cashier.post(`${shifts}/${id}/close`, count);
  const times = <T>(count: number, work: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => work(n)));
  const statusesOf = (answers: { status: number }[]) => answers.map(({ status }) => status).sort();

  it('opens of one drawer make one shift', async () => {
    const answers = await times(8, () => shop.cashier.post(shifts, floatOf('10')));
    expect(statusesOf(answers)).to.deep.equal([201, ...Array(7).fill(409)]);
    const opened = answers.find(({ status }) => status === 201)?.body;
    for (const { status, body } of answers) if (status === 409) expect(body.shift).to.deep.equal(opened);
    await close(opened.id, countOf(0, 10));
  });

  it('retries of one open make one shift, too', async () => {
    const body = floatOf('10');
    const answers = await times(8, () => shop.cashier.post(shifts, body));
    expect(statusesOf(answers)).to.deep.equal([...Array(7).fill(200), 201]);
    expect((await times(4, () => close(body.id, countOf(0, 10)))).map((answer) => answer.body)).to.deep.equal(
      Array(4).fill((await shop.cashier.get(`${shifts}/${body.id}/report`)).body),
    );
  });

  it('closes with two counts: one wins', async () => {
    const { id } = await givenShift(shop, '10');
    const answers = await times(4, (n) => close(id, countOf(0, n)));
    expect(statusesOf(answers)).to.deep.equal([200, 409, 409, 409]);
  });

  for (const round of [1, 2, 3]) {
    it(`leaves no sale out of a Z that its cash went into (${round})`, async () => {
      const product = await givenProduct(shop, { price: 10 });
      const { id } = await givenShift(shop, '0');
      const sell = () => shop.cashier.post(`${shop.path}/orders`, saleOf(product));
      const parked = await times(5, () =>
        shop.cashier.post(`${shop.path}/orders`, saleOf(product, { paymentMethod: undefined })),
      );
      const pay = (n: number) =>
        shop.cashier.put(`${shop.path}/orders/${parked[n]?.body.id}`, {
          payments: [{ method: 'cash', amount: '10' }],
        });
      const closing = async () => {
        await sell();
        return await close(id, countOf(0, 0));
      };
      const reopening = async (z: Promise<{ status: number }>) => {
        await z;
        return await givenShift(shop, '0');
      };
      const z = closing();
      const [sold, paid, closed, next] = await Promise.all([times(20, sell), times(5, pay), z, reopening(z)]);
      expect(statusesOf(sold)).to.deep.equal(Array(20).fill(201));
      expect(statusesOf(paid)).to.deep.equal(Array(5).fill(200));

      const { rows } = await db.query(
        'SELECT count(*)::int, coalesce(sum(amount), 0.00)::text AS taken FROM payments WHERE shift_id = $1',
        [id],
      );
      const { payments, totals } = closed.body;
      expect([payments[0]?.count ?? 0, payments[0]?.taken ?? '0.00']).to.deep.equal([
        rows[0].count,
        rows[0].taken,
      ]);
      // A payment a bill: the bills that count are those whose cash does.
      expect(totals.orders).to.equal(rows[0].count);
      await close(next.id, countOf(0, 0));
    });
  }

  it('numbers Z reports without a gap when drawers close at once', async () => {
    for (let round = 0; round < 3; round++) {
      const drawers = ['left', 'right', null];
      const opened = await Promise.all(drawers.map((deviceId) => givenShift(shop, '0', { deviceId })));
      const closed = await Promise.all(opened.map(({ id }) => close(id, countOf(0, 0))));
      expect(statusesOf(closed)).to.deep.equal([200, 200, 200]);
    }
    const { rows } = await db.query('SELECT z_number FROM shifts WHERE shop_id = $1 ORDER BY z_number', [
      shop.id,
    ]);
    expect(rows.map((row) => row.z_number)).to.deep.equal(rows.map((_, i) => i + 1));
  });
});
