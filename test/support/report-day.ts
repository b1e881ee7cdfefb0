import { randomUUID } from 'node:crypto';
import { startTestApp, type TestApp } from './app.ts';
import type { Answer, Client } from './client.ts';
import { givenItem, givenProduct, givenShop, saleOf, signIn, type TestShop } from './factories.ts';

export const DAY = '2026-05-04';
export const DAY_BEFORE = '2026-05-03';

/** A shop after the day that is worked out on paper below, its people signed in. */
export type ReportDay = {
  test: TestApp;
  shop: TestShop;
  products: Record<'kulfi' | 'mug' | 'water' | 'falooda', { id: string }>;
  items: Record<'milk' | 'bottle', { id: string }>;
  /** Moves the clock, and signs everybody in anew. */
  setClock(instant: string): Promise<void>;
};

const AFTERNOON_BEFORE = `${DAY_BEFORE}T10:00:00Z`;
/** 02:00 in the shop, whose day starts at 04:00: the business date is the one of the evening. */
const NIGHT = `${DAY}T20:30:00Z`;

const takeClass = (code: string, percent: number) => ({
  code,
  name: code,
  rates: [{ from: '2017-07-01', percent }],
});

/** Prices without tax, 10% service charge at the table, bills rounded to whole rupees. */
const settings = {
  tax: {
    mode: 'exclusive',
    split: 'gst',
    state: 'Karnataka',
    classes: [takeClass('food', 5), takeClass('goods', 18)],
    defaultClass: '',
  },
  dayStart: '04:00',
  serviceCharge: { percent: 10, orderTypes: ['dine_in'] },
  rounding: { to: '1.00', when: 'always' },
};

/**
 * Opens the shop and lives through two days, by HTTP alone.
 *
 * Kulfi 100.00 at 5% takes 0.2 l of milk (50.00/l: costs 10.00), a mug 200.00 at 18% has no recipe, water 20.00 untaxed
 * takes a bottle (8.00), nobody wants falooda. The day before, one water is sold: 20.00. On the day:
 *
 * | bill | goods | subtotal | discount | service | tax | rounding | total | paid |
 * |---|---|---|---|---|---|---|---|---|
 * | A, at the table | 2 kulfi, 1 water | 220.00 | 22.00 (10%: 20.00 + 2.00) | 19.80 (18.00 + 1.80) | 9.90 of 198.00 | +0.30 | 228.00 | cash, tip 10.00 |
 * | B, to Kerala (IGST) | 1 mug, 1 kulfi | 300.00 | | | 36.00 + 5.00 | | 341.00 | upi 141.00, card 200.00 |
 * | C, by the manager | 3 mugs | 600.00 | 50.00 | | 99.00 of 550.00 | | 649.00 | card |
 * | D | 1 kulfi | 100.00 | 0.50 | | 4.98 of 99.50 | −0.48 | 104.00 | cash |
 * | G, on the book | 1 mug | 200.00 | | | 36.00 | | 236.00 | upi 36.00 |
 * | E, voided | 1 water | 20.00 | | | | | 20.00 | cash, tip 5.00 |
 * | F, parked | 3 kulfi, 1 taken off (105.00) | | | | | | | |
 *
 * The manager gives back: of A one kulfi, to the shelf, 103.95 with 4.96 tax, in cash 104.00; of C one mug, 216.33 with 33.00
 * tax by card; all of D, eaten, 104.00 with 4.98 tax and −0.48 rounding in cash.
 */
export async function givenReportDay(code: string): Promise<ReportDay> {
  let clock = new Date(AFTERNOON_BEFORE);
  const test = await startTestApp({ now: () => clock });
  const shop = await givenShop(test, code);
  const setClock = async (instant: string) => {
    clock = new Date(instant);
    for (const role of ['owner', 'manager', 'cashier'] as const) {
      shop[role] = await signIn(test, shop.emails[role]);
    }
  };
  require2xx(await shop.owner.put(`${shop.path}/settings`, settings));
  const { products, items } = await givenMenu(shop);
  await sell(shop, shop.cashier, [lineOf(products.water)]);
  await setClock(NIGHT);
  await liveThroughDay(shop, products);
  return { test, shop, products, items, setClock };
}

