import 'fake-indexeddb/auto';
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type AnsweredOrders, createAnsweredOrders } from '../../src/client/answered-orders.ts';
import { type Context, createLine } from '../../src/client/context.ts';
import { fileStore } from '../../src/client/file-store.ts';
import { newId } from '../../src/client/ids.ts';
import { indexedDbStore } from '../../src/client/indexed-db-store.ts';
import type { Entry } from '../../src/client/sales.ts';
import { memoryStore, type Store } from '../../src/client/store.ts';
import { OfflineOrder } from '../../src/contract/offline-orders.ts';
import type { Order } from '../../src/contract/orders.ts';
import { parse } from '../../src/contract/parse.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { pause, SHOP, until } from './support.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-05-10T06:30:00Z');
const PRODUCT = '0190a0a0-0000-7000-8000-0000000000bb';
const folders: string[] = [];

const kinds: Record<string, () => Store> = {
  memoryStore,
  indexedDbStore: () => indexedDbStore(randomUUID()),
  fileStore: () => {
    const folder = tempFolder();
    folders.push(folder);
    return fileStore(folder);
  },
};

const contextOf = (store: Store, now = () => NOW): Context => ({
  url: '',
  store,
  line: createLine(),
  pauses: { leastMs: 1, mostMs: 1 },
  timeoutMs: 1_000,
  closed: new AbortController().signal,
  now,
  onError: (error) => void errors.push(error),
});

/** What went wrong in the background while a test ran; what is cleared away may still be going on after it. */
const errors: unknown[] = [];
const nobody = { user: null, device: null };

/** A sale of two teas, and the order that the server answered. */
function soldAt(time: number, more: Partial<Order> = {}): [Entry, Order] {
  const at = new Date(time).toISOString();
  const id = newId(time);
  const line = { id: randomUUID(), productId: PRODUCT, quantity: 2, modifierIds: [] };
  const sale = { id, items: [line], paymentMethod: 'cash' as const };
  const entry: Entry = { id, shopId: SHOP, placedAt: at, orderNumber: null, state: 'sending', sale };
  const item = {
    ...line,
    variantId: null,
    name: 'Tea',
    variantName: null,
    category: 'Drinks',
    sku: null,
    hsn: '0902',
    unitPrice: '10.00',
    listPrice: null,
    taxClass: 'food',
    taxPercent: '5',
  };
  const order = {
    id,
    version: 1,
    orderNumber: 'KULF/2627/000001',
    createdAt: at,
    receivedAt: null,
    total: '20.00',
  };
  return [entry, { ...order, items: [item], cashierId: null, deviceId: null, ...more } as unknown as Order];
}

after(() => folders.forEach(removeFolder));

for (const [name, open] of Object.entries(kinds)) {
  describe(`orders that were answered, in a ${name}`, () => {
    let store: Store;
    let answered: AnsweredOrders;

    beforeEach(() => {
      store = open();
      answered = createAnsweredOrders(contextOf(store), () => true);
    });

    afterEach(() => expect(errors.splice(0)).to.deep.equal([]));

    const keepAt = async (time: number) => {
      const [entry, order] = soldAt(time);
      await answered.keep(entry, order, nobody);
      return entry.id;
    };
    const kept = async () =>
      (await Promise.all((await answered.days()).map((day) => answered.ofDay(day, SHOP))))
        .flat()
        .map(({ id }) => id);

    it('are kept over a restart, by day, the oldest first, once each', async () => {
      const times = [0, 1, 2, 30].map((days) => NOW - days * DAY_MS);
      const ids = [];
      for (const time of times) ids.push(await keepAt(time), await keepAt(time + 1));
      const [entry, order] = soldAt(NOW);
      await answered.keep(entry, order, nobody);
      await answered.keep(entry, order, nobody);
      const again = createAnsweredOrders(contextOf(store), () => true);
      expect(await again.days()).to.deep.equal(['2026-04-10', '2026-05-08', '2026-05-09', '2026-05-10']);
      const today = await again.ofDay('2026-05-10', SHOP);
      expect(today.map(({ id }) => id)).to.have.members([ids[0], ids[1], entry.id]);
      expect(await again.ofDay('2026-05-10', randomUUID())).to.deep.equal([]);
      await again.forget(today[0] as Entry);
      expect(await again.ofDay('2026-05-10', SHOP)).to.have.length(2);
    });

    it('go after 35 days, and not for a clock that is wrong', async () => {
      const old = [await keepAt(NOW - 40 * DAY_MS), await keepAt(NOW - 36 * DAY_MS)];
      const young = [await keepAt(NOW - 35 * DAY_MS), await keepAt(NOW)];
      await until(async () => (await answered.days()).length === 2);
      expect(await kept())
        .to.have.members(young)
        .and.not.include.members(old);
      // A till whose clock is a year ahead, and a server whose clock was: neither makes what is there an old one.
      answered = createAnsweredOrders(
        contextOf(store, () => NOW + 365 * DAY_MS),
        () => true,
      );
      young.push(await keepAt(NOW + DAY_MS / 2));
      answered = createAnsweredOrders(contextOf(store), () => true);
      young.push(await keepAt(NOW + 365 * DAY_MS));
      young.push(await keepAt(NOW + DAY_MS / 2));
      expect(await kept()).to.have.members(young);
    });

    it('do not go while it is not known whether they have to be brought back, nor before they are', async () => {
      answered = createAnsweredOrders(contextOf(store), () => false);
      const old = await keepAt(NOW - 60 * DAY_MS);
      const young = await keepAt(NOW);
      answered = createAnsweredOrders(contextOf(store), () => true);
      await store.put(`epoch/${SHOP}`, { epoch: randomUUID(), days: ['2026-03-11'] });
      const next = await keepAt(NOW + 1);
      await pause(100);
      expect(await kept()).to.have.members([old, young, next]);
      await store.put(`epoch/${SHOP}`, { epoch: randomUUID(), days: [] });
      answered = createAnsweredOrders(contextOf(store), () => true);
      const last = await keepAt(NOW + 2);
      await until(async () => (await answered.days()).length === 1);
      expect(await kept()).to.have.members([young, next, last]);
    });

    it('are not more than so many: the oldest go first', async () => {
      answered = createAnsweredOrders(contextOf(store), () => true, 100);
      const ids: string[] = [];
      for (let n = 0; n < 260; n += 1) ids.push(await keepAt(NOW - 5 * DAY_MS + n * (DAY_MS / 60)));
      await until(async () => (await kept()).length <= 150);
      const left = await kept();
      expect(left.length).to.be.within(85, 150);
      expect(left.sort()).to.deep.equal(ids.slice(-left.length).sort());
    }).timeout(120_000);
  });
}

