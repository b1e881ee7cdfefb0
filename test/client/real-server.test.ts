import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { fileStore } from '../../src/client/file-store.ts';
import type { SentSale, Sold } from '../../src/client/sales.ts';
import type { Store } from '../../src/client/store.ts';
import * as contract from '../../src/contract/index.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { closeTills, pause, tillOf, until } from './support.ts';

describe('tills and the real server', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let folder: string;
  let server: RunningServer;
  let url: string;
  let shops = 0;
  /** Lines of the test that runs, and whether it is through. */
  const lines: TcpProxy[] = [];
  let isOver: boolean;

  before(async () => {
    test = await startTestApp();
    server = await startServer(test.app, '127.0.0.1', 0);
    url = `http://127.0.0.1:${server.port}`;
  });
  beforeEach(async () => {
    isOver = false;
    shops += 1;
    shop = await givenShop(test, `TIL${String.fromCharCode(64 + shops)}`);
    product = await givenProduct(shop, { price: '40.00' });
    folder = tempFolder();
  });
  afterEach(async () => {
    isOver = true;
    closeTills();
    await Promise.all(lines.splice(0).map((line) => line.close()));
    removeFolder(folder);
  });
  after(async () => {
    await server.close();
    await test.close();
  });

  async function newLine(): Promise<TcpProxy> {
    const line = await startTcpProxy(url);
    lines.push(line);
    return line;
  }

  const sale = () => ({
    items: [{ productId: product.id, quantity: 1, listPrice: '40.00' }],
    paymentMethod: 'cash' as const,
    expectedTotal: '40.00',
  });

  async function pairedTill(
    store: Store,
    at = url,
    onSaleSent?: (sent: SentSale) => unknown,
  ): Promise<Client> {
    const till = tillOf(at, { store, ...(onSaleSent ? { onSaleSent } : {}) });
    const { body } = await shop.manager.post(`${shop.path}/devices`, { name: 'Counter' });
    await till.pair(body.code);
    await till.signIn({ email: shop.emails.cashier, password: PASSWORD });
    return till;
  }

  const soldIds = async () => (await eventsOf(test, shop.id, 'order_created')).map(({ data }) => data.id);

  function idOf(sold: Sold): string {
    return sold.status === 'sold' ? sold.order.id : sold.sale.id;
  }

  it('sell on while the server is away, and it gets each sale once, under the number on its bill', async () => {
    const sent: SentSale[] = [];
    const till = await pairedTill(fileStore(folder), url, (one) => sent.push(one));
    await till.leaseNumbers(shop.id, { count: 20 });
    const online = await till.sell(shop.id, sale());
    expect(online.status).to.equal('sold');

    await server.close();
    const offline: Sold[] = [];
    for (let i = 0; i < 5; i += 1) offline.push(await till.sell(shop.id, sale()));
    const numbers = offline.map((sold) => (sold.status === 'queued' ? sold.sale.orderNumber : null));
    expect(numbers).to.deep.equal([1, 2, 3, 4, 5].map((n) => `${numbers[0]?.slice(0, -1)}${n}`));

    server = await startServer(test.app, '127.0.0.1', server.port);
    await until(() => sent.length === 5);
    expect(sent.map(({ result, order }) => `${result} ${order.orderNumber}`)).to.deep.equal(
      numbers.map((number) => `created ${number}`),
    );
    expect(sent.flatMap(({ order }) => order.flags)).to.deep.equal([]);
    expect(await soldIds()).to.deep.equal([online, ...offline].map(idOf));
    expect((await till.sell(shop.id, sale())).status).to.equal('sold');
  });

  it('find a sale on the books whose answer was lost', async () => {
    const line = await newLine();
    const sent: SentSale[] = [];
    const till = await pairedTill(fileStore(folder), line.url, (one) => sent.push(one));
    // The request gets through, and its answer does not.
    const lost = tillOf(line.url, {
      store: fileStore(folder),
      onSaleSent: (one) => sent.push(one),
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (String(input).endsWith('/orders')) throw new TypeError('fetch failed');
        return answer;
      },
    });
    const sold = await lost.sell(shop.id, sale());
    expect(sold.status).to.equal('queued');
    expect(await soldIds()).to.deep.equal([idOf(sold)]);
    lost.close();
    await till.flush();
    expect(await till.outbox()).to.deep.equal([]);
    expect(sent.map(({ id, result }) => [id, result])).to.deep.equal([[idOf(sold), 'same']]);
    expect(await soldIds()).to.deep.equal([idOf(sold)]);
  });

  it('keep for the owner what the books can not take', async () => {
    const till = await pairedTill(fileStore(folder));
    await till.call(contract.listProducts, { params: { shopId: shop.id } });
    const line = await newLine();
    line.refuse();
    const away = tillOf(line.url, { store: fileStore(folder) });
    const items = [{ productId: '0190a0a0-0000-7000-8000-0000000000bb', quantity: 1 }];
    expect((await away.sell(shop.id, { items, paymentMethod: 'cash' })).status).to.equal('queued');
    away.close();
    const { conflicts } = await till.flush();
    expect(conflicts.map(({ problem }) => problem.type)).to.deep.equal([
      'urn:smoocho:problem:unknown_product',
    ]);
    expect(await till.conflicts()).to.deep.equal(conflicts);
  });

  it('hear of every event once and in order, however often the line is cut, and over a restart', async () => {
    const line = await newLine();
    const store = fileStore(folder);
    const seqs: number[] = [];
    const follow = (till: Client) => {
      let isLive = false;
      till.feed(shop.id, {
        onEvent: ({ seq }) => seqs.push(seq),
        onResync: () => expect.fail('nothing was out of reach'),
        onState: ({ status }) => {
          isLive = status === 'live';
        },
      });
      return () => isLive;
    };
    const till = await pairedTill(store, line.url);
    await until(follow(till));
    const start = (await eventsOf(test, shop.id)).length;
    for (let i = 0; i < 10; i += 1) {
      await Promise.all(
        [1, 2, 3].map(() => shop.cashier.post(`${shop.path}/orders`, { id: crypto.randomUUID(), ...bare() })),
      );
      if (i % 3 === 0) line.cut();
      await pause(10);
    }
    await until(() => seqs.length === 30);
    // Its place in the feed is written down once the event was handled.
    await pause(500);
    till.close();
    await shop.cashier.post(`${shop.path}/orders`, { id: crypto.randomUUID(), ...bare() });
    follow(tillOf(line.url, { store }));
    await until(() => seqs.length === 31);
    expect(seqs).to.deep.equal(seqs.map((_, i) => start + 1 + i));
  });

  it('hear the same over HTTP', async () => {
    const till = await pairedTill(fileStore(folder));
    const seqs: number[] = [];
    let isLive = false;
    till.feed(shop.id, {
      transport: 'http',
      onEvent: ({ seq }) => seqs.push(seq),
      onState: ({ status }) => {
        isLive = status === 'live';
      },
    });
    await until(() => isLive);
    const start = (await eventsOf(test, shop.id)).length;
    for (let i = 1; i <= 5; i += 1) {
      await till.sell(shop.id, sale());
      await until(() => seqs.length === i);
    }
    expect(seqs).to.deep.equal(seqs.map((_, i) => start + 1 + i));
  });

  it('lose nothing and sell nothing twice on a line that comes and goes, and when they crash', async function () {
    this.timeout(120_000);
    const TILLS = 3;
    const SALES = 40;
    const told = new Set<string>();
    const printed: string[] = [];

    async function trouble(line: TcpProxy, isOn: () => boolean): Promise<void> {
      while (isOn() && !isOver) {
        await pause(20 + Math.random() * 150);
        const what = Math.random();
        if (what < 0.4) line.cut();
        else if (what < 0.7) {
          line.pause();
          await pause(Math.random() * 400);
          line.resume();
        } else {
          line.refuse();
          await pause(Math.random() * 300);
          line.accept();
        }
      }
    }

    async function work(n: number): Promise<void> {
      const line = await newLine();
      const store = fileStore(`${folder}/${n}`);
      const options = { store, timeoutMs: 300 };
      let till = await pairedTill(store, line.url);
      await till.leaseNumbers(shop.id, { count: 30 });
      till.close();
      till = tillOf(line.url, options);
      let hasTrouble = true;
      const troubled = trouble(line, () => hasTrouble);
      for (let i = 0; i < SALES; i += 1) {
        const sold = await till.sell(shop.id, sale());
        told.add(idOf(sold));
        if (sold.status === 'queued' && sold.sale.orderNumber) printed.push(sold.sale.orderNumber);
        if (i % 10 === 9) {
          // Dies while it may be sending.
          till.close();
          till = tillOf(line.url, options);
        }
        await pause(Math.random() * 30);
      }
      hasTrouble = false;
      await troubled;
      line.resume();
      line.accept();
      await until(async () => (await till.flush()).left === 0, 20_000);
      expect(await till.conflicts()).to.deep.equal([]);
    }

    await Promise.all(Array.from({ length: TILLS }, (_, n) => work(n)));
    const ids = await soldIds();
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids).to.have.members([...told]);
    expect(told.size).to.equal(TILLS * SALES);
    expect(new Set(printed).size).to.equal(printed.length);
    expect(printed.length).to.be.greaterThan(0);
  });

  const bare = () => ({ items: [{ productId: product.id, quantity: 1 }], paymentMethod: 'cash' });
});
