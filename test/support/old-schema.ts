import { migrateTo } from '../../src/database/migrate.ts';
import { type TestDatabase, testDatabase } from './database.ts';

/** Ids of the rows in databases of older versions. */
export const idInOldSchema = (n: number) => `00000000-0000-7000-8000-00000000000${n}`;
const id = idInOldSchema;

/** A sold, a voided and a parked order of 105.00 with 5% GST, in the schema of 0001. */
export const billsOfTheFirstVersion = `
  INSERT INTO users (id, email, password_hash, name, role) VALUES ('${id(1)}', 'asha@example.com', 'x', 'Asha', 'owner');
  INSERT INTO shops (id, name, owner_id, code, currency, timezone)
    VALUES ('${id(2)}', 'Kulfi', '${id(1)}', 'KULF', 'INR', 'Asia/Kolkata');
  INSERT INTO products (id, shop_id, name, price) VALUES ('${id(3)}', '${id(2)}', 'Kulfi', 105);
  INSERT INTO inventory_items (id, shop_id, name, unit, cost, policy) VALUES ('${id(6)}', '${id(2)}', 'Milk', 'l', 40, 'warn');
  INSERT INTO recipes (id, shop_id, product_id, inventory_item_id, quantity)
    VALUES ('${id(8)}', '${id(2)}', '${id(3)}', '${id(6)}', 0.25);
  INSERT INTO orders (id, shop_id, order_number, items, subtotal, tax, total, cashier_id, status, business_date, tax_lines,
      void_reason, request_hash, item_quantity, payment_status)
    SELECT o.id, '${id(2)}', 'KULF/2627/' || o.n, '[{"taxPercent": "5"}]', 105, 5, 105, '${id(1)}', o.status, '2026-05-01',
      '[{"name": "CGST 2.5%"}, {"name": "SGST 2.5%"}]', o.reason, 'x', 1,
      CASE o.status WHEN 'open' THEN 'pending' ELSE 'completed' END
    FROM (VALUES ('${id(4)}'::uuid, 1, 'completed', NULL), ('${id(5)}', 2, 'voided', 'mistake'),
      ('${id(7)}', 3, 'open', NULL)) AS o (id, n, status, reason);
  INSERT INTO order_lines (id, shop_id, order_id, line_no, product_id, name, quantity, unit_price, subtotal, discount, tax,
      total, business_date, is_sold, first_of_product, first_of_variant, first_of_category)
    SELECT gen_random_uuid(), shop_id, id, 1, '${id(3)}', 'Kulfi', 1, 105, 105, 0, 5, 105, business_date,
      status = 'completed', true, true, true FROM orders;
  INSERT INTO payments (id, shop_id, order_id, method, amount, tendered, at)
    SELECT gen_random_uuid(), shop_id, id, 'cash', 105, 105, now() FROM orders WHERE status <> 'open'`;

const CLAIMED = `
  INSERT INTO shop_heads (shop_id, series) VALUES ('${id(2)}', '{"2627": 3}');
  UPDATE setup SET claimed_at = now()`;

/** A database at the first `count` migrations, with a shop that sold. */
export async function givenOldDatabase(count: number): Promise<TestDatabase> {
  const database = await testDatabase({ migrated: false });
  await migrateTo(database.url, 1);
  const db = await database.connect();
  await db.query(billsOfTheFirstVersion);
  await db.query(CLAIMED);
  await db.end();
  if (count > 1) await migrateTo(database.url, count - 1);
  return database;
}

/** Its figures, which no migration changes. */
export const OLD_FIGURES = { code: 'KULF', orders: 3, total: '315.00' };
