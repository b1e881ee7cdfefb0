import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { retrying } from '../../src/core/retrying.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('what PostgreSQL undoes because of others at work', () => {
  let test: TestApp;
  let shop: TestShop;
  let db: pg.Client;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'LOCK');
    db = await test.database.connect();
  });
  after(() => test.close());

  it('is a deadlock that the till sees only as time', async () => {
    const items = [await givenItem(shop, { quantity: 10 }), await givenItem(shop, { quantity: 10 })];
    const [first, second] = items.map(({ id }) => id).sort();
    const cake = await givenProduct(shop, {
      recipe: items.map(({ id }) => ({ inventoryItemId: id, quantity: 1 })),
    });
    // It never looks for deadlocks itself, so that the sale is the one that PostgreSQL ends.
    await db.query("SET deadlock_timeout = '60s'");
    await db.query('BEGIN');
    await db.query('UPDATE inventory_items SET cost = 1 WHERE id = $1', [second]);
    const before = await deadlocks();
    const sale = shop.cashier.post(`${shop.path}/orders`, saleOf(cake));
    await sleep(300);
    await db.query('UPDATE inventory_items SET cost = 1 WHERE id = $1', [first]);
    await db.query('COMMIT');
    const { status, text } = await sale;
    expect(status, text).to.equal(201);
    expect((await deadlocks()) - before, 'deadlocks that happened').to.be.at.least(1);
    const { body } = await shop.cashier.get(`${shop.path}/inventory`);
    expect(body.data.map((item: { quantity: number }) => item.quantity)).to.deep.equal([9, 9]);
  });

  async function deadlocks(): Promise<number> {
    await db.query('SELECT pg_stat_force_next_flush()').catch(() => {});
    await db.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await db.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    return rows[0].deadlocks;
  }

  /** Fails the next statements on a table as PostgreSQL does when it can't put transactions in an order. */
  async function failNext(table: string, times: number): Promise<void> {
    const name = `fail_${randomUUID().replaceAll('-', '')}`;
    await db.query(`
      CREATE SEQUENCE ${name};
      CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('${name}') <= ${times} THEN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER ${name} AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`);
  }

  it('is a serialization failure, in a sale and in a transaction of several statements', async () => {
    const cake = await givenProduct(shop);
    await failNext('order_lines', 2);
    const { status, body } = await shop.cashier.post(`${shop.path}/orders`, saleOf(cake));
    expect(status).to.equal(201);
    await failNext('refunds', 2);
    const refund = await shop.manager.post(`${shop.path}/orders/${body.id}/refunds`, {
      id: randomUUID(),
      reason: 'x',
    });
    expect([refund.status, refund.body.refunds.length, refund.body.refunded]).to.deep.equal([
      201,
      1,
      '100.00',
    ]);
    expect(refund.body.refunds[0].creditNoteNumber).to.match(/00001$/);
  });

  it('is tried five times and no more', async () => {
    let tries = 0;
    const failing = () => {
      tries += 1;
      return Promise.reject(Object.assign(new Error('x'), { code: '40P01' }));
    };
    const failure = await retrying(failing, () => 0).catch((error) => error.code);
    expect([failure, tries]).to.deep.equal(['40P01', 5]);
    tries = 0;
    const other = await retrying(() => {
      tries += 1;
      return Promise.reject(Object.assign(new Error('x'), { code: '23505' }));
    }).catch((error) => error.code);
    expect([other, tries]).to.deep.equal(['23505', 1]);
  });
});
