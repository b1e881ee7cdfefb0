import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { checkBooks, flagOf, offlineSaleOf, orderOf, replay } from '../support/offline-parts.ts';

const NOW = new Date('2026-05-10T06:30:00Z');
const EARLIER = '2026-05-10T04:10:00Z';

type Thing = { id: string };
type Line = Thing & { quantity: number; soldBy: string | null; unit: string | null };

describe('what is sold by the piece', () => {
  let test: TestApp;
  let shop: TestShop;
  let cake: Thing;
  let rice: Thing;
  let orders: string;

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'PCES');
    orders = `${shop.path}/orders`;
    cake = await givenProduct(shop, { name: 'Cake', price: '100.00' });
    rice = await givenProduct(shop, { name: 'Rice', price: '80.00', soldBy: 'weight' });
  });
  after(async () => {
    // Events that it makes older may be sealed by then, on a busy machine.
    await checkBooks(test, shop, ['audit-chain']);
    await test.close();
  });

  const lineOf = (product: Thing, quantity: number | string, fields: object = {}) => ({
    id: randomUUID(),
    productId: product.id,
    quantity,
    ...fields,
  });
  const place = (product: Thing, quantity: number | string, fields: object = {}) =>
    shop.cashier.post(orders, saleOf(product, { items: [lineOf(product, quantity)], ...fields }));
  const park = async (product: Thing, quantity: number | string) =>
    (await place(product, quantity, { paymentMethod: undefined })).body as Thing & { items: Line[] };
  const put = (order: Thing, change: object) => shop.cashier.put(`${orders}/${order.id}`, change);
  const refund = (order: Thing, lines: object[]) =>
    shop.manager.post(`${orders}/${order.id}/refunds`, { id: randomUUID(), reason: 'cold', lines });
  const faultOf = ({ status, body }: { status: number; body: { errors?: { pointer: string }[] } }) => [
    status,
    body.errors?.[0]?.pointer,
  ];
  /** As the version before left it: no word on how its lines were sold, in its events either. */
  const ofBefore = async ({ id }: Thing) => {
    const db = await test.database.connect();
    const less = (items: string) =>
      `(SELECT jsonb_agg(item - 'soldBy' - 'unit') FROM jsonb_array_elements(${items}) item)`;
    await db.query(`UPDATE orders SET items = ${less('items')} WHERE id = $1`, [id]);
    const events = `UPDATE events SET data = data || jsonb_build_object('items', ${less("data->'items'")})`;
    await db.query(`${events} WHERE type LIKE 'order_%' AND data->>'id' = $1`, [id]);
  };

  it('is every product that does not say otherwise, with a unit of its own', async () => {
    const [milk, oil] = [
      await givenProduct(shop, { soldBy: 'volume' }),
      await givenProduct(shop, { soldBy: 'volume', unit: 'ml' }),
    ];
    expect([cake, rice, milk, oil]).to.containSubset([
      { soldBy: 'piece', unit: 'pc' },
      { soldBy: 'weight', unit: 'kg' },
      { soldBy: 'volume', unit: 'l' },
      { soldBy: 'volume', unit: 'ml' },
    ]);
    const change = async (fields: object) =>
      (await shop.manager.put(`${shop.path}/products/${oil.id}`, fields)).body;
    expect(await change({ soldBy: 'length' })).to.include({ soldBy: 'length', unit: 'm' });
    expect(await change({ unit: 'ft' })).to.include({ soldBy: 'length', unit: 'ft' });
    const wrong = await shop.manager.put(`${shop.path}/products/${oil.id}`, { soldBy: 'dozen' });
    expect(faultOf(wrong)).to.deep.equal([422, '/soldBy']);
  });

  it('is not sold in parts, which the refusal says in words; what is weighed is, and its line keeps the unit', async () => {
    const refused = await place(cake, '0.1');
    expect(faultOf(refused)).to.deep.equal([422, '/items/0/quantity']);
    expect(refused.body.detail).to.equal(
      'The quantity of item 1 is 0.1 of Cake, which is sold by the piece; send a whole number, or have it sold by weight, volume or length.',
    );
    const { status, body } = await place(rice, '0.25');
    expect([status, body.total]).to.deep.equal([201, '20.00']);
    expect(body.items[0]).to.include({ soldBy: 'weight', unit: 'kg', quantity: 0.25 });
    expect((await place(cake, '2.000')).status).to.equal(201);
  });

  it('is not edited into parts, by a changed, a new or a voided line', async () => {
    const bill = await park(cake, 3);
    const [line] = bill.items as [Line];
    const changed = { items: [{ id: line.id, productId: cake.id, quantity: '2.5' }] };
    const added = { items: [{ productId: cake.id, quantity: '0.5' }] };
    const voided = { voidItems: [{ id: line.id, quantity: '0.5', reason: 'dropped' }] };
    expect(faultOf(await put(bill, changed))).to.deep.equal([422, '/items/0/quantity']);
    expect(faultOf(await put(bill, added))).to.deep.equal([422, '/items/0/quantity']);
    const answer = await put(bill, voided);
    expect(faultOf(answer)).to.deep.equal([422, '/voidItems/0/quantity']);
    expect(answer.body.detail).to.match(
      /would leave 2\.5 of Cake, .*; take off a whole number, or all of it\.$/,
    );
    expect((await put(bill, { voidItems: [{ ...voided.voidItems[0], quantity: 1 }] })).body.total).to.equal(
      '200.00',
    );
  });

  it('is not given back in parts; what is weighed is', async () => {
    const [{ body: cakes }, { body: kilos }] = [await place(cake, 3), await place(rice, 3)];
    const half = await refund(cakes, [{ lineId: cakes.items[0].id, quantity: '0.5' }]);
    expect(faultOf(half)).to.deep.equal([422, '/lines/0/quantity']);
    expect(half.body.detail).to.match(
      /is 0\.5 of Cake, which was sold by the piece; give back a whole number/,
    );
    expect((await refund(cakes, [{ lineId: cakes.items[0].id, quantity: 1 }])).status).to.equal(201);
    expect((await refund(kilos, [{ lineId: kilos.items[0].id, quantity: '0.5' }])).status).to.equal(201);
  });

  it('sold in parts offline is taken and flagged; its part can go back, but not in parts of it', async () => {
    const sale = offlineSaleOf(cake, EARLIER, { items: [lineOf(cake, '1.5')] });
    const order = orderOf((await replay(shop.cashier, shop, [sale]))[0]);
    expect(flagOf(order)).to.deep.equal({
      code: 'fraction_of_piece',
      detail: '1.5 of Cake was sold, which is sold by the piece.',
    });
    const back = (quantity: string) => refund(order, [{ lineId: order.items[0]?.id, quantity }]);
    expect(faultOf(await back('0.25'))).to.deep.equal([422, '/lines/0/quantity']);
    expect((await back('0.5')).status).to.equal(201);
    expect((await back('1')).status).to.equal(201);
  });

  it('goes, on orders of before, by how the product is sold now; what was parked stays and can go', async () => {
    const [whole, weighed] = [await park(cake, 2), await park(rice, '1.5')];
    for (const order of [whole, weighed]) await ofBefore(order);
    const seen = (await shop.cashier.get(`${orders}/${whole.id}`)).body.items[0];
    expect([seen.soldBy, seen.unit]).to.deep.equal([null, null]);
    const take = (order: { items: Line[] }, quantity: string) => ({
      voidItems: [{ id: order.items[0]?.id, quantity, reason: 'dropped' }],
    });
    expect(faultOf(await put(whole, take(whole, '0.5')))).to.deep.equal([422, '/voidItems/0/quantity']);
    expect((await put(weighed, take(weighed, '0.25'))).status).to.equal(200);
    // The rice becomes a packet: what is parked of it stays, and whole packets come and go.
    const packet = await givenProduct(shop, { name: 'Packet', price: '10.00', soldBy: 'weight' });
    const parked = await park(packet, '2.5');
    await ofBefore(parked);
    await shop.manager.put(`${shop.path}/products/${packet.id}`, { soldBy: 'piece' });
    expect((await put(parked, { notes: 'for Asha', items: [lineOf(cake, 1)] })).status).to.equal(200);
    expect(faultOf(await put(parked, take(parked, '0.25')))).to.deep.equal([422, '/voidItems/0/quantity']);
    expect((await put(parked, take(parked, '1'))).status).to.equal(200);
    expect((await put(parked, take(parked, '1.5'))).status).to.equal(200);
    // Sold before, given back now.
    const { body: paid } = await place(cake, 2);
    await ofBefore(paid);
    expect(faultOf(await refund(paid, [{ lineId: paid.items[0].id, quantity: '0.5' }]))).to.deep.equal([
      422,
      '/lines/0/quantity',
    ]);
  });
});
