import { expect } from 'chai';
import type pg from 'pg';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { listCustomers } from '../../src/core/customers/find-customers.ts';
import { withTypedPhone } from '../../src/core/customers/typed-phone.ts';
import { isSameSale } from '../../src/core/orders/sale-hash.ts';
import { requestHashOf } from '../../src/core/request-hash.ts';
import { migrateDown, migrationStatus, SchemaError } from '../../src/database/migrate.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const SHOP = id(2);
const HASH = requestHashOf({ id: id(900), customerPhone: '98765 00001' });
const FLAG = {
  code: 'customer_unclear',
  detail: '"98555 0001122 asha@mail.example" was typed as the phone number.',
};
const BOOK_FLAG = {
  code: 'customer_unclear',
  detail: 'It is on the book, but it does not say who owes it.',
};
const OTHER_FLAG = { code: 'stock_short', detail: 'More 1234567 was sold than there was.' };

/** A shop as the version before had it: 1,200 customers, a bill of one of them, one with a number that nobody can read, 601 without. */
const PLAIN = `
  INSERT INTO users (id, email, password_hash, name, role) VALUES ('${id(1)}', 'asha@example.com', 'x', 'Asha', 'owner');
  INSERT INTO shops (id, name, owner_id, code, currency, timezone)
    VALUES ('${SHOP}', 'Kulfi', '${id(1)}', 'KULF', 'INR', 'Asia/Kolkata');
  INSERT INTO customers (id, shop_id, phone, name, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad((10000 + n)::text, 12, '0'))::uuid, '${SHOP}',
      '+919876' || lpad(n::text, 6, '0'), 'Customer ' || n, now(), now() FROM generate_series(1, 1200) n;
  INSERT INTO orders (id, shop_id, order_number, items, subtotal, tax, total, cashier_id, status, business_date, tax_lines,
      request_hash, item_quantity, payment_status, customer_id, flags)
    SELECT o.id, '${SHOP}', 'KULF/2627/' || o.n, '[]', 105, 5, 105, '${id(1)}', 'completed', '2026-05-01', '[]', '${HASH}', 1,
      'completed', o.customer, o.flags::jsonb
    FROM (SELECT ('00000000-0000-7000-8000-' || lpad((1000 + n)::text, 12, '0'))::uuid, 3 + n, NULL::uuid, '[]'
        FROM generate_series(1, 600) n
      UNION ALL VALUES ('${id(900)}'::uuid, 1, '${id(10001)}'::uuid, '[]'),
      ('${id(901)}', 2, NULL, '${JSON.stringify([FLAG, BOOK_FLAG, OTHER_FLAG])}'),
      ('${id(902)}', 3, NULL, '[]')) AS o (id, n, customer, flags);
  INSERT INTO events (shop_id, seq, type, at, actor, data) VALUES ('${SHOP}', 1, 'order_created', now(), '{}',
    '${JSON.stringify({ id: id(901), flags: [FLAG, BOOK_FLAG, OTHER_FLAG] })}');`;

/** How many migrations are 0006_keys, which sealed them, and what came after it. */
async function countSinceKeys(url: string): Promise<number> {
  const { applied } = await migrationStatus(url);
  return applied.length - applied.indexOf('0006_keys');
}

describe('an upgrade of a shop that kept phone numbers as they are', () => {
  let home: string;
  let database: TestDatabase;
  let db: pg.Client;

  beforeEach(async () => {
    home = tempFolder();
    database = await testDatabase();
    await migrateDown(database.url, await countSinceKeys(database.url));
    db = await database.connect();
    await db.query(PLAIN);
  });
  afterEach(async () => {
    await database.drop();
    removeFolder(home);
  });

  const open = (migrate = true): Promise<App> =>
    createApp(loadConfig({ home }, { DATABASE_URL: database.url, LOG_LEVEL: 'silent' }), { migrate });
  const plainLeft = async () =>
    (await db.query('SELECT count(*)::int AS n FROM customers WHERE phone IS NOT NULL')).rows[0].n;

  async function expectAllSealed(app: App): Promise<void> {
    expect(await plainLeft()).to.equal(0);
    const em = app.orm.em.fork();
    for (const n of [1, 500, 501, 1200]) {
      const phone = `+919876${String(n).padStart(6, '0')}`;
      const { data } = await listCustomers({ app, em }, SHOP, { limit: 5, phone });
      expect(data.map((customer) => [customer.name, customer.phone])).to.deep.equal([
        [`Customer ${n}`, phone],
      ]);
    }
    const { rows: orders } = await db.query(
      'SELECT id, flags, request_hash, typed_phone_sealed FROM orders ORDER BY id',
    );
    // Whoever took the customer off a bill left the hash of the number there.
    for (const { id: order, request_hash: hash } of orders) {
      expect([hash.length, isSameSale(app.keys, hash, HASH)], order).to.deep.equal([43, true]);
    }
    const flagged = orders[1];
    const hidden = { ...FLAG, detail: '"••••• ••••••• ••••@••••.••••ple" was typed as the phone number.' };
    expect(flagged.flags).to.deep.equal([hidden, BOOK_FLAG, OTHER_FLAG]);
    expect(withTypedPhone(app.keys, flagged, flagged.typed_phone_sealed)).to.deep.equal([
      FLAG,
      BOOK_FLAG,
      OTHER_FLAG,
    ]);
    const { rows: events } = await db.query("SELECT data->'flags' AS flags FROM events");
    expect(events[0].flags).to.deep.equal([hidden, BOOK_FLAG, OTHER_FLAG]);
  }

  it('encrypts them, by the one of two processes or the other, and finds each customer again', async () => {
    const apps = await Promise.all([open(), open()]);
    await expectAllSealed(apps[0] as App);
    for (const app of apps) await app.close();
    const { rows } = await db.query('SELECT has_plain_phones FROM setup');
    expect(rows[0].has_plain_phones).to.equal(false);
  });

  it('goes on where it was cut off, with whatever opens the database next', async () => {
    await (await open()).close();
    // Cut off after the first steps: some are as they were, and it is not said to be done.
    await db.query(`
      UPDATE customers SET phone = '+91987600' || substr(name, 10), phone_sealed = NULL, phone_hash = NULL
      WHERE name >= 'Customer 1000' AND name <= 'Customer 1200' AND length(name) = 13`);
    await db.query('UPDATE setup SET has_plain_phones = true');
    expect(await plainLeft()).to.equal(201);
    const app = await open(false);
    await expectAllSealed(app);
    await app.close();
  });

  it('can not be taken back, and says so', async () => {
    await (await open()).close();
    const refusal = await migrateDown(database.url, await countSinceKeys(database.url)).then(
      () => null,
      (error: Error) => error,
    );
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'one-way' });
    expect(refusal?.message).to.match(/^The phone numbers of customers are encrypted, .* Restore a backup/);
    const { rows } = await db.query(
      'SELECT count(*)::int AS n FROM customers WHERE phone_sealed IS NOT NULL',
    );
    expect(rows[0].n).to.equal(1200);
  });
});
