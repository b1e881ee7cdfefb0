import { expect } from 'chai';
import { createApp, migrationStatus } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { businessDateAt } from '../../src/core/shops/business-day.ts';
import { DatabaseRefusedError, DatabaseUnreachableError } from '../../src/database/errors.ts';
import { migrateDown, migrateUp, SchemaError } from '../../src/database/migrate.ts';
import { testDatabase } from '../support/database.ts';
import { billsOfTheFirstVersion, idInOldSchema as id } from '../support/old-schema.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('migrations', () => {
  const names = [
    '0001_core',
    '0002_billing',
    '0003_devices_and_feed',
    '0004_identity',
    '0005_audit',
    '0006_keys',
    '0007_contacts_and_newest_sessions',
    '0008_images',
    '0009_epochs',
    '0010_attention',
    '0011_goods',
    '0012_order_rules',
    '0013_idempotency',
    '0014_cash_rounding',
    '0015_money_back',
    '0016_kept_responses',
    '0017_movement_values',
  ];

  it('go up once, also when two start at once, and all the way down again', async () => {
    const database = await testDatabase({ migrated: false });
    const sound = { unknown: [], isHalfRestored: false, isStandby: false };
    expect(await migrationStatus(database.url)).to.deep.equal({ applied: [], pending: names, ...sound });
    const applied = await Promise.all([migrateUp(database.url), migrateUp(database.url)]);
    expect(applied.flat()).to.deep.equal(names);
    expect(await migrateUp(database.url)).to.deep.equal([]);
    expect(await migrationStatus(database.url)).to.deep.equal({ applied: names, pending: [], ...sound });
    expect(await migrateDown(database.url, names.length)).to.deep.equal([...names].reverse());
    const client = await database.connect();
    const { rows } = await client.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
    );
    expect(rows).to.deep.equal([{ relname: 'pgmigrations' }]);
    expect(await migrateUp(database.url)).to.deep.equal(names);
    await database.drop();
  });

  it('go back one by one and up again', async () => {
    const database = await testDatabase();
    for (let count = 1; count <= names.length; count += 1) {
      await migrateDown(database.url, count);
      expect(await migrateUp(database.url)).to.deep.equal(names.slice(-count));
    }
    await database.drop();
  });

  it('keep the bills of the version before: their tax, their payments, what was voided, what a parked one took, what was weighed', async () => {
    const database = await testDatabase();
    await migrateDown(database.url, names.length - 1);
    const client = await database.connect();
    await client.query(billsOfTheFirstVersion);
    await client.query(`UPDATE order_lines SET quantity = 0.5 WHERE order_id = '${id(5)}'`);
    await client.query(
      `INSERT INTO products (id, shop_id, name, price) VALUES ('${id(9)}', '${id(2)}', 'Soap', 30)`,
    );
    const remarks: string[] = [];
    await migrateUp(database.url, (line) => remarks.push(line));
    expect(remarks).to.deep.equal([
      'Kulfi: what was sold in fractions is sold by weight (kg) now, all else by the piece: Kulfi. Check these products.',
    ]);
    const { rows: products } = await client.query('SELECT name, sold_by, unit FROM products ORDER BY name');
    expect(products).to.deep.equal([
      { name: 'Kulfi', sold_by: 'weight', unit: 'kg' },
      { name: 'Soap', sold_by: 'piece', unit: 'pc' },
    ]);
    const { rows: lines } = await client.query(
      'SELECT tax_percent::text, tax_split, cost, recipe FROM order_lines ORDER BY order_id',
    );
    const taxed = { tax_percent: '5.000', tax_split: 'gst', cost: null, recipe: [] };
    const recipe = [{ itemId: id(6), quantity: '0.250', cost: '40.00' }];
    expect(lines).to.deep.equal([taxed, taxed, { ...taxed, recipe }]);
    const { rows: payments } = await client.query(
      `SELECT business_date::text, cashier_id IS NOT NULL AS known, returned_on::text FROM payments ORDER BY order_id`,
    );
    expect(payments).to.deep.equal([
      { business_date: '2026-05-01', known: true, returned_on: null },
      { business_date: '2026-05-01', known: true, returned_on: '2026-05-01' },
    ]);
    const { rows: voids } = await client.query('SELECT amount::text, reason, line_id FROM voids');
    expect(voids).to.deep.equal([{ amount: '105.00', reason: 'mistake', line_id: null }]);
    await database.drop();
  });

  it('give each shop of the version before its first epoch, and its leases the label of their year', async () => {
    const database = await testDatabase();
    await migrateDown(database.url, names.length - names.indexOf('0009_epochs'));
    const client = await database.connect();
    await client.query(shopWithLease);
    await migrateUp(database.url);
    const { rows } = await client.query(
      `SELECT e.number, e.reason, e.series, e.began_at = s.created_at AS is_old, h.epoch = e.epoch AS is_current, l.label
       FROM shop_epochs e JOIN shops s ON s.id = e.shop_id JOIN shop_heads h ON h.shop_id = s.id
       JOIN number_leases l ON l.shop_id = s.id`,
    );
    const first = { number: 1, reason: 'opened', series: {}, is_old: true, is_current: true, label: '2627' };
    expect(rows).to.deep.equal([first]);
    await migrateDown(database.url, names.length - names.indexOf('0009_epochs'));
    expect(await migrateUp(database.url)).to.include('0009_epochs');
    await database.drop();
  });

  it('give each code to the one article that has it, and none to two', async () => {
    const database = await testDatabase();
    const sinceGoods = names.length - names.indexOf('0011_goods');
    await migrateDown(database.url, sinceGoods);
    const client = await database.connect();
    await client.query(
      `INSERT INTO shops (id, name, code, currency, timezone) VALUES ('${id(2)}', 'Kirana', 'KIRA', 'INR', 'Asia/Kolkata')`,
    );
    await client.query(`
      INSERT INTO products (id, shop_id, name, price, sku, barcode, deleted_at) VALUES
        ('${id(5)}', '${id(2)}', 'Chips', 1, 'A', '012345678905', NULL),
        ('${id(6)}', '${id(2)}', 'Crisps', 1, 'B', '0012345678905', NULL),
        ('${id(7)}', '${id(2)}', 'Gone', 1, 'C', '8901234567894', now());
      INSERT INTO product_variants (id, shop_id, product_id, name, price, sku, barcode) VALUES
        ('${id(8)}', '${id(2)}', '${id(5)}', 'S', 1, 'B', '8901234567894')`);
    await migrateUp(database.url);
    const { rows } = await client.query(
      'SELECT kind, code, product_id, variant_id FROM product_codes ORDER BY kind, code',
    );
    const [chips, shared] = [{ product_id: id(5) }, { product_id: null, variant_id: null }];
    expect(rows).to.deep.equal([
      { kind: 'barcode', code: '00012345678905', ...shared },
      { kind: 'barcode', code: '08901234567894', ...chips, variant_id: id(8) },
      { kind: 'sku', code: 'A', ...chips, variant_id: null },
      { kind: 'sku', code: 'B', ...shared },
    ]);
    await migrateDown(database.url, sinceGoods);
    await database.drop();
  });

  it('give what moved stock the cost of now, and the business date that a sale of then has', async () => {
    const database = await testDatabase();
    const sinceValues = names.length - names.indexOf('0017_movement_values');
    await migrateDown(database.url, sinceValues);
    const client = await database.connect();
    for (const [n, [timezone, dayStart, date, begins]] of daysThatBegin.entries()) {
      const values = [
        `0${n}`.replaceAll(/\d/g, (digit) => 'ABCDEFGHIJ'[Number(digit)] as string),
        timezone,
        dayStart,
      ];
      const { rows: shops } = await client.query(
        `INSERT INTO shops (name, code, currency, timezone, day_start) VALUES ($2, 'SH' || $1, 'EUR', $2, $3) RETURNING id`,
        values,
      );
      await client.query(
        `WITH item AS (
          INSERT INTO inventory_items (id, shop_id, name, unit, cost, policy)
          VALUES (gen_random_uuid(), $1, 'Milk', 'l', 1.05, 'warn') RETURNING id)
        INSERT INTO stock_movements (id, shop_id, item_id, quantity, reason, note, actor, at)
        SELECT gen_random_uuid(), $1, id, -0.125, 'waste', $2, '{}', $3::timestamptz + ms * interval '1 ms'
        FROM item, unnest('{-1, 0, 3600000}'::int[]) ms`,
        [shops[0].id, date, begins],
      );
    }
    await migrateUp(database.url);
    const { rows } = await client.query(
      `SELECT m.at, m.value, m.note, m.business_date::text AS date, timezone, day_start AS "dayStart"
       FROM stock_movements m JOIN shops s ON s.id = m.shop_id`,
    );
    expect(rows).to.have.length(3 * daysThatBegin.length);
    for (const { at, value, note, date, ...shop } of rows) {
      expect([date, value], `${at.toISOString()} in ${shop.timezone}`).to.deep.equal([
        businessDateAt(at, shop),
        '-0.13125',
      ]);
    }
    for (const [timezone, , date] of daysThatBegin)
      expect(
        rows.filter((row) => row.timezone === timezone && row.date === date && row.note === date),
      ).to.have.length(2);
    await migrateDown(database.url, sinceValues);
    await database.drop();
  });

  it('do not forget that a shop was restored, and say what to do', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    await migrateDown(database.url, names.length - names.indexOf('0009_epochs'));
    await client.query(shopWithLease);
    await migrateUp(database.url);
    await client.query(
      `INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason)
       SELECT id, gen_random_uuid(), 2, now(), 'restored' FROM shops`,
    );
    const refusal = await migrateDown(database.url, names.length - names.indexOf('0009_epochs')).then(
      () => null,
      (error: Error) => error,
    );
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'one-way' });
    expect(refusal?.message).to.equal(
      'A shop was restored from a backup, and the version before can not account for the bill numbers since. Restore a backup that it made instead.',
    );
    expect((await migrationStatus(database.url)).applied).to.deep.equal(names);
    await database.drop();
  });

  it('do not take the keys away that the audit is sealed with, and say what to do', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    await client.query(`
      INSERT INTO audit_seals (chain_id, seal_no, event_seq, log_seq, is_all, records, hash, key_id, signature, sealed_at)
      SELECT id, 1, 0, 0, true, '', '', 'x', '', now() FROM audit_chains`);
    const seals = async () => (await client.query('SELECT seal_no::int FROM audit_seals')).rows;
    const sinceKeys = names.length - names.indexOf('0006_keys');
    const refusal = await migrateDown(database.url, sinceKeys).then(
      () => null,
      (error: Error) => error,
    );
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'one-way' });
    expect(refusal?.message).to.equal(
      'The records of who did what are sealed with keys that the version before does not have. Restore a backup that it made instead.',
    );
    expect([await seals(), (await migrationStatus(database.url)).applied]).to.deep.equal([
      [{ seal_no: 1 }],
      names,
    ]);
    await client.query('DELETE FROM audit_seals');
    expect(await migrateDown(database.url, sinceKeys)).to.have.length(sinceKeys);
    await database.drop();
  });

  const MONEY_BACK =
    'Refunds went back by several methods or with tips, or payments keep a rounding of their own, which the version before does not know.';
  // Migration → what only it can account for → what the refusal says of it.
  const oneWay: [name: string, sql: string, says: string][] = [
    [
      '0012_order_rules',
      `INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, business_date, kind, payment_id)
       VALUES ('${id(6)}', '${id(2)}', '${id(5)}', 'cash', 1, 1, now(), '2026-05-01', 'return', '${id(5)}')`,
      'Payments were given back, or goods on the book came back, which the version before can not tell from payments.',
    ],
    [
      '0012_order_rules',
      `INSERT INTO refunds (id, shop_id, order_id, credit_note_number, business_date, subtotal, total, method, reason,
         request_hash, created_at, paid_out)
       VALUES ('${id(6)}', '${id(2)}', '${id(5)}', 'CN', '2026-05-01', 2, 2, 'cash', 'cold', '', now(), 1)`,
      'Payments were given back, or goods on the book came back, which the version before can not tell from payments.',
    ],
    [
      '0015_money_back',
      `INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, business_date, rounding)
       VALUES ('${id(6)}', '${id(2)}', '${id(5)}', 'cash', 25, 25, now(), '2026-05-02', 0.02)`,
      MONEY_BACK,
    ],
    [
      '0015_money_back',
      `INSERT INTO refunds (id, shop_id, order_id, credit_note_number, business_date, subtotal, total, method, reason,
         request_hash, created_at, paid_out)
       VALUES ('${id(6)}', '${id(2)}', '${id(5)}', 'CN', '2026-05-01', 2, 2, 'split', 'cold', '', now(), 2)`,
      MONEY_BACK,
    ],
    [
      '0015_money_back',
      `INSERT INTO refunds (id, shop_id, order_id, credit_note_number, business_date, subtotal, total, method, reason,
         request_hash, created_at, paid_out)
       VALUES ('${id(6)}', '${id(2)}', '${id(5)}', 'CN', '2026-05-01', 2, 2, 'card', 'cold', '', now(), 2);
       INSERT INTO refund_payments (shop_id, refund_id, method, amount, tip) VALUES ('${id(2)}', '${id(6)}', 'card', 2, 1)`,
      MONEY_BACK,
    ],
    [
      '0014_cash_rounding',
      `UPDATE orders SET refunded = total + 0.02`,
      'What a card paid was refunded in cash, in coins that came to more than the order, which the version before can not account for.',
    ],
  ];

  it('do not forget what only they can account for, and say what to do', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    await client.query(`
      INSERT INTO shops (id, name, code, currency, timezone) VALUES ('${id(2)}', 'Kulfi', 'KULF', 'EUR', 'Europe/Paris');
      INSERT INTO orders (id, shop_id, order_number, items, subtotal, total, status, business_date, request_hash, item_quantity)
        VALUES ('${id(5)}', '${id(2)}', 'KULF/26/000001', '[]', 24.98, 24.98, 'completed', '2026-05-01', '', 1)`);
    for (const [name, sql, says] of oneWay) {
      await client.query(sql);
      const count = names.length - names.indexOf(name);
      const refusal = await migrateDown(database.url, count).then(
        () => null,
        (error: Error) => error,
      );
      expect(refusal, sql).to.be.instanceOf(SchemaError).and.include({ kind: 'one-way' });
      expect(refusal?.message).to.equal(`${says} Restore a backup that it made instead.`);
      expect((await migrationStatus(database.url)).applied).to.deep.equal(names);
      await client.query(
        'DELETE FROM payments; DELETE FROM refund_payments; DELETE FROM refunds; UPDATE orders SET refunded = total',
      );
    }
    // How a payment was booked before it was corrected keeps nobody from going back.
    await client.query(`
      INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at, business_date, booked_as)
      VALUES ('${id(6)}', '${id(2)}', '${id(5)}', 'card', 24.98, 24.98, now(), '2026-05-01', '{"method": "cash"}')`);
    expect(await migrateDown(database.url, names.length - names.indexOf('0012_order_rules'))).to.include(
      '0012_order_rules',
    );
    await database.drop();
  });

  const refusalOf = async (url: string) => {
    const home = tempFolder();
    const config = loadConfig({ home }, { DATABASE_URL: url, LOG_LEVEL: 'silent' });
    const refusal = await createApp(config).then(
      (app) => app.close(),
      (error) => error,
    );
    removeFolder(home);
    return refusal;
  };

  it('of a newer program make this one refuse the database, and say so', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    await client.query("INSERT INTO pgmigrations (name, run_on) VALUES ('9999_future', now())");
    const refusal = await refusalOf(database.url);
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'newer' });
    expect(refusal.message).to.include('9999_future').and.include('newer');
    await database.drop();
  });

  it('that are missing are named with what to do', async () => {
    const database = await testDatabase({ migrated: false });
    const refusal = await refusalOf(database.url);
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'empty' });
    await database.drop();
  });

  it('are not run on a database that may lose sales', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    const { rows } = await client.query('SELECT current_database() AS name');
    await client.query(`ALTER DATABASE ${rows[0].name} SET synchronous_commit = off`);
    const refusal = await refusalOf(database.url);
    expect(refusal).to.be.instanceOf(DatabaseRefusedError);
    expect(refusal.message).to.include('synchronous_commit');
    await database.drop();
  });

  it('need a database that answers', async () => {
    const refusal = await refusalOf('postgres://nobody:secret@127.0.0.1:1/nothing');
    expect(refusal).to.be.instanceOf(DatabaseUnreachableError);
    expect(refusal.message).to.include('127.0.0.1:1').and.not.include('secret');
  });
});

