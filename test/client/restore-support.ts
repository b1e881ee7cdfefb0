import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import type { Sale } from '../../src/client/sales.ts';
import type { Order } from '../../src/contract/orders.ts';
import { findChains, verifyAudit } from '../../src/core/audit/verify-audit.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll } from '../support/audit-parts.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { restoreTo, signInAgain, soundNotes } from '../support/epoch-parts.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** A server on one address, whatever database it is on, and the backups of it. */
export type Machine = {
  test: TestApp;
  shop: TestShop;
  /** For what tills keep. */
  folder: string;
  live: TestDatabase;
  stop(): Promise<void>;
  /** The people of the shop are signed in again. */
  goOn(database?: TestDatabase): Promise<void>;
  /** What the server has by now; then it goes on. */
  backUp(): Promise<TestDatabase>;
  copyOf(database: TestDatabase): Promise<TestDatabase>;
  /** The machine burns, and its successor starts from a backup. */
  restore(backup: TestDatabase, reason?: 'restored' | 'undone'): Promise<void>;
  /** Pairs a till with the shop and signs somebody in on it. */
  pairUp(till: Client, name: string, email: string): Promise<void>;
  orders(): Promise<Order[]>;
  /** Holds books and audit against themselves; gives what is noted on the numbers. */
  checkSound(): Promise<string[]>;
  close(): Promise<void>;
};

export const credentials = (email: string) => ({ email, password: PASSWORD });

export async function startMachine(): Promise<Machine> {
  const [home, folder] = [tempFolder(), tempFolder()];
  const live = await testDatabase();
  const databases = [live];
  let port = 0;
  let isRunning = false;

  const start = async (database: TestDatabase) => {
    machine.test = await startTestApp({ database, home, port });
    port = Number(new URL(machine.test.url).port);
    isRunning = true;
  };
  const machine: Machine = {
    test: undefined as unknown as TestApp,
    shop: undefined as unknown as TestShop,
    folder,
    live,
    async stop() {
      const wasRunning = isRunning;
      isRunning = false;
      if (wasRunning) await machine.test.close();
    },
    async goOn(database = live) {
      await start(database);
      machine.shop = await signInAgain(machine.test, machine.shop);
    },
    async copyOf(database) {
      const copy = await database.copy();
      databases.push(copy);
      return copy;
    },
    async backUp() {
      await machine.stop();
      const backup = await machine.copyOf(live);
      await machine.goOn();
      return backup;
    },
    async restore(backup, reason = 'restored') {
      await machine.stop();
      await restoreTo(backup, home, { reason });
      await machine.goOn(backup);
    },
    async pairUp(till, name, email) {
      const { body } = await machine.shop.manager.post(`${machine.shop.path}/devices`, { name });
      await till.pair(body.code);
      await till.signIn(credentials(email));
    },
    async orders() {
      const { owner, path } = machine.shop;
      const { body } = await owner.get(`${path}/orders?limit=200`);
      expect(body.nextCursor).to.equal(null);
      return body.data;
    },
    async checkSound() {
      const { test, shop } = machine;
      await sealAll(test);
      const em = test.app.orm.em.fork();
      const chains = await verifyAudit({ app: test.app, em }, await findChains({ app: test.app, em }));
      expect(chains.flatMap(({ faults }) => faults)).to.deep.equal([]);
      return await soundNotes(test, shop);
    },
    async close() {
      await machine.stop();
      for (const database of databases) await database.drop();
      removeFolder(home);
      removeFolder(folder);
    },
  };
  await start(live);
  machine.shop = await givenShop(machine.test, 'KULF');
  return machine;
}

/** A sale of one. */
export const saleOf = (product: { id: string }, line: object = {}, more: object = {}): Sale => ({
  items: [{ productId: product.id, quantity: 1, ...line }],
  paymentMethod: 'cash',
  ...more,
});

export async function soldOnline(till: Client, shop: TestShop, sale: Sale): Promise<Order> {
  const sold = await till.sell(shop.id, sale);
  if (sold.status !== 'sold') throw new Error(`It was ${sold.status}.`);
  return sold.order;
}

/** What a bill says to a customer, in the order of the numbers. */
export const bills = (orders: Order[]) =>
  orders
    .map(({ id, orderNumber, createdAt, total, items, payments }) => ({
      id,
      orderNumber,
      createdAt,
      total,
      items: items.map(
        ({ productId, name, variantName, quantity, unitPrice, modifiers, total: lineTotal }) => {
          return { productId, name, variantName, quantity, unitPrice, modifiers, total: lineTotal };
        },
      ),
      paid: payments.map(({ method, amount }) => [method, amount]),
    }))
    .sort((a, b) => (a.orderNumber < b.orderNumber ? -1 : 1));
