import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import {
  checkBooks,
  flagOf,
  givenDevice,
  offlineSaleOf,
  orderOf,
  problemOf,
  replay,
  resultsOf,
} from '../support/offline-parts.ts';

const NOW = new Date('2026-05-10T06:30:00Z');
const EARLIER = new Date('2026-05-10T04:10:00Z');

describe('what an offline sale is flagged for', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ now: () => NOW });
    shop = await givenShop(test, 'FLAG');
  });
  after(async () => {
    await checkBooks(test, shop);
    await test.close();
  });

  /** Sells offline, and gives back the order as it was taken. */
  async function sold(product: { id: string }, fields: object = {}, till = shop.cashier) {
    const [answer] = await replay(till, shop, [offlineSaleOf(product, EARLIER, fields)]);
    return orderOf(answer);
  }
  const line = (product: { id: string }, fields: object = {}) => ({
    items: [{ id: randomUUID(), productId: product.id, quantity: 2, ...fields }],
  });

  it('is nothing, when all is as the till thought', async () => {
    const tea = await givenProduct(shop, { price: '100.00' });
    const order = await sold(tea, { ...line(tea, { listPrice: '100.00' }), expectedTotal: '200.00' });
    expect(order.flags).to.deep.equal([]);
    expect(order).to.deep.include({
      createdAt: EARLIER.toISOString(),
      receivedAt: NOW.toISOString(),
      updatedAt: NOW.toISOString(),
      tokenNumber: null,
      total: '200.00',
      status: 'completed',
    });
    expect(order.payments[0]?.at).to.equal(EARLIER.toISOString());
    expect((await shop.cashier.get(`${shop.path}/orders/${order.id}`)).body).to.deep.equal(order);
    const events = await eventsOf(test, shop.id, 'order_created');
    expect(events.at(-1)?.data).to.deep.equal(order);
  });

  it('is another price on the menu by now', async () => {
    const tea = await givenProduct(shop, { name: 'Tea', price: '100.00' });
    const order = await sold(tea, line(tea, { listPrice: '90.00' }));
    expect(flagOf(order)).to.deep.equal({
      code: 'price_changed',
      detail: 'Tea was sold at 90.00; the menu says 100.00.',
    });
    expect(order.total).to.equal('180.00');
    expect(order.items[0]).to.include({ unitPrice: '90.00', listPrice: null });
    const twice = [line(tea, { listPrice: '90.00' }), line(tea, { listPrice: '90.00' })];
    expect(
      (await sold(tea, { items: twice.flatMap(({ items }) => items) })).flags,
      'said once',
    ).to.have.length(1);
  });

  it('is a price far below the menu, whoever says that it was the menu of then', async () => {
    const tea = await givenProduct(shop, { name: 'Oolong', price: '100.00' });
    const codesAt = async (listPrice: string) =>
      (await sold(tea, line(tea, { listPrice }))).flags.map(({ code }) => code);
    expect(await codesAt('50.00')).to.deep.equal(['price_changed']);
    expect(await codesAt('49.99')).to.deep.equal(['price_changed', 'price_far_off']);
  });

  it('is a price that nobody may give alone, against the menu of the till', async () => {
    const tea = await givenProduct(shop, { name: 'Chai', price: '100.00' });
    const fields = line(tea, { listPrice: '90.00', unitPrice: '50.00' });
    const order = await sold(tea, fields);
    expect(order.flags).to.deep.equal([
      { code: 'price_changed', detail: "Chai was on the till's menu at 90.00; the menu says 100.00." },
      {
        code: 'approval_missing',
        detail: 'Chai has another price than on the menu. Nobody allowed it.',
      },
    ]);
    expect(order.items[0]).to.include({ unitPrice: '50.00', listPrice: '90.00' });
    expect(order.approvedBy).to.equal(null);
    const byManager = await sold(tea, line(tea, { unitPrice: '50.00' }), shop.manager);
    expect(byManager.flags).to.deep.equal([]);
    expect(byManager.approvedBy).to.equal(byManager.cashierId);
    const half = { discount: { type: 'percentage', value: '50' } };
    expect(flagOf(await sold(tea, half))).to.deep.equal({
      code: 'approval_missing',
      detail: 'The discount is more than the 20 per cent that a cashier may give. Nobody allowed it.',
    });
  });

  it("is no place for a manager's password", async () => {
    const tea = await givenProduct(shop);
    const approval = { email: shop.emails.manager, password: 'correct horse battery' };
    const [answer] = await replay(shop.cashier, shop, [offlineSaleOf(tea, EARLIER, { approval })]);
    expect(problemOf(answer)).to.deep.equal(['invalid_request', '/approval']);
    expect(JSON.stringify(answer)).to.not.include('correct horse');
  });

  it('is a product or a variant that left the menu', async () => {
    const tea = await givenProduct(shop, { name: 'Iced tea', price: '40.00' });
    const variants = [
      { name: 'Large', price: '60.00' },
      { name: 'Small', price: '30.00' },
    ];
    const cake = await givenProduct(shop, { name: 'Cake', variants });
    const soup = await givenProduct(shop, { name: 'Soup' });
    await shop.manager.delete(`${shop.path}/products/${tea.id}`);
    await shop.manager.put(`${shop.path}/products/${cake.id}`, { variants: [variants[1]] });
    await shop.manager.put(`${shop.path}/products/${soup.id}`, { isActive: false });
    const order = await sold(tea);
    expect(flagOf(order)).to.deep.equal({
      code: 'product_gone',
      detail: 'Iced tea is not on the menu any more.',
    });
    expect(order.items[0]).to.include({ name: 'Iced tea', unitPrice: '40.00' });
    const large = cake.variants.find(({ name }: { name: string }) => name === 'Large').id;
    const ofCake = await sold(cake, line(cake, { variantId: large }));
    expect(flagOf(ofCake).detail).to.equal('Cake Large is not on the menu any more.');
    expect(ofCake.items[0]).to.include({ variantName: 'Large', unitPrice: '60.00' });
    expect(flagOf(await sold(cake)).detail).to.equal('Cake was sold as such; the menu has it as Small.');
    expect(flagOf(await sold(soup)).detail).to.equal('Soup is not available at the moment.');
    expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(tea))).status).to.equal(422);
  });

  it('is a modifier that left the menu: it is off the bill, and the total stands', async () => {
    const group = (name: string) => ({ name, min: 1, max: 1, modifiers: [{ name: 'Nuts', price: '20.00' }] });
    const sundae = await givenProduct(shop, {
      name: 'Sundae',
      price: '100.00',
      modifierGroups: [group('Toppings')],
    });
    const nuts = sundae.modifierGroups[0].modifiers[0].id;
    const withNuts = { ...line(sundae, { modifierIds: [nuts] }), expectedTotal: '240.00' };
    expect((await sold(sundae, withNuts)).flags).to.deep.equal([]);
    await shop.manager.put(`${shop.path}/products/${sundae.id}`, { modifierGroups: [group('Extras')] });
    const order = await sold(sundae, { ...line(sundae, { modifierIds: [nuts] }), expectedTotal: '240.00' });
    expect(order.flags).to.deep.equal([
      {
        code: 'product_gone',
        detail: 'A modifier of Sundae is not on the menu any more; it was left off the bill.',
      },
      { code: 'total_differs', detail: 'The till printed 240.00; it comes to 200.00.' },
    ]);
    expect([order.total, order.rounding]).to.deep.equal(['240.00', '40.00']);
    expect(order.items[0]?.modifiers).to.deep.equal([]);
  });

  it('is not what this shop never sold', async () => {
    const other = await givenShop(test, 'ELSE');
    const theirs = await givenProduct(other, { variants: [{ name: 'Large', price: '1.00' }] });
    const tea = await givenProduct(shop);
    const answers = await replay(shop.cashier, shop, [
      offlineSaleOf({ id: randomUUID() }, EARLIER),
      offlineSaleOf(theirs, EARLIER),
      offlineSaleOf(tea, EARLIER, line(tea, { variantId: theirs.variants[0].id })),
      offlineSaleOf(tea, EARLIER),
    ]);
    expect(resultsOf(answers)).to.deep.equal(['conflict', 'conflict', 'conflict', 'created']);
    expect(answers.slice(0, 3).map(problemOf)).to.deep.equal([
      ['unknown_product', '/items/0/productId'],
      ['unknown_product', '/items/0/productId'],
      ['unknown_product', '/items/0/variantId'],
    ]);
  });

  it('is stock that was not there, which goes below zero and is told', async () => {
    const milk = await givenItem(shop, { name: 'Milk', unit: 'litre', quantity: 3, policy: 'deny' });
    const sugar = await givenItem(shop, { name: 'Sugar', quantity: 1, policy: 'warn' });
    const recipe = [milk, sugar].map(({ id }) => ({ inventoryItemId: id, quantity: 1 }));
    const tea = await givenProduct(shop, { recipe });
    const first = await sold(tea, line(tea));
    expect(first.flags, 'of what is only warned of').to.deep.equal([]);
    const second = await sold(tea, line(tea));
    const flag = {
      code: 'stock_short',
      detail: 'More Milk was sold than there was: 1 litre were left.',
    };
    expect(second.flags).to.deep.equal([flag]);
    expect((await shop.cashier.get(`${shop.path}/orders/${second.id}`)).body.flags).to.deep.equal([flag]);
    const third = await sold(tea);
    expect(flagOf(third).detail).to.equal('More Milk was sold than there was: 0 litre were left.');
    const low = await eventsOf(test, shop.id, 'stock_low');
    const ofMilk = low.filter(({ data }) => data.id === milk.id).map(({ data }) => data.quantity);
    expect(ofMilk).to.deep.equal([-1, -2]);
    const { body } = await shop.manager.get(`${shop.path}/inventory/${milk.id}/movements`);
    const ats = body.data.map(({ at, quantity }: { at: string; quantity: number }) => [at, quantity]);
    expect(ats).to.deep.include([EARLIER.toISOString(), -2]);
    expect((await shop.cashier.post(`${shop.path}/orders`, saleOf(tea))).status, 'online').to.equal(409);
    await shop.manager.delete(`${shop.path}/orders/${second.id}`, { reason: 'spilt' });
  });

  it('is a clock that is plainly wrong: then it is sold when it comes in', async () => {
    const tea = await givenProduct(shop);
    const at = (msAfter: number) => offlineSaleOf(tea, new Date(NOW.getTime() + msAfter));
    const [minute, day] = [60_000, 86_400_000];
    const answers = await replay(shop.cashier, shop, [
      at(6 * minute),
      at(5 * minute),
      at(-35 * day),
      at(-35 * day - minute),
    ]);
    const [ahead, fast, old, tooOld] = answers.map(orderOf) as [never, never, never, never];
    expect(flagOf(ahead)).to.deep.equal({
      code: 'clock_off',
      detail:
        "By the till's clock it was sold on 2026-05-10 at 12:06, by the server's it came in on 2026-05-10 at 12:00: one of them is wrong. It counts as sold when it came in.",
    });
    expect(ahead).to.include({ createdAt: NOW.toISOString(), businessDate: '2026-05-10' });
    expect(flagOf(tooOld).code).to.equal('clock_off');
    expect([fast, old].map(({ flags }) => flags)).to.deep.equal([
      [],
      [
        {
          code: 'closed_day',
          detail: 'It was sold on 2026-04-05 and came in after that day had ended.',
        },
      ],
    ]);
    expect(old).to.include({ businessDate: '2026-04-05', createdAt: '2026-04-05T06:30:00.000Z' });
  });

  it('is looked at once, by a manager', async () => {
    const tea = await givenProduct(shop);
    const flagged = await sold(tea, line(tea, { listPrice: '90.00' }));
    const plain = await sold(tea);
    const idsOf = async (query: string) => {
      const { body } = await shop.cashier.get(`${shop.path}/orders?limit=200&flagged=${query}`);
      return body.data.map(({ id }: { id: string }) => id);
    };
    expect(await idsOf('true'))
      .to.include(flagged.id)
      .and.not.include(plain.id);
    expect(await idsOf('false'))
      .to.include(plain.id)
      .and.not.include(flagged.id);
    const review = (till: typeof shop.manager, id: string) => till.post(`${shop.path}/orders/${id}/review`);
    expect((await review(shop.cashier, flagged.id)).status).to.equal(403);
    const { body: reviewed } = await review(shop.manager, flagged.id);
    expect(reviewed).to.include({ version: 2 });
    expect(reviewed.reviewedBy).to.be.a('string');
    expect(reviewed.flags).to.deep.equal(flagged.flags);
    expect((await review(shop.owner, flagged.id)).body).to.deep.equal(reviewed);
    expect((await eventsOf(test, shop.id)).at(-1)).to.deep.include({ type: 'order_updated', data: reviewed });
    expect(await idsOf('true')).to.not.include(flagged.id);
    expect(await idsOf('false')).to.include(flagged.id);
    expect((await review(shop.manager, plain.id)).body).to.deep.equal(plain);
    expect((await review(shop.manager, randomUUID())).status).to.equal(404);
  });

  it('says which device a number was lent to, and for which year', async () => {
    const one = await givenDevice(test, shop, { name: 'Counter 1', series: 'A' });
    const two = await givenDevice(test, shop, { name: 'Counter 2', series: 'B', fiscalYear: '2526' });
    const tea = await givenProduct(shop);
    const own = await sold(tea, { orderNumber: 'FLAG-A/2627/0001' }, one.till);
    expect(own.flags).to.deep.equal([]);
    const others = await sold(tea, { orderNumber: 'FLAG-A/2627/0002' }, two.till);
    expect(flagOf(others)).to.deep.equal({
      code: 'number_of_other_device',
      detail: 'FLAG-A/2627/0002 was lent to Counter 1, not to this device.',
    });
    const lastYears = await sold(tea, { orderNumber: 'FLAG-B/2526/0001' }, two.till);
    expect(flagOf(lastYears)).to.deep.equal({
      code: 'number_of_other_year',
      detail: 'FLAG-B/2526/0001 is a number of the fiscal year 2526; it was sold in 2627.',
    });
  });
});
