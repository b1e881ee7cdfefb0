import 'fake-indexeddb/auto';
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { ClientOptions } from '../../src/client/client.ts';
import { fileStore } from '../../src/client/file-store.ts';
import { indexedDbStore } from '../../src/client/indexed-db-store.ts';
import type { Sale, SentSale, Sold } from '../../src/client/sales.ts';
import { memoryStore, type Store } from '../../src/client/store.ts';
import { getProfile } from '../../src/contract/auth.ts';
import type { Order } from '../../src/contract/orders.ts';
import { sealAll } from '../support/audit-parts.ts';
import { labelNow } from '../support/epoch-parts.ts';
import { givenProduct, PASSWORD } from '../support/factories.ts';
import { bills, credentials, type Machine, saleOf, soldOnline, startMachine } from './restore-support.ts';
import { closeTills, errorOf, tillOf, until } from './support.ts';

const SOON_MS = 20_000;

describe('thirty sales after a backup that was restored', function () {
  this.timeout(120_000);
  let machine: Machine;

  before(async () => {
    machine = await startMachine();
  });
  after(async () => {
    closeTills();
    await machine.close();
  });

  it('are all brought back by their tills, each once, and the books are sound', async () => {
    const { live, folder } = machine;
    const small = { name: 'Small', price: '10.00' };
    const tea = await givenProduct(machine.shop, { name: 'Tea', price: '10.00', variants: [small] });
    const [{ id: smallId }] = tea.variants;
    const sent = new Map<string, SentSale>();
    const stores: Record<string, Store> = {
      counter: fileStore(`${folder}/counter`),
      tablet: indexedDbStore(randomUUID()),
      bar: memoryStore(),
    };
    const open = (name: string, options: Partial<ClientOptions> = {}) =>
      tillOf(machine.test.url, {
        store: stores[name] as Store,
        onSaleSent: (one) => {
          expect(sent.has(one.id), 'told twice').to.equal(false);
          sent.set(one.id, one);
        },
        ...options,
      });
    const counter = open('counter');
    const tablet = open('tablet', { device: { id: 'tablet-1', name: 'Tablet' } });
    const { emails, id: shopId } = machine.shop;
    await machine.pairUp(counter, 'Counter', emails.cashier);
    await tablet.signIn(credentials(emails.manager));
    await counter.leaseNumbers(shopId, { count: 20 });
    const inBackup: Order[] = [];
    for (const till of [counter, tablet, counter])
      inBackup.push(await soldOnline(till, machine.shop, saleOf(tea, { variantId: smallId })));

    const backup = await machine.backUp();

    // What is new since: a product with a modifier, a variant, a cashier and a device.
    const { manager, owner, path } = machine.shop;
    const kulfi = await givenProduct(machine.shop, {
      name: 'Mango kulfi',
      price: '60.00',
      category: 'Ices',
      modifierGroups: [{ name: 'Toppings', min: 0, max: 1, modifiers: [{ name: 'Nuts', price: '5.00' }] }],
    });
    const nuts = kulfi.modifierGroups[0].modifiers[0].id;
    const { body: changed } = await manager.put(`${path}/products/${tea.id}`, {
      variants: [
        { id: smallId, ...small },
        { name: 'Huge', price: '30.00' },
      ],
    });
    const huge = changed.variants.find(({ name }: { name: string }) => name === 'Huge').id;
    const ravi = { email: 'ravi@example.com', name: 'Ravi', role: 'cashier', password: PASSWORD };
    expect((await owner.post(`${path}/users`, ravi)).status).to.equal(201);
    const bar = open('bar');
    await machine.pairUp(bar, 'Bar', ravi.email);
    await bar.leaseNumbers(shopId, { count: 10 });
    await counter.leaseNumbers(shopId, { count: 20 });

    const lost: Order[] = [];
    const goods: Sale[] = [
      saleOf(tea, { variantId: smallId }),
      saleOf(tea, { variantId: huge }),
      saleOf(kulfi, { modifierIds: [nuts], quantity: 2 }),
      saleOf(kulfi, {}, { customerName: 'Asha', customerPhone: '98765 43210', expectedTotal: '60.00' }),
      { items: [{ productId: kulfi.id, quantity: 1 }], payments: [{ method: 'upi', amount: '60.00' }] },
    ];
    const tills = [counter, tablet, bar, counter, bar, tablet, counter, bar, counter];
    for (const [n, till] of [...tills, ...tills].slice(0, 17).entries())
      lost.push(await soldOnline(till, machine.shop, goods[n % goods.length] as Sale));

    // The network is away twice. What is sold the first time comes in; what is sold the second time waits when the machine burns.
    const kept = { listPrice: '60.00', goods: { name: 'Mango kulfi', category: 'Ices' } };
    const sellOffline = (till: typeof counter) =>
      till.sell(shopId, saleOf(kulfi, kept, { expectedTotal: '60.00' }));
    const idOf = (sold: Sold) => (sold.status === 'queued' ? sold.sale.id : sold.order.id);
    const printedOf = (sold: Sold) => (sold.status === 'queued' ? sold.sale.orderNumber : null);
    await machine.stop();
    const early = [await sellOffline(counter), await sellOffline(bar), await sellOffline(counter)];
    await machine.goOn(live);
    await until(() => early.every((sold) => sent.has(idOf(sold))), SOON_MS);
    lost.push(...early.map((sold) => sent.get(idOf(sold))?.order as Order));
    await sealAll(machine.test);
    await machine.stop();
    const waiting: Sold[] = [];
    for (const till of [counter, counter, bar, bar, counter, bar, tablet, tablet, bar, counter])
      waiting.push(await sellOffline(till));
    expect([lost.length, waiting.length]).to.deep.equal([20, 10]);
    sent.clear();

    await machine.restore(backup);
    expect(await machine.orders()).to.have.length(3);
    // Everybody signs in again, and the outbox waits for it; a device that was paired since is paired anew.
    expect(await errorOf(counter.call(getProfile))).to.include({ code: 'unauthenticated' });
    expect((await counter.outbox()).filter(({ isQueued }) => isQueued)).to.have.length(4);
    await counter.signIn(credentials(emails.cashier));
    expect(await errorOf(bar.signIn(credentials(ravi.email)))).to.include({ code: 'wrong_credentials' });
    expect(await errorOf(bar.signIn(credentials(emails.cashier)))).to.include({ code: 'device_refused' });
    await machine.pairUp(bar, 'Bar', emails.cashier);
    await tablet.signIn(credentials(emails.manager));
    for (const till of [counter, bar, tablet])
      await until(
        async () => (await machine.orders()).length === 33 && (await till.outbox()).length === 0,
        SOON_MS,
      );
    for (const till of [counter, bar, tablet]) expect(await till.conflicts()).to.deep.equal([]);

    const orders = await machine.orders();
    const these = (ids: string[]) => orders.filter(({ id }) => ids.includes(id));
    expect(bills(these(inBackup.map(({ id }) => id)))).to.deep.equal(bills(inBackup));
    const back = these(lost.map(({ id }) => id));
    expect(bills(back)).to.deep.equal(bills(lost));
    for (const { receivedAt, orderNumber } of back) expect(receivedAt, orderNumber).to.be.a('string');
    const flags = new Set(back.flatMap((order) => order.flags.map(({ code }) => code)));
    expect([...flags].sort()).to.deep.equal(['product_gone', 'unknown_cashier', 'unknown_device']);
    const barId = lost[2]?.deviceId;
    for (const { id, deviceId } of lost) {
      const details = back.find((order) => order.id === id)?.flags.map(({ detail }) => detail) ?? [];
      expect(details.includes('Ravi, who sold it, is not known to this shop any more.')).to.equal(
        deviceId === barId,
      );
      expect(details.includes('It was sold on Bar, which is not known to this shop any more.')).to.equal(
        deviceId === barId,
      );
    }
    const late = these(waiting.map(idOf));
    expect(late).to.have.length(10);
    expect(late.map(({ orderNumber }) => orderNumber)).to.include.members(
      waiting.map(printedOf).filter((number) => number !== null),
    );
    // Told of what came back and what had waited, once, and not of what the backup had.
    expect([...sent.keys()]).to.have.members([...lost.map(({ id }) => id), ...waiting.map(idOf)]);

    // From now on, numbers of a series of its own; the devices are lent others.
    const label = await labelNow(machine.test, machine.shop, inBackup[0]?.orderNumber.split('/')[1]);
    const next = await soldOnline(counter, machine.shop, saleOf(tea, { variantId: smallId }));
    expect(next.orderNumber).to.match(new RegExp(`^KULF/${label}/00000[1-9]$`));
    await until(
      async () =>
        (await stores.counter?.list('lease/'))?.every(
          ([, value]) => !(value as { isLost?: boolean }).isLost,
        ) ?? false,
      SOON_MS,
    );
    await machine.stop();
    expect(printedOf(await sellOffline(counter))).to.match(new RegExp(`^KULF-A/${label}/000`));
    await machine.goOn(backup);
    await until(async () => (await counter.outbox()).length === 0, SOON_MS);
    const notes = (await machine.checkSound()).join('\n');
    expect(notes).to.match(/: the books had it up to 3 at the restore; 17 beyond came back: 4–20(\n|$)/);
    expect(notes).to.include('came back after a restore that lost its lease');
  });
});
