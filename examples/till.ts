// A till to read first. Type the name of a product to sell one; pull the cable out and go on selling.
// Needs Node 24, which a checkout has in node_modules/.bin.
//   node examples/till.ts http://localhost:8080 asha@example.com 'her password' [pairing code]
import { createInterface } from 'node:readline';
import { createClient } from 'smoocho/client';
import { fileStore } from 'smoocho/client/file-store';
import {
  formatMinor,
  getSettings,
  listProducts,
  type Product,
  parseMinor,
  type Settings,
} from 'smoocho/contract';
import { cashAmountOf } from 'smoocho/pricing';

const [url = '', email = '', password = '', pairingCode] = process.argv.slice(2);
const say = console.log;

// What has to outlive a restart: the session, sales that are not sent yet, the place in the feed; here also our menu and settings.
const store = fileStore('till-data');
const client = createClient({
  url,
  store,
  onSaleSent: ({ order, printed }) => say(`sent later: ${printed ?? order.orderNumber}, ${order.total}`),
  onSaleConflict: ({ id, problem }) => say(`the owner has to look at ${id}: ${problem.detail}`),
  onSignedOut: () => say('Sign in again.'),
});

// A paired till can print numbers of its own while it is offline. The code comes from a manager, once.
if (pairingCode) await client.pair(pairingCode);
const session = (await client.session()) ?? (await client.signIn({ email, password }));
const device = await client.device();
const shopId = device?.shop.id ?? session.shops[0]?.id ?? '';
if (device && (await client.numbersLeft(shopId)) === 0) await client.leaseNumbers(shopId);

let menu = ((await store.get('till/menu')) as Product[] | undefined) ?? [];
let settings = (await store.get('till/settings')) as Settings | undefined;
const showMenu = () => say(`menu: ${menu.map(({ name }) => name).join(', ')}`);
showMenu();

async function fetchMenu(): Promise<void> {
  menu = (await client.call(listProducts, { params: { shopId }, query: { limit: 200 } })).data;
  settings = await client.call(getSettings, { params: { shopId } });
  await store.put('till/menu', menu);
  await store.put('till/settings', settings);
  showMenu();
}

// One of it, in coins. For tax that is added, discounts and split payments: priceBill and settlePayments of smoocho/pricing.
function cashFor({ price }: Product): string {
  const { to = 'none', mode = 'nearest' } = settings?.rounding ?? {};
  const stepMinor = to === 'none' ? 0 : (parseMinor(to) ?? 0);
  return formatMinor(cashAmountOf(parseMinor(price) ?? 0, { stepMinor, mode }));
}

// Events come in order and once, also those that happened while this till was off.
client.feed(shopId, {
  onState: ({ status }) => say(`feed: ${status}`),
  onReady: ({ isResumed }) => (isResumed ? undefined : fetchMenu()),
  onResync: fetchMenu,
  onEvent: async (event) => {
    if (event.type === 'order_created') say(`order ${event.data.orderNumber}, ${event.data.total}`);
    if (event.type.startsWith('product_') || event.type === 'settings_changed') await fetchMenu();
  },
});

for await (const line of createInterface({ input: process.stdin })) {
  const product = menu.find(({ name }) => name.toLowerCase() === line.trim().toLowerCase());
  try {
    if (!product) throw new Error(`There is no ${line}.`);
    const items = [{ productId: product.id, quantity: 1, listPrice: product.price }];
    const sold = await client.sell(shopId, { items, paymentMethod: 'cash', expectedTotal: cashFor(product) });
    if (sold.status === 'sold') say(`sold: ${sold.order.orderNumber}, ${sold.order.total}`);
    else say(`sold offline: ${sold.sale.orderNumber ?? 'its number comes later'}`);
  } catch (error) {
    say(`not sold: ${(error as Error).message}`);
  }
}
client.close();
