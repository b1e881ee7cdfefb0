import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import type pg from 'pg';
import type { ReplayedOrder } from '../../src/contract/offline-orders.ts';
import type { Order, OrderFlag } from '../../src/contract/orders.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import type { TestApp } from './app.ts';
import type { Client } from './client.ts';
import { signIn, type TestShop } from './factories.ts';

export type Device = { id: string; name: string; till: Client };

const INSERT_DEVICE = `
  INSERT INTO devices (id, shop_id, name, token_hash, series, paired_at, last_seen_at)
  VALUES ($1, $2, $3, $4, $5, now(), now())`;

const INSERT_LEASE = `
  INSERT INTO number_leases (id, shop_id, device_id, series, fiscal_year, label, first_number, last_number, leased_at)
  VALUES (gen_random_uuid(), $1, $2, $3, $4, $4, $5, $6, now())`;

/** A device with a series of its own, and the numbers lent to it. */
export async function insertDevice(
  db: pg.Client,
  shopId: string,
  { name = 'Counter', series = 'A', fiscalYear = '2627', leases = [[1, 500]] as [number, number][] } = {},
): Promise<string> {
  const id = randomUUID();
  await db.query(INSERT_DEVICE, [id, shopId, name, randomUUID().replaceAll('-', ''), series]);
  for (const [first, last] of leases) {
    await db.query(INSERT_LEASE, [shopId, id, series, fiscalYear, first, last]);
  }
  return id;
}

/** Somebody who works on a device: the session says which one it is. */
export async function signInOn(
  { app, url, database }: TestApp,
  email: string,
  deviceId: string,
): Promise<Client> {
  const client = await signIn({ app, url, database } as TestApp, email);
  const { sid } = jwt.decode(client.token as string) as { sid: string };
  const db = await database.connect();
  await db.query('UPDATE sessions SET device_id = $1 WHERE id = $2', [deviceId, sid]);
  return client;
}

/** A till of the shop with a cashier at it. */
export async function givenDevice(
  test: TestApp,
  shop: TestShop,
  options: Parameters<typeof insertDevice>[2] = {},
): Promise<Device> {
  const id = await insertDevice(await test.database.connect(), shop.id, options);
  const till = await signInOn(test, shop.emails.cashier, id);
  return { id, name: options.name ?? 'Counter', till };
}

/** A sale as a till keeps it until it can send it. */
export const offlineSaleOf = (product: { id: string }, placedAt: Date | string, fields: object = {}) => ({
  id: randomUUID(),
  items: [{ id: randomUUID(), productId: product.id, quantity: 1 }],
  paymentMethod: 'cash',
  placedAt: new Date(placedAt).toISOString(),
  ...fields,
});

/** Sends a batch and gives back its answers, which have to be as many as the sales, in their order. */
export async function replay(till: Client, shop: TestShop, orders: object[]): Promise<ReplayedOrder[]> {
  const { status, body, text } = await till.post(`${shop.path}/orders/batch`, { orders });
  expect(status, text).to.equal(200);
  const answers = body.data as ReplayedOrder[];
  expect(answers.map(({ id }) => id)).to.deep.equal(
    orders.map((order) => (order as { id: string }).id.toLowerCase()),
  );
  return answers;
}

export const resultsOf = (answers: ReplayedOrder[]) => answers.map(({ result }) => result);

/** The order of an answer that has one. */
export function orderOf(answer: ReplayedOrder | undefined): Order {
  if (!answer || !('order' in answer)) throw new Error(`It has no order: ${JSON.stringify(answer)}`);
  return answer.order;
}

/** What is wrong with a sale: the code of the problem, and where the faults are. */
export function problemOf(answer: ReplayedOrder | undefined) {
  if (!answer || !('problem' in answer)) throw new Error(`It has no problem: ${JSON.stringify(answer)}`);
  const { type, errors = [] } = answer.problem as { type: string; errors?: { pointer: string }[] };
  return [type.replace('urn:smoocho:problem:', ''), ...errors.map(({ pointer }) => pointer)];
}

/** The one flag of an order. */
export function flagOf({ flags }: Order): OrderFlag {
  expect(flags).to.have.length(1);
  return flags[0] as OrderFlag;
}

/** Holds the books of a shop against each other; `except` names the checks that a suite makes untrue itself. */
export async function checkBooks({ app }: TestApp, shop: TestShop, except: string[] = []): Promise<void> {
  const { checks } = await verifyShop({ app, em: app.orm.em.fork() }, shop.id);
  const held = checks.filter(({ name }) => !except.includes(name));
  expect(held.flatMap(({ name, faults }) => faults.map((fault) => ({ name, ...fault })))).to.deep.equal([]);
}

/** Its flags but for the one that every order of a day before has. */
export const otherFlags = ({ flags }: Order) => flags.filter(({ code }) => code !== 'closed_day');
