import { randomUUID } from 'node:crypto';
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

describe('editing a parked bill', () => {
  let test: TestApp;
  let shop: TestShop;
  let orders: string;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'EDIT');
    orders = `${shop.path}/orders`;
  });
  after(() => test.close());

  const park = async (product: { id: string }, fields: Record<string, unknown> = {}) => {
    const { status, body, text } = await shop.cashier.post(
      orders,
      saleOf(product, { paymentMethod: undefined, ...fields }),
    );
    expect(status, text).to.equal(201);
    return body;
  };
  const put = (id: string, body: unknown) => shop.cashier.put(`${orders}/${id}`, body);
  const voidsOf = async (orderId: string) => {
    const client = await test.database.connect();
    const { rows } = await client.query(
      'SELECT line_id, quantity::float8, amount::text, reason FROM voids WHERE order_id = $1 ORDER BY at, amount',
      [orderId],
    );
    return rows;
  };
  const stockOf = async (id: string) =>
    (await shop.cashier.get(`${shop.path}/inventory?limit=200`)).body.data.find(
      (item: { id: string }) => item.id === id,
    ).quantity;

  it('keeps what two waiters add at the same time, and what each of them changes', async () => {
    const [cake, tea] = [await givenProduct(shop, { price: 100 }), await givenProduct(shop, { price: 20 })];
    const bill = await park(cake, { tableNumber: '4' });
    const adds = [...Array(8).keys()].map((n) =>
      put(bill.id, { items: [{ id: randomUUID(), productId: n % 2 ? cake.id : tea.id, quantity: 1 }] }),
    );
    for (const { status, text } of await Promise.all(adds)) expect(status, text).to.equal(200);
    const { body } = await shop.cashier.get(`${orders}/${bill.id}`);
    expect(body.items).to.have.length(9);
    expect([body.total, body.tableNumber, body.version]).to.deep.equal(['580.00', '4', 9]);
    const again = { items: [{ ...lineOf(body.items[8]), quantity: 3 }] };
    await put(bill.id, again);
    const { body: twice } = await put(bill.id, again);
    expect(twice.items[8].quantity).to.equal(3);
    expect(twice.items.slice(0, 8)).to.deep.equal(body.items.slice(0, 8));
  });

  const lineOf = ({ id, productId }: { id: string; productId: string }) => ({ id, productId, quantity: 1 });

  it('takes lines off by their id, gives their stock back and keeps who did it and why', async () => {
    const flour = await givenItem(shop, { quantity: 100 });
    const cake = await givenProduct(shop, {
      price: 50,
      recipe: [{ inventoryItemId: flour.id, quantity: 2 }],
    });
    const bill = await park(cake, {
      items: [
        { productId: cake.id, quantity: 3 },
        { productId: cake.id, quantity: 1 },
      ],
    });
    expect(await stockOf(flour.id)).to.equal(92);
    const [first, second] = bill.items;
    const part = await put(bill.id, {
      voidItems: [
        { id: first.id, quantity: 1, reason: 'dropped' },
        { id: second.id, reason: 'left' },
      ],
    });
    expect([part.status, part.body.total, part.body.items.length]).to.deep.equal([200, '100.00', 1]);
    expect(await stockOf(flour.id)).to.equal(96);
    await put(bill.id, { items: [{ id: first.id, productId: cake.id, quantity: 1 }] });
    expect(await voidsOf(bill.id)).to.deep.equal([
      { line_id: first.id, quantity: 1, amount: '50.00', reason: 'dropped' },
      { line_id: second.id, quantity: 1, amount: '50.00', reason: 'left' },
      { line_id: first.id, quantity: 1, amount: '50.00', reason: 'Quantity reduced' },
    ]);
    const none = await put(bill.id, { voidItems: [{ id: first.id, reason: 'x' }] });
    expect([none.status, none.body.errors[0].pointer]).to.deep.equal([422, '/voidItems']);
    const unknown = await put(bill.id, { voidItems: [{ id: randomUUID(), reason: 'x' }] });
    expect([unknown.status, unknown.body.errors[0].pointer]).to.deep.equal([422, '/voidItems/0/id']);
    const many = await put(bill.id, { voidItems: [{ id: first.id, quantity: 2, reason: 'x' }] });
    expect([many.status, many.body.errors[0].pointer]).to.deep.equal([422, '/voidItems/0/quantity']);
  });

  it('does a void once and brings no line back, however often the till sends it', async () => {
    const cake = await givenProduct(shop, { price: 10 });
    const bill = await park(cake, { items: [{ productId: cake.id, quantity: 5 }] });
    const add = { items: [{ id: randomUUID(), productId: cake.id, quantity: 1 }] };
    const take = {
      voidItems: [{ id: bill.items[0].id, quantity: 2, reason: 'dropped', voidId: randomUUID() }],
    };
    await Promise.all([put(bill.id, add), put(bill.id, take), put(bill.id, add), put(bill.id, take)]);
    expect((await put(bill.id, take)).body.total).to.equal('40.00');
    const off = { voidItems: [{ id: add.items[0]?.id, reason: 'left' }] };
    for (const change of [off, add, off]) {
      const { status, body } = await put(bill.id, change);
      expect([status, body.total, body.items.length]).to.deep.equal([200, '30.00', 1]);
    }
    expect(await voidsOf(bill.id)).to.have.length(2);
    const other = await park(cake, { items: [{ productId: cake.id, quantity: 2 }] });
    const taken = await put(other.id, {
      items: [{ productId: cake.id, quantity: 1 }],
      voidItems: [{ ...take.voidItems[0], id: other.items[0].id, quantity: 1 }],
    });
    expect([taken.status, taken.body.errors[0].pointer]).to.deep.equal([409, '/voidItems']);
  });

  it("keeps a line's stock when its product left the menu or got another recipe since", async () => {
    const milk = await givenItem(shop, { quantity: 10 });
    const recipe = [{ inventoryItemId: milk.id, quantity: 1 }];
    const [shake, lassi] = [await givenProduct(shop, { recipe }), await givenProduct(shop, { recipe })];
    const bill = await park(shake, {
      items: [
        { productId: shake.id, quantity: 1 },
        { productId: lassi.id, quantity: 1 },
      ],
    });
    await shop.manager.delete(`${shop.path}/products/${shake.id}`);
    await shop.manager.put(`${shop.path}/products/${lassi.id}`, { recipe: [] });
    const { status } = await put(bill.id, { notes: 'x', discount: { type: 'flat', value: 1 } });
    expect([status, await stockOf(milk.id)]).to.deep.equal([200, 8]);
    await shop.manager.delete(`${orders}/${bill.id}`, { reason: 'left' });
    expect(await stockOf(milk.id)).to.equal(10);
  });

  it('does not turn a line into something else', async () => {
    const [cake, tea] = [await givenProduct(shop), await givenProduct(shop)];
    const bill = await park(cake);
    const { status, body } = await put(bill.id, {
      items: [{ id: bill.items[0].id, productId: tea.id, quantity: 1 }],
    });
    expect([status, body.errors[0].pointer]).to.deep.equal([422, '/items/0/id']);
  });

  describe('in a shop with a kitchen', () => {
    let cafe: TestShop;
    let cake: { id: string };
    before(async () => {
      cafe = await givenShop(test, 'CAFE');
      await cafe.manager.put(`${cafe.path}/settings`, { kitchen: { enabled: true } });
      cake = await givenProduct(cafe, { price: 100 });
    });
    const send = (id: string, body: unknown) => cafe.cashier.put(`${cafe.path}/orders/${id}`, body);
    const inKitchen = async () => {
      const sale = saleOf(cake, { paymentMethod: undefined });
      const { body } = await cafe.cashier.post(`${cafe.path}/orders`, sale);
      return (await send(body.id, { status: 'preparing' })).body;
    };

    it('goes on while the kitchen is at it, and a new line brings a finished order back', async () => {
      const bill = await inKitchen();
      await send(bill.id, { status: 'ready' });
      const { body } = await send(bill.id, { items: [{ productId: cake.id, quantity: 1 }] });
      expect([body.status, body.total]).to.deep.equal(['preparing', '200.00']);
      const paid = await send(bill.id, { payments: [{ method: 'upi', amount: 200 }] });
      expect([paid.body.status, paid.body.paymentStatus]).to.deep.equal(['preparing', 'completed']);
      const late = await send(bill.id, { items: [{ productId: cake.id, quantity: 1 }] });
      expect([late.status, late.body.type]).to.deep.equal([409, 'urn:smoocho:problem:order_closed']);
    });

    it('has what the kitchen made for waste, and what it had not for stock, unless somebody says otherwise', async () => {
      const flour = await givenItem(cafe, { name: 'Flour', quantity: 100 });
      const bread = await givenProduct(cafe, {
        price: 50,
        recipe: [{ inventoryItemId: flour.id, quantity: 2 }],
      });
      const report = async () => {
        const { body } = await cafe.manager.get(`${cafe.path}/reports/inventory`);
        const { quantity, wasted } = body.items.find(({ id }: { id: string }) => id === flour.id);
        return [quantity, wasted];
      };
      const approval = { email: cafe.emails.manager, password: PASSWORD };
      const parkedBread = async (quantity: number) => {
        const items = [{ productId: bread.id, quantity }];
        const sale = saleOf(bread, { paymentMethod: undefined, items });
        return (await cafe.cashier.post(`${cafe.path}/orders`, sale)).body;
      };
      const voided = (order: { id: string }, fields: object = {}) =>
        cafe.manager.delete(`${cafe.path}/orders/${order.id}`, { reason: 'left', ...fields });

      await voided(await parkedBread(5));
      expect(await report(), 'not begun').to.deep.equal([100, 0]);
      const order = await parkedBread(3);
      await send(order.id, { status: 'preparing' });
      const off = { id: order.items[0].id, quantity: 1, reason: 'burnt' };
      await send(order.id, { voidItems: [off], approval });
      expect(await report(), 'burnt').to.deep.equal([94, 2]);
      await send(order.id, { voidItems: [{ ...off, restock: true, reason: 'not touched' }], approval });
      expect(await report(), 'not touched').to.deep.equal([96, 2]);
      await voided(order);
      expect(await report(), 'the rest').to.deep.equal([96, 4]);
      await voided(await parkedBread(1), { restock: false });
      expect(await report(), 'fell down').to.deep.equal([94, 6]);
      const { isSound } = await verifyShop(systemContext(test.app, 'test'), cafe.id);
      expect(isSound).to.equal(true);
    });

    it('asks for a manager before something is taken off that the kitchen has', async () => {
      const bill = await inKitchen();
      const items = [{ productId: cake.id, quantity: 2 }];
      await send(bill.id, { items });
      const voidItems = [{ id: bill.items[0].id, reason: 'cold' }];
      const refused = await send(bill.id, { voidItems });
      expect([refused.status, refused.body.type]).to.deep.equal([403, 'urn:smoocho:problem:approval_needed']);
      const wrong = await send(bill.id, {
        voidItems,
        approval: { email: cafe.emails.manager, password: 'x' },
      });
      expect([wrong.status, wrong.body.type]).to.deep.equal([403, 'urn:smoocho:problem:approval_refused']);
      const own = await send(bill.id, {
        voidItems,
        approval: { email: cafe.emails.cashier, password: PASSWORD },
      });
      expect(own.body.type).to.equal('urn:smoocho:problem:approval_refused');
      const other = await send(bill.id, {
        voidItems,
        approval: { email: shop.emails.manager, password: PASSWORD },
      });
      expect(other.body.type).to.equal('urn:smoocho:problem:approval_refused');
      const approval = { email: cafe.emails.manager, password: PASSWORD };
      const { status, body } = await send(bill.id, { voidItems, approval });
      const { body: profile } = await cafe.manager.get('/api/auth/profile');
      expect([status, body.total, body.approvedBy]).to.deep.equal([200, '200.00', profile.user.id]);
    });
  });

  describe('prices and discounts that a cashier may not give alone', () => {
    const approval = () => ({ email: shop.emails.manager, password: PASSWORD });

    it('need a manager, or one who approves them in the same request', async () => {
      const cake = await givenProduct(shop, { price: 100 });
      const dear = { items: [{ productId: cake.id, quantity: 1, unitPrice: 80 }] };
      const steep = { discount: { type: 'percentage', value: '25', reason: 'regular' } };
      for (const fields of [dear, steep]) {
        const sale = saleOf(cake, fields);
        const refused = await shop.cashier.post(orders, sale);
        expect(refused.status).to.equal(403);
        expect(refused.body.detail).to.match(/Ask a manager to approve it\.$/);
        const approved = await shop.cashier.post(orders, { ...sale, approval: approval() });
        expect(approved.status, approved.text).to.equal(201);
        expect(approved.body.approvedBy).to.be.a('string');
        expect((await shop.cashier.post(orders, sale)).status, 'a retry').to.equal(200);
        expect((await shop.manager.post(orders, { ...sale, id: randomUUID() })).status).to.equal(201);
      }
      const { body } = await shop.manager.post(orders, saleOf(cake, dear));
      expect(body.items[0]).to.include({ unitPrice: '80.00', listPrice: '100.00', total: '80.00' });
    });

    it('go by the share of each line, whichever way it was taken off', async () => {
      const [cake, tea] = [
        await givenProduct(shop, { price: 1000 }),
        await givenProduct(shop, { price: 10 }),
      ];
      const free = { productId: tea.id, quantity: 1, discount: { type: 'percentage', value: '100' } };
      const items = [{ productId: cake.id, quantity: 1 }, free];
      expect((await shop.cashier.post(orders, saleOf(cake, { items }))).status).to.equal(403);
      const fifth = { type: 'percentage', value: '20' };
      expect((await shop.cashier.post(orders, saleOf(cake, { discount: fifth }))).status).to.equal(201);
    });

    it('are not got by voiding lines under a flat discount', async () => {
      const cake = await givenProduct(shop, { price: 100 });
      const items = [
        { productId: cake.id, quantity: 1 },
        { productId: cake.id, quantity: 4 },
      ];
      const bill = await park(cake, { items, discount: { type: 'flat', value: 50 } });
      const { status } = await put(bill.id, { voidItems: [{ id: bill.items[1].id, reason: 'x' }] });
      expect(status).to.equal(403);
    });

    it('are allowed of so many: a price for one is none for a hundred', async () => {
      const cake = await givenProduct(shop, { price: 100 });
      const one = { productId: cake.id, quantity: 1, unitPrice: '1.00' };
      const bill = await park(cake, { items: [one], approval: approval() });
      const line = { id: bill.items[0].id, productId: cake.id };
      const more = { items: [{ ...line, quantity: 100 }] };
      expect((await put(bill.id, more)).status).to.equal(403);
      // What goes on in the usual way stays as it was allowed.
      const added = { items: [{ productId: cake.id, quantity: 1 }] };
      expect((await put(bill.id, added)).status).to.equal(200);
      expect((await put(bill.id, { items: [{ ...line, quantity: 1, note: 'now' }] })).status).to.equal(200);
      expect((await put(bill.id, { ...more, approval: approval() })).status).to.equal(200);
    });

    it('are allowed of what was seen: a percentage asks again when the order grows', async () => {
      const [coffee, cake] = [
        await givenProduct(shop, { price: 100 }),
        await givenProduct(shop, { price: 5000 }),
      ];
      const discount = { type: 'percentage', value: '60' };
      const approved = await park(coffee, { discount, approval: approval() });
      const { body: opened } = await shop.manager.post(
        orders,
        saleOf(coffee, { paymentMethod: undefined, discount }),
      );
      const grown = { items: [{ productId: cake.id, quantity: 1 }] };
      for (const { id } of [approved, opened]) {
        const { status, body } = await put(id, grown);
        expect([status, body.type]).to.deep.equal([403, 'urn:smoocho:problem:approval_needed']);
        expect((await put(id, { ...grown, approval: approval() })).status).to.equal(200);
      }
      const flat = await park(coffee, { discount: { type: 'flat', value: '60' }, approval: approval() });
      expect((await put(flat.id, grown)).status, 'no more is taken off').to.equal(200);
    });

    it('hold for the quantity that was parked: not for more of it, nor for what left the menu', async () => {
      const cheap = () => givenProduct(shop, { price: 10 });
      const [tea, gone, off] = [await cheap(), await cheap(), await cheap()];
      const [first, second, third] = [await park(tea), await park(gone), await park(off)];
      await shop.manager.put(`${shop.path}/products/${off.id}`, { isActive: false });
      await shop.manager.put(`${shop.path}/products/${tea.id}`, { price: '100' });
      await shop.manager.delete(`${shop.path}/products/${gone.id}`);
      const more = (
        order: { id: string; items: { id: string }[] },
        product: { id: string },
        quantity: number,
      ) => put(order.id, { items: [{ id: order.items[0]?.id, productId: product.id, quantity }] });
      for (const [order, product, why] of [
        [first, tea, /^The price of .* has changed since .* add more of it as a line of its own\.$/],
        [second, gone, /is not on the menu any more: this order can have less of it, not more\.$/],
        [third, off, /is not available at the moment: this order can have less of it, not more\.$/],
      ] as const) {
        const { status, body } = await more(order, product, 10);
        expect([status, body.errors[0].pointer]).to.deep.equal([422, '/items/0/quantity']);
        expect(body.detail).to.match(why);
        expect((await more(order, product, 1)).status).to.equal(200);
      }
      const { body } = await put(first.id, { items: [{ productId: tea.id, quantity: 9 }] });
      expect(body.total).to.equal('910.00');
    });

    it('have one odd paisa an order, not one a line', async () => {
      const crumb = await givenProduct(shop, { price: '0.01' });
      const free = { productId: crumb.id, quantity: 1, discount: { type: 'percentage', value: '100' } };
      const items = Array.from({ length: 300 }, () => free);
      expect((await shop.cashier.post(orders, saleOf(crumb, { items }))).status).to.equal(403);
    });

    it('are needed for goods that come to nothing', async () => {
      const saffron = await givenProduct(shop, { price: '4.00', soldBy: 'weight' });
      const items = [{ productId: saffron.id, quantity: '0.001' }];
      const refused = await shop.cashier.post(orders, saleOf(saffron, { items }));
      expect([refused.status, refused.body.errors?.[0].pointer]).to.deep.equal([403, '/items/0/quantity']);
      const sale = saleOf(saffron, { items, approval: approval() });
      expect((await shop.cashier.post(orders, sale)).status).to.equal(201);
    });

    it('of a manager have a limit too, if the owner sets one', async () => {
      await shop.owner.put(`${shop.path}/settings`, { discountLimits: { manager: '50' } });
      const cake = await givenProduct(shop, { price: 100 });
      const gift = saleOf(cake, { discount: { type: 'percentage', value: '60' } });
      const refused = await shop.manager.post(orders, gift);
      expect([refused.status, refused.body.detail.endsWith('Ask the owner to approve it.')]).to.deep.equal([
        403,
        true,
      ]);
      const owner = { email: shop.emails.owner, password: PASSWORD };
      expect((await shop.manager.post(orders, { ...gift, approval: owner })).status).to.equal(201);
      await shop.owner.put(`${shop.path}/settings`, { discountLimits: { manager: '100' } });
    });

    it("leave no trace of the manager's password", async () => {
      const cake = await givenProduct(shop);
      const sale = saleOf(cake, { approval: approval() });
      await shop.cashier.post(orders, sale);
      const other = { ...sale, approval: { email: shop.emails.owner, password: PASSWORD } };
      expect((await shop.cashier.post(orders, other)).status, 'the hash is without it').to.equal(200);
      const events = await eventsOf(test, shop.id);
      expect(JSON.stringify(events)).to.not.include(PASSWORD);
    });
  });
});
