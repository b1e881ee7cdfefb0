import { randomBytes } from 'node:crypto';
import { type App, systemContext } from '../app.ts';
import { markDemo } from '../config.ts';
import { parse } from '../contract/parse.ts';
import { NewProduct } from '../contract/products.ts';
import { SettingsChange } from '../contract/settings.ts';
import { signIn } from '../core/auth/sign-in.ts';
import { listProducts } from '../core/catalog/load-products.ts';
import { createProduct } from '../core/catalog/save-product.ts';
import { createItem } from '../core/inventory/save-item.ts';
import { claim, isClaimed } from '../core/shops/claim-installation.ts';
import { findShopByCode } from '../core/shops/find-shops.ts';
import { updateSettings } from '../core/shops/update-shop.ts';
import { changeUser } from '../core/users/change-user.ts';
import { createUser } from '../core/users/create-user.ts';
import { findUserByEmail } from '../core/users/find-user.ts';
import { demo, SERVED } from './demo-data.ts';

export type Demo = {
  shopId: string;
  people: { email: string; role: string }[];
  password: string;
  /** Of the cashier, for the order to try. */
  accessToken: string;
  productId: string;
  variantId: string | null;
};

/**
 * The demo shop, set up if it isn't there, and how to sign in. There is no default password: each start makes a new
 * one for everybody and shows it.
 */
export async function prepareDemo(app: App): Promise<Demo> {
  markDemo(app.config.home);
  const password = randomBytes(9).toString('base64url');
  if (await isClaimed(app.orm.em.fork())) await renewPasswords(app, password);
  else await seed(app, password);

  const em = app.orm.em.fork();
  const cashier = demo.staff.find((person) => person.role === 'cashier') ?? demo.owner;
  const { accessToken, shops } = await signIn({ app, em }, { email: cashier.email, password });
  const shopId = shops[0]?.id as string;
  const { data } = await listProducts(em, shopId, { limit: 1, isActive: true });
  const people = [
    { email: demo.owner.email, role: 'owner' },
    ...demo.staff.map(({ email, role }) => ({ email, role })),
  ];
  return {
    shopId,
    people,
    password,
    accessToken,
    productId: data[0]?.product.id as string,
    variantId: data[0]?.variants[0]?.id ?? null,
  };
}

async function renewPasswords(app: App, password: string): Promise<void> {
  for (const { email } of [demo.owner, ...demo.staff]) {
    const context = systemContext(app, 'demo');
    const { id } = await findUserByEmail(context.em, email);
    await changeUser(context, { shopId: null }, id, { password });
  }
}

async function seed(app: App, password: string): Promise<void> {
  const context = () => systemContext(app, 'demo');
  await claim(context(), { ...demo.owner, password }, demo.shop);
  const { id: shopId } = await findShopByCode(app.orm.em.fork(), demo.shop.code);
  await updateSettings(context(), shopId, parse(SettingsChange, demo.settings));
  for (const person of demo.staff) await createUser(context(), shopId, { ...person, password });

  const itemIds = new Map<string, string>();
  for (const [sortOrder, { stock, ...product }] of demo.menu.entries()) {
    for (const name of Object.keys(stock)) {
      if (itemIds.has(name)) continue;
      const item = await createItem(context(), shopId, demo.stock[name as keyof typeof demo.stock](name));
      itemIds.set(name, item.id);
    }
    const recipe = Object.entries(stock).map(([name, quantity]) => ({
      inventoryItemId: itemIds.get(name),
      quantity,
    }));
    await createProduct(context(), shopId, parse(NewProduct, { ...SERVED, ...product, sortOrder, recipe }));
  }
}