describe('an order that was answered', () => {
  it('costs a write and no list, however many are kept', async () => {
    const memory = memoryStore();
    const calls: string[] = [];
    const counted = Object.fromEntries(
      Object.entries(memory).map(([name, work]) => [
        name,
        (...args: unknown[]) => {
          calls.push(name);
          return (work as (...given: unknown[]) => unknown)(...args);
        },
      ]),
    ) as Store;
    const answered = createAnsweredOrders(contextOf(counted), () => true);
    for (let n = 0; n < 10; n += 1) await answered.keep(...soldAt(NOW + n), nobody);
    calls.length = 0;
    for (let n = 10; n < 40; n += 1) await answered.keep(...soldAt(NOW + n), nobody);
    expect(calls).to.deep.equal(Array(30).fill('put'));
  });

  const keptOf = async (...args: Parameters<AnsweredOrders['keep']>) => {
    const answered = createAnsweredOrders(contextOf(memoryStore()), () => true);
    await answered.keep(...args);
    const [day] = await answered.days();
    return (await answered.ofDay(day as string, SHOP))[0];
  };

  it('is kept as it would have to be sent, in the form that the server takes', async () => {
    const [cashierId, deviceId] = [randomUUID(), randomUUID()];
    const [entry, order] = soldAt(NOW, { cashierId, deviceId, receivedAt: null });
    const by = { user: { id: cashierId, name: 'Asha' }, device: { id: deviceId, name: 'Counter' } };
    const record = await keptOf(entry, order, by);
    expect(record).to.deep.include({
      orderNumber: 'KULF/2627/000001',
      placedAt: order.createdAt,
      receivedAt: null,
    });
    expect(record?.sale.answered).to.deep.equal({
      total: '20.00',
      cashier: { id: cashierId, name: 'Asha' },
      device: { id: deviceId, name: 'Counter' },
    });
    expect(record?.sale.items[0]).to.deep.include({ listPrice: '10.00', quantity: 2 });
    expect(record?.sale.items[0]?.goods).to.deep.include({
      name: 'Tea',
      category: 'Drinks',
      hsn: '0902',
      taxPercent: '5',
    });
    const { sale, placedAt, orderNumber } = record as Entry;
    parse(OfflineOrder, { ...sale, placedAt, orderNumber });
  });

  it('keeps the price of the menu where a manager set another one', async () => {
    const [entry, order] = soldAt(NOW);
    const items = order.items.map((item) => ({ ...item, unitPrice: '8.00', listPrice: '10.00' }));
    expect((await keptOf(entry, { ...order, items }, nobody))?.sale.items[0]).to.include({
      listPrice: '10.00',
    });
  });

  it('that others changed since keeps its number, and nothing of what they made of it', async () => {
    const [entry, order] = soldAt(NOW, { version: 3, total: '70.00' });
    const items = [
      { ...order.items[0], id: randomUUID(), productId: randomUUID(), name: 'Cake' },
    ] as Order['items'];
    const record = await keptOf(entry, { ...order, items }, nobody);
    expect(record?.orderNumber).to.equal('KULF/2627/000001');
    expect(record?.sale).to.deep.equal(entry.sale);
  });

  it('of a server that says less than it should is kept as far as it says', async () => {
    const [entry] = soldAt(NOW);
    const record = await keptOf(entry, { id: entry.id, orderNumber: 'N-1' } as Order, nobody);
    expect(record).to.deep.include({ orderNumber: 'N-1', placedAt: entry.placedAt, sale: entry.sale });
  });
});