async function givenMenu(shop: TestShop): Promise<Pick<ReportDay, 'products' | 'items'>> {
  const milk = await givenItem(shop, { name: 'Milk', unit: 'litre', quantity: 10, cost: 50 });
  const bottle = await givenItem(shop, { name: 'Bottle', quantity: 3, cost: 8, reorderLevel: 1 });
  const kulfi = await givenProduct(shop, {
    name: 'Kulfi',
    price: 100,
    category: 'Ice',
    taxClass: 'food',
    hsn: '2105',
    recipe: [{ inventoryItemId: milk.id, quantity: '0.2' }],
  });
  const mug = await givenProduct(shop, {
    name: 'Mug',
    price: 200,
    category: 'Shop',
    taxClass: 'goods',
    hsn: '6912',
  });
  const water = await givenProduct(shop, {
    name: 'Water',
    price: 20,
    category: 'Drinks',
    recipe: [{ inventoryItemId: bottle.id, quantity: 1 }],
  });
  const falooda = await givenProduct(shop, { name: 'Falooda', price: 150, category: 'Ice' });
  await givenProduct(shop, { name: 'Last winter’s soup', price: 90, isActive: false });
  return { products: { kulfi, mug, water, falooda }, items: { milk, bottle } };
}

const lineOf = (product: { id: string }, quantity = 1, fields: object = {}) => ({
  id: randomUUID(),
  productId: product.id,
  quantity,
  ...fields,
});

async function liveThroughDay(shop: TestShop, products: ReportDay['products']): Promise<void> {
  const { kulfi, mug, water } = products;
  const tenth = { type: 'percentage', value: 10 };
  const flat = (value: string) => ({ discount: { type: 'flat', value } });
  const takeaway = { orderType: 'takeaway' };
  const paid = (method: string, amount: string, tip = '0') => ({ method, amount, tip });

  const a = await sell(shop, shop.cashier, [lineOf(kulfi, 2), lineOf(water)], {
    orderType: 'dine_in',
    discount: tenth,
    payments: [paid('cash', '228', '10')],
  });
  await sell(shop, shop.cashier, [lineOf(mug), lineOf(kulfi)], {
    ...takeaway,
    placeOfSupply: 'Kerala',
    payments: [paid('upi', '141'), paid('card', '200')],
  });
  const c = await sell(shop, shop.manager, [lineOf(mug, 3, flat('50'))], {
    ...takeaway,
    paymentMethod: 'card',
  });
  const d = await sell(shop, shop.cashier, [lineOf(kulfi, 1, flat('0.50'))], {
    ...takeaway,
    paymentMethod: 'cash',
  });
  const onTheBook = { payLater: true, customerName: 'Asha', payments: [paid('upi', '36')] };
  await sell(shop, shop.cashier, [lineOf(mug)], { ...takeaway, ...onTheBook });

  const e = await sell(shop, shop.cashier, [lineOf(water)], {
    ...takeaway,
    payments: [paid('cash', '20', '5')],
  });
  require2xx(await shop.manager.delete(`${shop.path}/orders/${e.id}`, { reason: 'went home' }));
  const f = await sell(shop, shop.cashier, [lineOf(kulfi, 3)], { ...takeaway, payments: [] });
  const voidItems = [{ id: f.items[0].id, quantity: 1, reason: 'changed their mind' }];
  require2xx(await shop.cashier.put(`${shop.path}/orders/${f.id}`, { voidItems }));

  const refund = async (bill: typeof a, fields: object) =>
    require2xx(
      await shop.manager.post(`${shop.path}/orders/${bill.id}/refunds`, {
        id: randomUUID(),
        reason: 'sent back',
        ...fields,
      }),
    );
  await refund(a, { lines: [{ lineId: a.items[0].id, quantity: 1 }], restock: true });
  await refund(c, { lines: [{ lineId: c.items[0].id, quantity: 1 }] });
  await refund(d, {});
}

/** A bill as its answer shows it; at the counter, in cash, unless told otherwise. */
export async function sell(shop: TestShop, till: Client, items: object[], fields: object = {}) {
  const isPaid = 'payments' in fields || 'paymentMethod' in fields;
  const usual = { orderType: 'takeaway', paymentMethod: isPaid ? undefined : 'cash' };
  return require2xx(
    await till.post(`${shop.path}/orders`, saleOf({ id: '' }, { ...usual, items, ...fields })),
  );
}

export function require2xx({ status, body, text }: Answer) {
  if (status >= 300) throw new Error(`It was refused: ${text}`);
  return body;
}

export const reportOf = async (shop: TestShop, name: string, query = '') =>
  require2xx(await shop.manager.get(`${shop.path}/reports/${name}${query && `?${query}`}`));

/** The lines of a report as a spreadsheet gets it. */
export async function csvOf(shop: TestShop, name: string, query = ''): Promise<string[]> {
  const path = `${shop.path}/reports/${name}${query && `?${query}`}`;
  const { status, text, headers } = await shop.manager.get(path, { accept: 'text/csv' });
  if (status !== 200 || headers.get('content-type') !== 'text/csv; charset=utf-8') {
    throw new Error(`No CSV: ${text}`);
  }
  return text.trimEnd().split('\r\n');
}
