import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { type Client, clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenItem, givenProduct, saleOf, type TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { allOf } from '../support/till-checks.ts';

const TILLS = 4;
/** More often in the long run. */
const KILLS = Number(process.env.SERVER_KILLS ?? 3);
/** Sales that are answered before each kill: enough that every till is in the middle of one. */
const SALES_A_ROUND = 25;
const START = 100_000;

describe('a server that is killed while four tills sell', () => {
  let home: string;
  let database: TestDatabase;
  let server: Server;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    expect((await smoocho(['init', ...initOptions(home)], env())).code).to.equal(0);
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url });

  async function start(): Promise<string> {
    server = await startCli(['--port=0', '--host=127.0.0.1'], env(), 'Stop it with Ctrl-C.');
    return /http:\/\/127\.0\.0\.1:\d+/.exec(server.output())?.[0] as string;
  }

  async function openShop(url: string) {
    const { body } = await clientOf(url).post('/api/auth/login', {
      email: 'asha@example.com',
      password: PASSWORD,
    });
    const till = clientOf(url, body.accessToken);
    const shop = { path: `/api/shops/${body.shops[0].id}`, manager: till } as TestShop;
    const item = await givenItem(shop, { quantity: START, policy: 'deny' });
    const product = await givenProduct(shop, {
      price: '33.35',
      recipe: [{ inventoryItemId: item.id, quantity: '0.125' }],
    });
    return {
      token: till.token,
      path: `${shop.path}/orders`,
      inventory: `${shop.path}/inventory`,
      item,
      product,
    };
  }

  /** A till keeps a sale until it is answered; `tries` are all that it sent. */
  type Till = { sale: object | null; tries: number };

  /** Lets the tills sell, one sale after the other, until `isOver` or until the server is gone. */
  async function sell(
    tills: Till[],
    client: Client,
    path: string,
    product: { id: string },
    answers: Order[],
    isOver: () => boolean,
  ): Promise<void> {
    await Promise.all(
      tills.map(async (till) => {
        while (!isOver() || till.sale) {
          till.sale ??= saleOf(product, {
            items: [{ id: randomUUID(), productId: product.id, quantity: 3 }],
          });
          till.tries += 1;
          const answer = await client.post(path, till.sale).catch(() => null);
          if (!answer) return;
          expect(answer.status, answer.text).to.be.oneOf([200, 201]);
          answers.push(answer.body);
          till.sale = null;
        }
      }),
    );
  }

  it('loses no answered sale, doubles none, and keeps numbers and stock exact', async () => {
    let url = await start();
    const { token, path, inventory, item, product } = await openShop(url);
    const tills: Till[] = Array.from({ length: TILLS }, () => ({ sale: null, tries: 0 }));
    const answers: Order[] = [];
    for (let round = 1; round <= KILLS; round += 1) {
      let killed: Promise<unknown> | undefined;
      const isOver = () => {
        if (answers.length >= round * SALES_A_ROUND) killed ??= server.stop('SIGKILL');
        return false;
      };
      await sell(tills, clientOf(url, token), path, product, answers, isOver);
      await killed;
      url = await start();
    }
    const client = clientOf(url, token);
    await sell(tills, client, path, product, answers, () => true);
    const bills = await allOf<Order>(client, path);
    const { body } = await client.get(inventory);
    expect(await server.stop()).to.equal(0);

    expect(answers.length).to.be.at.least(KILLS * SALES_A_ROUND);
    const tries = tills.reduce((sum, till) => sum + till.tries, 0);
    expect(tries, 'sales that a kill took the answer of').to.be.above(answers.length);
    console.log(
      `      ${KILLS} kills: ${answers.length} orders answered, ${tries - answers.length} requests without an answer`,
    );
    const byId = (a: Order, b: Order) => a.id.localeCompare(b.id);
    expect(bills.sort(byId)).to.deep.equal(answers.sort(byId));
    const numbers = bills.map(({ orderNumber }) => Number(orderNumber.slice(-6))).sort((a, b) => a - b);
    expect(numbers).to.deep.equal(numbers.map((_, n) => n + 1));
    const left = body.data.find(({ id }: { id: string }) => id === item.id).quantity;
    expect(left).to.equal(START - bills.length * 0.375);
    const books = await smoocho(['verify'], env());
    expect(books.stdout).to.match(/Everything agrees\.\n$/);
    expect(books.code).to.equal(0);
  }).timeout(KILLS * 20_000);
});
