import { randomUUID } from 'node:crypto';
import { importText } from '../core/imports/support.ts';
import type { TestApp } from './app.ts';
import { type Answer, JSON_TYPE } from './client.ts';
import { givenItem, givenProduct, givenShop, saleOf, type TestShop } from './factories.ts';
import { insertDevice, offlineSaleOf, orderOf, replay } from './offline-parts.ts';
import { countOf, givenShift, movementOf } from './shift-parts.ts';

/** Days of another fiscal year than the tills', with a return. */
const SALES = `bill,date,time,name,category,qty,price
1,2015-06-01,12:30,Tea,Drinks,2,1.50
1,2015-06-01,12:30,Cake,,1,9.99
2,2015-06-02,13:00,Tea,Drinks,1,1.50
3,2015-06-03,09:15,Tea,Drinks,-1,1.50`;

const SETTINGS = {
  tax: {
    mode: 'exclusive',
    classes: [{ code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] }],
    defaultClass: 'food',
  },
  serviceCharge: { percent: '5', orderTypes: ['dine_in'] },
  rounding: { to: '1.00', when: 'always' },
};

export type BusyShop = TestShop & { milk: { id: string }; bills: Record<BillName, string> };
type BillName = 'paid' | 'parked' | 'later' | 'voided' | 'edited' | 'partly' | 'wholly' | 'offline';

/** A shop in which everything has happened that its books know: `bills` are the ids of bills of each kind. */
export async function givenBusyShop(test: TestApp, code: string): Promise<BusyShop> {
  const shop = await givenShop(test, code);
  must(await shop.manager.put(`${shop.path}/settings`, SETTINGS));
  const milk = await givenItem(shop, { name: 'Milk', unit: 'litre', quantity: 100 });
  const recipe = [{ inventoryItemId: milk.id, quantity: '0.125' }];
  const tea = await givenProduct(shop, {
    name: 'Tea',
    price: '33.35',
    category: 'Drinks',
    sku: 'TEA',
    barcode: '4006381333931',
    soldBy: 'volume',
    recipe,
  });
  const cake = await givenProduct(shop, { name: 'Cake', price: '70.10', category: 'Food' });

  const body = JSON.stringify({ name: 'Water', price: '1.00' });
  const headers = { ...JSON_TYPE, 'idempotency-key': randomUUID() };
  must(await shop.manager.send('POST', `${shop.path}/products`, { body, headers }));

  const shift = await givenShift(shop, '100.00');
  const movement = movementOf('in', '20.00');
  must(await shop.cashier.post(`${shop.path}/shifts/${shift.id}/cash-movements`, movement));

  const place = async (fields: object = {}) => {
    const lines = [
      { id: randomUUID(), productId: tea.id, quantity: '2.5' },
      { id: randomUUID(), productId: cake.id, quantity: 1 },
      { id: randomUUID(), productId: tea.id, quantity: 1 },
    ];
    return must(await shop.cashier.post(`${shop.path}/orders`, saleOf(tea, { items: lines, ...fields })))
      .body;
  };
  const payment = { method: 'cash', amount: '50.00', tip: '5.00', tendered: '100.00' };
  const open = { paymentMethod: undefined };
  const paid = await place();
  const parked = await place({ ...open, payments: [payment], discount: { type: 'flat', value: '7.77' } });
  const later = await place({ ...open, payLater: true, customerName: 'Asha', customerPhone: '9811100011' });
  const edited = await place(open);
  const change = {
    items: [{ id: randomUUID(), productId: tea.id, quantity: 3 }],
    voidItems: [{ id: edited.items[0].id, quantity: 1, reason: 'spilt' }],
  };
  const edit = async (person: TestShop['cashier'], fields: object) =>
    must(await person.put(`${shop.path}/orders/${edited.id}`, fields)).body;
  const { total } = await edit(shop.cashier, change);
  const byCard = { id: randomUUID(), method: 'card', amount: total };
  await edit(shop.manager, { payments: [byCard] });
  await edit(shop.manager, { changePayments: [{ id: byCard.id, method: 'cash', reason: 'wrong key' }] });
  const voided = await place();
  must(await shop.manager.delete(`${shop.path}/orders/${voided.id}`, { reason: 'wrong table' }));

  const refund = async (order: { id: string }, fields: object) => {
    const body = { id: randomUUID(), reason: 'cold', ...fields };
    must(await shop.manager.post(`${shop.path}/orders/${order.id}/refunds`, body));
  };
  const partly = await place();
  await refund(partly, { lines: [{ lineId: partly.items[0].id, quantity: '0.333' }], restock: true });
  const wholly = await place();
  await refund(wholly, { lines: [{ lineId: wholly.items[0].id, quantity: '0.5' }] });
  await refund(wholly, { restock: true });
  must(await shop.manager.put(`${shop.path}/inventory/${milk.id}`, { count: '90.5' }));

  const db = await test.database.connect();
  const [label] = paid.orderNumber.split('/').slice(1) as [string];
  const leases: [number, number][] = [
    [1, 10],
    [11, 20],
  ];
  await insertDevice(db, shop.id, { name: 'Counter 2', fiscalYear: label, leases });
  const printed = { orderNumber: `${code}-A/${label}/0003`, expectedTotal: '40.00' };
  const offline = orderOf((await replay(shop.cashier, shop, [offlineSaleOf(tea, new Date(), printed)]))[0]);
  await importText(
    db,
    {
      id: shop.id,
      code,
      currency: 'INR',
      timezone: 'Asia/Kolkata',
      dayStart: '00:00',
      fiscalYearStart: '04-01',
    },
    SALES,
    { allowReturns: true, now: new Date() },
  );
  must(await shop.cashier.post(`${shop.path}/shifts/${shift.id}/close`, countOf(3, 7)));
  const bills = { paid, parked, later, voided, edited, partly, wholly, offline };
  const ids = Object.fromEntries(Object.entries(bills).map(([name, { id }]) => [name, id]));
  return { ...shop, milk, bills: ids as BusyShop['bills'] };
}

function must(answer: Answer): Answer {
  if (answer.status >= 300) throw new Error(`It was refused: ${answer.text}`);
  return answer;
}
