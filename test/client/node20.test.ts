import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { devEngines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** What a checkout is installed with; the program itself wants a newer one. */
const OLDEST = Number(/\d+/.exec(devEngines.runtime.version)?.[0]);

/** The machine's own Node, if it is of the oldest major version that tills may have. */
function oldestNode(): string | undefined {
  const folders = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  return folders
    .map((folder) => join(folder, 'node'))
    .find(
      (path) =>
        existsSync(path) &&
        spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.startsWith(`v${OLDEST}.`),
    );
}

const PRICE_VECTORS = `
import { deepStrictEqual } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import 'DIST/contract/index.js';
import { priceBill, settlePayments } from 'DIST/pricing/index.js';

let priced = 0;
for (const file of readdirSync('test/pricing/vectors')) {
  const price = file.startsWith('bill-') ? priceBill : file.startsWith('payments') ? settlePayments : undefined;
  if (!price) continue;
  for (const { name, input, expected } of JSON.parse(readFileSync('test/pricing/vectors/' + file, 'utf8'))) {
    if (expected.problem) continue;
    deepStrictEqual(price(input), expected, file + ': ' + name);
    priced += 1;
  }
}
console.log(JSON.stringify(priced));
`;

const SELL = `
import { createClient } from 'DIST/client/index.js';
import { fileStore } from 'DIST/client/file-store.js';

const { url, email, password, shopId, product, folder } = JSON.parse(process.argv[1]);
const client = createClient({ url, store: fileStore(folder), device: { id: 'till', name: 'Till' } });
await client.signIn({ email, password });
let isReady, hasHeard;
const ready = new Promise((resolve) => { isReady = resolve; });
const heard = new Promise((resolve) => { hasHeard = resolve; });
client.feed(shopId, {
  onReady: isReady,
  onEvent: ({ type, data }) => type === 'order_created' && hasHeard(data.id),
});
await ready;
const { order } = await client.sell(shopId, {
  items: [{ productId: product.id, quantity: 2, listPrice: product.price }],
  paymentMethod: 'cash',
  expectedTotal: '80.00',
});
console.log(JSON.stringify({ id: order.id, heard: await heard }));
client.close();
`;

describe(`the packages for tills, on Node ${OLDEST}`, function () {
  this.timeout(120_000);
  const node = oldestNode();
  before(function () {
    if (node) return;
    console.log(`    skipped: this machine has no Node ${OLDEST} of its own on its PATH`);
    this.skip();
  });

  async function run(script: string, argument = ''): Promise<unknown> {
    const code = script.replaceAll('DIST', join(root, 'dist'));
    const child = spawn(node as string, ['--input-type=module', '-e', code, argument], { cwd: root });
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      child.exitCode === null ? once(child, 'exit') : [],
    ]);
    expect(stderr).to.equal('');
    return JSON.parse(stdout);
  }

  it('price every golden vector', async () => {
    expect(await run(PRICE_VECTORS)).to.be.greaterThan(50);
  });

  describe('and a server', () => {
    let test: TestApp;
    let shop: TestShop;
    let folder: string;

    before(async () => {
      test = await startTestApp();
      shop = await givenShop(test, 'OLD');
      folder = tempFolder();
    });
    after(async () => {
      removeFolder(folder);
      await test.close();
    });

    it('sign in, sell and hear of it', async () => {
      const product = await givenProduct(shop, { price: '40.00' });
      const { url } = test;
      const given = { url, email: shop.emails.cashier, password: PASSWORD, shopId: shop.id, product, folder };
      const { id, heard } = (await run(SELL, JSON.stringify(given))) as { id: string; heard: string };
      expect(heard).to.equal(id);
      expect((await eventsOf(test, shop.id, 'order_created')).map(({ data }) => data.id)).to.deep.equal([id]);
    });
  });
});
