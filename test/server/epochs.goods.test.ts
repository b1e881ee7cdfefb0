import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  EARLIER,
  givenRestoredShop,
  numbered,
  signInAgain,
  soundNotes,
  userIdOf,
  withGoods,
} from '../support/epoch-parts.ts';
import { offlineSaleOf, orderOf, otherFlags, problemOf, replay } from '../support/offline-parts.ts';

const DAY_MS = 86_400_000;

describe('a bill of what was made since the backup, in a shop that was restored', () => {
  let test: TestApp;
  let db: pg.Client;
  let clock = new Date('2026-05-10T06:30:00Z');

  before(async () => {
    test = await startTestApp({ now: () => clock });
    db = await test.database.connect();
  });
  beforeEach(() => {
    clock = new Date('2026-05-10T06:30:00Z');
  });
  after(() => test.close());

  it('of a product, a variant and modifiers is taken with the names, prices and tax that the till kept', async () => {
    const { shop, tea } = await givenRestoredShop(test);
    const [mango, large, nuts] = [randomUUID(), randomUUID(), randomUUID()];
    const goods = {
      name: 'Mango kulfi',
      variantName: 'Large',
      category: 'Ices',
      hsn: '2105',
      taxClass: 'ices',
      taxPercent: '18',
      modifiers: [{ id: nuts, name: 'Nuts', price: '10.00' }],
    };
    const items = [
      { productId: mango, variantId: large, quantity: 2, listPrice: '59.00', modifierIds: [nuts], goods },
      {
        productId: tea.id,
        variantId: randomUUID(),
        quantity: 1,
        listPrice: '120.00',
        goods: { name: 'Tea', variantName: 'Huge' },
      },
    ];
    const sale = offlineSaleOf(tea, EARLIER, numbered(shop, 4, { items, answered: { total: '258.00' } }));
    const [answer] = await replay(shop.cashier, shop, [sale]);
    const order = orderOf(answer);
    expect(order.items[0]).to.deep.include({
      productId: mango,
      variantId: large,
      name: 'Mango kulfi',
      variantName: 'Large',
      category: 'Ices',
      hsn: '2105',
      soldBy: 'piece',
      unit: 'pc',
      unitPrice: '59.00',
      listPrice: null,
      taxPercent: '18',
      modifiers: [{ id: nuts, name: 'Nuts', price: '10.00' }],
      total: '138.00',
    });
    expect(order.items[1]).to.include({ name: 'Tea', variantName: 'Huge', total: '120.00' });
    expect([order.total, order.rounding]).to.deep.equal(['258.00', '0.00']);
    expect(otherFlags(order)).to.deep.equal([
      { code: 'product_gone', detail: 'Mango kulfi Large is not on the menu any more.' },
      {
        code: 'product_gone',
        detail:
          'A modifier of Mango kulfi Large is not on the menu any more; it is on the bill as the till kept it.',
      },
      { code: 'product_gone', detail: 'Tea Huge is not on the menu any more.' },
    ]);
    // The menu stays as it is; another bill of the same is taken by its row.
    const { body: menu } = await shop.cashier.get(`${shop.path}/products`);
    expect(menu.data.map(({ name }: { name: string }) => name)).to.deep.equal(['Tea']);
    const again = offlineSaleOf({ id: mango }, EARLIER, numbered(shop, 5, { items: items.slice(0, 1) }));
    expect(orderOf((await replay(shop.cashier, shop, [again]))[0]).items[0]?.name).to.equal('Mango kulfi');
    await soundNotes(test, shop);
    const { body } = await shop.manager.get(
      `${shop.path}/reports/sales?from=2026-05-09&to=2026-05-09&groupBy=product`,
    );
    expect(body.groups.map(({ key }: { key: string }) => key)).to.include('Mango kulfi');
  });

  it('is refused where the till keeps no name or no price, and later than a till keeps its sales', async () => {
    const { shop, tea } = await givenRestoredShop(test);
    const noPrice = withGoods({ name: 'Mango' }, { listPrice: undefined });
    const noName = { items: [{ productId: randomUUID(), quantity: 1, listPrice: '50.00' }] };
    const noVariant = withGoods({ name: 'Mango' }, { variantId: randomUUID() });
    const ofTea = withGoods({ name: 'Tea' }, { productId: tea.id, variantId: randomUUID() });
    const sent = [noPrice, noName, noVariant, ofTea].map((fields) => offlineSaleOf(tea, EARLIER, fields));
    const answers = await replay(shop.cashier, shop, sent);
    expect(answers.map(problemOf)).to.deep.equal([
      ['unknown_product', '/items/0/productId'],
      ['unknown_product', '/items/0/productId'],
      ['unknown_product', '/items/0/productId'],
      ['unknown_product', '/items/0/variantId'],
    ]);
    clock = new Date(clock.getTime() + 36 * DAY_MS);
    const late = await signInAgain(test, shop);
    const mango = offlineSaleOf(tea, clock, withGoods({ name: 'Mango' }));
    // A number of before is still taken: no bill is lost for its number.
    const number = offlineSaleOf(tea, EARLIER, numbered(shop, 4, {}));
    const [refused, taken] = await replay(late.cashier, late, [mango, number]);
    expect(problemOf(refused)).to.deep.equal(['unknown_product', '/items/0/productId']);
    expect(orderOf(taken).flags.map(({ code }) => code)).to.deep.equal(['clock_off']);
  });

  it('is taken from a till whose clock is wrong, too, as sold when it came in', async () => {
    const { shop, tea } = await givenRestoredShop(test);
    const times = [new Date(clock.getTime() + 2 * DAY_MS), '2026-03-01T06:30:00Z'];
    const sent = times.map((time) => offlineSaleOf(tea, time, withGoods({ name: 'Mango' })));
    for (const answer of await replay(shop.cashier, shop, sent)) {
      const { flags, items, createdAt } = orderOf(answer);
      expect(flags.map(({ code }) => code)).to.deep.equal(['clock_off', 'product_gone']);
      expect([items[0]?.name, createdAt]).to.deep.equal(['Mango', clock.toISOString()]);
    }
    await soundNotes(test, shop);
  });

  it('is that of whoever sold it, on the device on which it was sold, as far as the shop knows them', async () => {
    const { shop, tea, deviceId } = await givenRestoredShop(test);
    const answered = (cashier: object | null, device: object | null) => ({
      total: '100.00',
      cashier,
      device,
    });
    const manager = { id: await userIdOf(test, shop.emails.manager), name: 'Mina' };
    const lost = { id: randomUUID(), name: 'Ravi' };
    const answers = await replay(shop.cashier, shop, [
      offlineSaleOf(
        tea,
        EARLIER,
        numbered(shop, 4, { answered: answered(manager, { id: deviceId, name: 'Counter' }) }),
      ),
      offlineSaleOf(
        tea,
        EARLIER,
        numbered(shop, 5, { answered: answered(lost, { id: randomUUID(), name: '' }) }),
      ),
      offlineSaleOf(tea, EARLIER, numbered(shop, 6, { answered: answered({ ...lost, name: '' }, null) })),
    ]);
    const own = await userIdOf(test, shop.emails.cashier);
    expect(
      answers
        .map(orderOf)
        .map((order) => [order.cashierId, order.deviceId, otherFlags(order).map(({ detail }) => detail)]),
    ).to.deep.equal([
      [manager.id, deviceId, []],
      [
        own,
        null,
        [
          'Ravi, who sold it, is not known to this shop any more.',
          'It was sold on a device, which is not known to this shop any more.',
        ],
      ],
      [own, null, ['Somebody, who sold it, is not known to this shop any more.']],
    ]);
    const { rows } = await db.query(
      `SELECT actor->>'id' AS by, device_id FROM events WHERE shop_id = $1 AND data->>'cashierId' = $2`,
      [shop.id, manager.id],
    );
    // Who brought it back is what the audit says.
    expect(rows).to.deep.equal([{ by: own, device_id: null }]);
  });
});