/** Days on which clocks change, one on which they don't, and when they begin. */
const daysThatBegin: [timezone: string, dayStart: string, date: string, begins: string][] = [
  ['Asia/Kolkata', '04:00', '2026-05-04', '2026-05-03T22:30:00.000Z'],
  // 02:30 is leapt over: the day begins with the leap.
  ['America/New_York', '02:30', '2026-03-08', '2026-03-08T07:00:00.000Z'],
  // 01:30 is shown twice: the day begins with the first.
  ['America/Chicago', '01:30', '2026-11-01', '2026-11-01T06:30:00.000Z'],
  ['America/Havana', '00:00', '2026-11-01', '2026-11-01T04:00:00.000Z'],
  ['Atlantic/Azores', '00:30', '2026-10-25', '2026-10-25T00:30:00.000Z'],
  // There is no midnight.
  ['Africa/Cairo', '00:00', '2026-04-24', '2026-04-23T22:00:00.000Z'],
  // Half an hour back.
  ['Australia/Lord_Howe', '01:45', '2026-04-05', '2026-04-04T14:45:00.000Z'],
];

/** As the schema of before 0009 has them. */
const shopWithLease = `
  INSERT INTO users (id, email, password_hash, name, role) VALUES ('${id(1)}', 'asha@example.com', 'x', 'Asha', 'owner');
  INSERT INTO shops (id, name, owner_id, code, currency, timezone)
    VALUES ('${id(2)}', 'Kulfi', '${id(1)}', 'KULF', 'INR', 'Asia/Kolkata');
  INSERT INTO shop_heads (shop_id, series) VALUES ('${id(2)}', '{"2627": 7}');
  INSERT INTO devices (id, shop_id, name, token_hash, series, paired_at, last_seen_at)
    VALUES ('${id(3)}', '${id(2)}', 'Counter', 'x', 'A', now(), now());
  INSERT INTO number_leases (id, shop_id, device_id, series, fiscal_year, first_number, last_number, leased_at)
    VALUES ('${id(4)}', '${id(2)}', '${id(3)}', 'A', '2627', 1, 10, now())`;
