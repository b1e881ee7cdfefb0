import { randomUUID } from 'node:crypto';
import { systemContext } from '../../src/app.ts';
import { issueSetupToken } from '../../src/core/shops/claim-installation.ts';
import { PASSWORD, saleOf } from './factories.ts';
import type { World } from './world.ts';

export const inShop = ({ shop }: World) => ({ shopId: shop.id });
export const unique = (name: string) => `${name} ${randomUUID()}`;
export const firstDay = '2026-01-01';
export const lastDay = '2026-12-31';

/** Two to four letters, each time others. */
let shopsOpened = 0;
function shopCode(): string {
  shopsOpened += 1;
  return [26 * 26, 26, 1]
    .map((place) => String.fromCharCode(65 + (Math.floor(shopsOpened / place) % 26)))
    .join('');
}
export const newShop = () => ({
  name: unique('Shop'),
  code: shopCode(),
  currency: 'INR',
  timezone: 'Asia/Kolkata',
});

/** Where the second page of a list starts. */
export async function cursorOf({ shop }: World, path: string, by = shop.manager): Promise<string> {
  const { body, text } = await by.get(`${shop.path}${path}?limit=1`);
  if (typeof body.nextCursor !== 'string') throw new Error(`${path} has no second page: ${text}`);
  return body.nextCursor;
}

/** Opens the claim again, as on the day of the installation. */
export async function setupToken({ test, db }: World): Promise<string> {
  await db.query('UPDATE setup SET claimed_at = NULL');
  return (await issueSetupToken(systemContext(test.app, 'test'))) as string;
}

/** Two large sundaes with nuts, 340.00 before discounts. */
export const lineOf = ({ sundae }: Pick<World, 'sundae'>, discount: unknown) => ({
  id: randomUUID(),
  productId: sundae.id,
  variantId: sundae.variants[0]?.id,
  quantity: '2',
  modifierIds: [sundae.modifierGroups[0]?.modifiers[0]?.id],
  discount,
  unitPrice: '150.00',
  note: 'no spoon',
});

export const billOf = (line: unknown, discount: unknown) => ({
  orderType: 'takeaway',
  customerName: 'Asha',
  customerPhone: '98765 43210',
  tableNumber: '7',
  notes: 'ring twice',
  placeOfSupply: 'Karnataka',
  waiveServiceCharge: false,
  payLater: false,
  items: [line],
  discount,
});

/** 340.00 less 10 per cent, less 5.00. */
export const TOTAL = '301.00';
export const tenth = { type: 'percentage', value: '10', reason: 'regular' };
export const fiver = { type: 'flat', value: 5, reason: 'voucher' };
export const inCash = () => ({
  id: randomUUID(),
  method: 'cash',
  amount: TOTAL,
  tendered: '500.00',
  tip: '10.00',
  reference: 'till 1',
});
export const approvalOf = ({ shop }: World) => ({ email: shop.emails.manager, password: PASSWORD });

export async function givenOpenOrder(world: World, lines = 1) {
  const { shop, sundae } = world;
  const items = Array.from({ length: lines }, () => lineOf(world, null));
  const sale = saleOf(sundae, { items, paymentMethod: undefined });
  const { status, body, text } = await shop.cashier.post(`${shop.path}/orders`, sale);
  if (status !== 201) throw new Error(`The order was refused: ${text}`);
  return body;
}

/** Two large sundaes, sold and paid. */
export async function givenSoldOrder(world: World) {
  const { shop, sundae } = world;
  const { status, body, text } = await shop.cashier.post(
    `${shop.path}/orders`,
    saleOf(sundae, { items: [lineOf(world, null)] }),
  );
  if (status !== 201) throw new Error(`The order was refused: ${text}`);
  return body;
}

export const productFields = ({ milk }: World) => ({
  name: unique('Falooda'),
  price: '120.50',
  category: 'Ice cream',
  description: 'With basil seeds',
  sku: unique('S'),
  barcode: unique('B'),
  taxClass: 'food',
  hsn: '21050000',
  sortOrder: 3,
  isActive: true,
  recipe: [{ inventoryItemId: milk.id, quantity: 0.25, variantId: null as string | null }],
});
export const variantFields = () => ({
  name: unique('Large'),
  price: 150,
  sku: unique('S'),
  barcode: unique('B'),
});
export const nuts = { name: 'Nuts', price: '20.00' };

export const settingsFields = {
  tax: {
    mode: 'inclusive',
    split: 'gst',
    registrationNumber: '29ABCPE1234F1Z7',
    state: 'Karnataka',
    classes: [{ code: 'food', name: 'Food', rates: [{ from: '2017-07-01', percent: '5' }] }],
    defaultClass: 'food',
  },
  fiscalYearStart: '04-01',
  dayStart: '00:00',
  kitchen: { enabled: false },
  serviceCharge: { percent: '0', orderTypes: ['dine_in'] },
  rounding: { to: 'none', when: 'always' },
  discountLimits: { cashier: '20', manager: '100' },
  shifts: { blindCount: true },
  categories: ['Ice cream', 'Drinks'],
  country: 'IN',
  stockPolicy: 'warn',
  receipt: { header: 'Welcome', footer: 'Come again' },
  upiId: 'shop@bank',
  currencyDisplay: 'symbol',
  custom: { 'till-1': { printer: { paper: 80, cut: true } } },
};
