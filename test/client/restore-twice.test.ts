import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { fileStore } from '../../src/client/file-store.ts';
import { memoryStore, type Store } from '../../src/client/store.ts';
import type { Order } from '../../src/contract/orders.ts';
import { labelNow } from '../support/epoch-parts.ts';
import { givenProduct } from '../support/factories.ts';
import { bills, credentials, type Machine, saleOf, soldOnline, startMachine } from './restore-support.ts';
import { closeTills, pause, tillOf, until } from './support.ts';

const SOON_MS = 20_000;

describe('tills after restores', function () {
  this.timeout(120_000);
  let machine: Machine;
  let tea: { id: string };

  beforeEach(async () => {
    machine = await startMachine();
    tea = await givenProduct(machine.shop, { name: 'Tea', price: '10.00' });
  });
  afterEach(async () => {
    closeTills();
    await machine.close();
  });

  const signIn = (till: Client) => till.signIn(credentials(machine.shop.emails.cashier));
  async function sell(till: Client, count: number): Promise<Order[]> {
    const orders: Order[] = [];
    for (let n = 0; n < count; n += 1) orders.push(await soldOnline(till, machine.shop, saleOf(tea)));
    return orders;
  }
  const idsOf = (orders: { id: string }[]) => orders.map(({ id }) => id);
  const isBack = (till: Client, count: number) => async () =>
    (await till.outbox()).length === 0 && (await machine.orders()).length === count;

  it('of one backup on two machines: the series of the two differ, and each gets all that was sold', async () => {
    const till = tillOf(machine.test.url, { store: fileStore(machine.folder) });
    await signIn(till);
    await sell(till, 2);
    const backup = await machine.backUp();
    const lost = await sell(till, 3);
    await machine.stop();
    const second = await machine.copyOf(backup);

    await machine.restore(backup);
    await signIn(till);
    await until(isBack(till, 5), SOON_MS);
    const between = await sell(till, 2);
    const label = await labelNow(machine.test, machine.shop, lost[0]?.orderNumber.split('/')[1]);
    expect(between[0]?.orderNumber).to.equal(`KULF/${label}/000001`);
    await machine.checkSound();

    // The second machine has the same backup and knows nothing of the first.
    await machine.restore(second);
    await signIn(till);
    await until(isBack(till, 7), SOON_MS);
    const orders = await machine.orders();
    expect(bills(orders.filter(({ id }) => idsOf([...lost, ...between]).includes(id)))).to.deep.equal(
      bills([...lost, ...between]),
    );
    expect(orders.flatMap(({ flags }) => flags)).to.deep.equal([]);
    const [next] = await sell(till, 1);
    expect(next?.orderNumber)
      .to.match(/^KULF\/[A-Z][A-Z2-9]{3}\/000001$/)
      .and.not.include(label);
    expect((await machine.checkSound()).join('\n')).to.include(
      `KULF/${label}: the books had it up to 0 at the restore; 2 beyond came back: 1–2`,
    );
  });

  it('and an undo: what the restored books had is brought to those of before', async () => {
    const till = tillOf(machine.test.url, { store: fileStore(machine.folder) });
    await signIn(till);
    await sell(till, 2);
    const backup = await machine.backUp();
    const before = await sell(till, 3);
    await machine.restore(backup);
    await signIn(till);
    await until(isBack(till, 5), SOON_MS);
    const between = await sell(till, 2);

    await machine.restore(machine.live, 'undone');
    await signIn(till);
    await until(isBack(till, 7), SOON_MS);
    const orders = await machine.orders();
    expect(bills(orders.filter(({ id }) => idsOf(between).includes(id)))).to.deep.equal(bills(between));
    // Those it had never lost are as they were.
    expect(
      orders.filter(({ id }) => idsOf(before).includes(id)).map(({ receivedAt }) => receivedAt),
    ).to.deep.equal([null, null, null]);
    await sell(till, 1);
    await machine.checkSound();
  });

  it('notice it without a feed and without signing in, by what they hear when the line is back', async () => {
    // As after a restore of which nobody's session ended: there is none such, but nothing depends on it.
    const till = tillOf(machine.test.url);
    await signIn(till);
    const backup = await machine.backUp();
    const lost = await sell(till, 2);
    await machine.stop();
    expect((await till.sell(machine.shop.id, saleOf(tea))).status).to.equal('queued');
    await machine.restore(backup);
    // The till has no session that stands: its outbox waits, and loses nothing.
    await until(async () => (await till.session()) === null, SOON_MS);
    await pause(200);
    expect(await till.outbox()).to.have.length(1);
    await signIn(till);
    await until(isBack(till, 3), SOON_MS);
    expect(idsOf(await machine.orders())).to.include.members(idsOf(lost));
  });

  it('notice it by the feed, which says so and goes on', async () => {
    const store = memoryStore();
    const open = () => tillOf(machine.test.url, { store });
    const heard: string[] = [];
    const follow = (till: Client) =>
      till.feed(machine.shop.id, {
        onEvent: ({ type }) => heard.push(type),
        onResync: ({ reason }) => heard.push(reason),
      });
    const first = open();
    await signIn(first);
    follow(first);
    await until(async () => (await store.list('feed/')).length === 1);
    const backup = await machine.backUp();
    await sell(first, 2);
    first.close();
    await machine.restore(backup);
    const again = open();
    await signIn(again);
    follow(again);
    await until(isBack(again, 2), SOON_MS);
    await until(() => heard.includes('other_epoch'));
    await sell(again, 1);
    await until(() => heard.slice(heard.indexOf('other_epoch')).includes('order_created'), SOON_MS);
  });

  it('are cut off in the middle, by crashes and lost answers, in two tabs: each order comes back once', async () => {
    const stores: Record<string, Store> = { file: fileStore(machine.folder), memory: memoryStore() };
    for (const store of Object.values(stores)) {
      const till = tillOf(machine.test.url, { store });
      await signIn(till);
      const count = (await machine.orders()).length;
      const backup = await machine.backUp();
      const lost = await sell(till, 12);
      till.close();
      await machine.restore(backup);

      // Each try gets one batch of two through, and dies before it hears the answer or right after it.
      for (let n = 0; n < 4; n += 1) {
        let batches = 0;
        const dying = tillOf(machine.test.url, {
          store,
          onError: () => {},
          fetch: async (input, init) => {
            const isBatch = String(input).endsWith('/batch');
            if (isBatch && batches > 0) throw new TypeError('fetch failed');
            const answer = await fetch(
              input,
              isBatch && init ? { ...init, body: firstTwo(init.body as string) } : init,
            );
            if (!isBatch) return answer;
            batches += 1;
            if (n % 2 === 0) throw new TypeError('fetch failed');
            return answer;
          },
        });
        await signIn(dying);
        await until(() => batches > 0, SOON_MS);
        if (n % 2 === 1) await pause(20);
        dying.close();
      }
      const tabs = [tillOf(machine.test.url, { store }), tillOf(machine.test.url, { store })];
      await signIn(tabs[0] as Client);
      await Promise.all(tabs.map((tab) => tab.flush()));
      for (const tab of tabs) await until(async () => (await tab.flush()).left === 0, SOON_MS);
      const orders = await machine.orders();
      expect(orders).to.have.length(count + 12);
      expect(bills(orders.filter(({ id }) => idsOf(lost).includes(id)))).to.deep.equal(bills(lost));
      expect(await tabs[0]?.conflicts()).to.deep.equal([]);
      await machine.checkSound();
      closeTills();
      await machine.stop();
      await machine.goOn();
    }
  });

  /** Of a batch the oldest two: the answers of the others are missing, as from a server that stopped in between. */
  function firstTwo(body: string): string {
    const { orders } = JSON.parse(body) as { orders: unknown[] };
    return JSON.stringify({ orders: orders.slice(0, 2) });
  }
});
