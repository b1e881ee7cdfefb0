import type { EntityManager } from '@mikro-orm/postgresql';
import { expect } from 'chai';
import type { Found } from '../../../src/core/verify/check.ts';
import { checks, verifyShop } from '../../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { sealAll } from '../../support/audit-parts.ts';
import { type BusyShop, givenBusyShop } from '../../support/busy-shop.ts';
import { closedBooks, isRight } from './closed-books.ts';
import type { Break } from './edits.ts';

describe("a shop's books", () => {
  let test: TestApp;
  let shop: BusyShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenBusyShop(test, 'BUSY');
    await sealAll(test);
  });
  after(() => test.close());

  it('agree when nothing was tampered with, and each check has something to look at', async () => {
    const begun: string[] = [];
    const em = test.app.orm.em.fork();
    const verified = await verifyShop({ app: test.app, em }, shop.id, ({ name }) => begun.push(name));
    expect(
      verified.checks.flatMap(({ name, faults }) => faults.map((fault) => ({ name, ...fault }))),
    ).to.deep.equal([]);
    expect(verified).to.include({ code: 'BUSY', isSound: true });
    expect(begun).to.deep.equal(checks.map(({ name }) => name));
    expect(verified.checks.filter(({ checked }) => checked === 0)).to.deep.equal([]);
  });

  it('are said with the numbers that were lent and not used', async () => {
    const { checks: found } = await verifyShop({ app: test.app, em: test.app.orm.em.fork() }, shop.id);
    const { notes = [] } = found.find(({ name }) => name === 'lent-numbers') ?? {};
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(/^BUSY-A\/\d{4}: 1 to 20 lent to Counter 2, 1 used, 19 unused: 1–2, 4–20$/);
  });

  /** What a check finds once `sql` has been at the shop ($1); all of it is undone after. */
  async function findAfter(name: string, sql: string, em: EntityManager): Promise<Found> {
    const check = checks.find((known) => known.name === name) as (typeof checks)[number];
    const undone = new Error('undone');
    let found: Found | undefined;
    await em
      .transactional(async (tx) => {
        const statements = sql.replaceAll('$1', `'${shop.id}'`).replace(/:(\w+)/g, (_, bill) => idOf(bill));
        await tx.execute(statements);
        found = await check.look({ app: test.app, em: tx, keptHead: null }, shop.id);
        throw undone;
      })
      .catch((error) => {
        if (error !== undone) throw error;
      });
    return found as Found;
  }
  const idOf = (bill: string) => `'${shop.bills[bill as keyof BusyShop['bills']]}'`;

  const line = (bill: string, set: string, lineNo = 1) =>
    `UPDATE order_lines SET ${set} WHERE order_id = :${bill} AND line_no = ${lineNo}`;
  const order = (bill: string, set: string) => `UPDATE orders SET ${set} WHERE id = :${bill}`;

  // Check → what is done to the books → what it says about it.
  const breaks: Break[] = [
    ...closedBooks,
    ['bill-lines', line('paid', "name = 'Coffee'"), 'differ in line 1.'],
    ['bill-lines', line('paid', 'quantity = quantity + 1', 3), 'differ in line 3.'],
    ['bill-lines', `DELETE FROM order_lines WHERE order_id = :paid AND line_no > 1`, 'differ in line 2, 3.'],
    ['bill-lines', order('paid', 'items = items - 0'), 'differ in line 1, 2, 3.'],
    ['bill-sums', line('paid', 'tax = tax + 1'), 'Tax: the bill says'],
    ['bill-sums', order('paid', 'subtotal = subtotal + 1'), 'Total by its parts: the bill says'],
    ['bill-sums', order('paid', 'rounding = rounding + 1'), 'Total before rounding: the bill says'],
    ['bill-sums', order('paid', 'service_charge = 0'), 'Service charge: the bill says 0.00'],
    ['bill-sums', order('parked', 'discount = 0'), 'Discount: the bill says 0.00, its lines 7.77'],
    ['bill-sums', order('paid', 'item_quantity = 1'), 'Items: the bill says 1.000, its lines 4.500'],
    ['bill-sums', order('paid', "tax_lines = '[]'"), 'Tax by rate: the bill says 0'],
    ['line-marks', line('paid', 'is_sold = false'), 'Line 1 does not count, but its bill is completed.'],
    ['line-marks', line('voided', 'is_sold = true', 2), 'Line 2 counts, but its bill is voided.'],
    ['line-marks', line('paid', "business_date = '2020-01-01'"), 'is of 2020-01-01, its bill of'],
    ['line-marks', line('paid', "tax_split = 'igst'"), 'has its tax split by igst, its bill by gst'],
    ['line-marks', line('paid', 'first_of_product = true', 3), 'Line 3 counts its bill in the wrong groups.'],
    ['number-series', order('paid', "order_number = 'BUSY/2015/000009'"), 'missing: 1'],
    ['number-series', order('paid', "order_number = 'A-17'"), 'It is no number of a series.'],
    [
      'number-series',
      order('paid', "order_number = overlay(order_number placing 'BUSX' from 1)"),
      'no number of a',
    ],
    [
      'number-series',
      "UPDATE refunds SET credit_note_number = regexp_replace(credit_note_number, '2$', '7') WHERE shop_id = $1",
      'missing: 2',
    ],
    [
      'number-series',
      'UPDATE shifts SET z_number = 2 WHERE shop_id = $1',
      '1 numbers up to 2, the counter stands at 1',
    ],
    [
      'number-series',
      'UPDATE shop_heads SET series = series || \'{"Z": 2}\' WHERE shop_id = $1',
      'missing: 2',
    ],
    [
      'number-series',
      "UPDATE shop_heads SET series = series - 'Z' WHERE shop_id = $1",
      'the counter stands at 0',
    ],
    [
      'lent-numbers',
      order('offline', "order_number = regexp_replace(order_number, '3$', '9') || '9'"),
      'Its number was never lent.',
    ],
    [
      'lent-numbers',
      order('offline', "order_number = replace(order_number, '/0', '/00')"),
      'Its number was never lent.',
    ],
    ['lent-numbers', order('offline', "order_number = 'A-17/1'"), 'Its number was never lent.'],
    [
      'lent-numbers',
      'UPDATE number_leases SET first_number = 12 WHERE shop_id = $1 AND first_number = 11',
      'A lease has 12 to 20, but the next number to lend was 11.',
    ],
    [
      'lent-numbers',
      'UPDATE number_leases SET last_number = 11 WHERE shop_id = $1 AND first_number = 1',
      'A lease has 11 to 20, but the next number to lend was 12.',
    ],
    [
      'whole-pieces',
      order('paid', `items = jsonb_set(items, '{0,soldBy}', '"piece"')`),
      'Line 1 is 2.5 of Tea, which is sold by the piece.',
    ],
    [
      'whole-amounts',
      "UPDATE shops SET currency = 'JPY' WHERE id = $1",
      'is no amount of JPY, which has no decimals.',
    ],
    [
      'whole-amounts',
      "UPDATE shops SET currency = 'IQD' WHERE id = $1",
      'It has three decimals, and amounts here have two',
    ],
    [
      'product-codes',
      "DELETE FROM product_codes WHERE shop_id = $1 AND kind = 'sku'",
      'A scan does not find Tea.',
    ],
    [
      'product-codes',
      "UPDATE product_codes SET product_id = NULL WHERE shop_id = $1 AND kind = 'barcode'",
      'A scan finds another article than Tea.',
    ],
    [
      'product-codes',
      "UPDATE products SET sku = NULL WHERE shop_id = $1 AND sku = 'TEA'",
      'No article has it, and a scan finds one.',
    ],
    [
      'shared-codes',
      "UPDATE products SET barcode = '04006381333931' WHERE shop_id = $1 AND name = 'Cake'",
      'Two articles have it',
    ],
    [
      'shared-codes',
      "UPDATE products SET sku = '8.90123E+12' WHERE shop_id = $1 AND name = 'Cake'",
      'as a spreadsheet shortens it. Give Cake its code.',
    ],
    ['payment-sums', 'UPDATE payments SET tip = tip + 1 WHERE order_id = :parked', 'was handed over by cash'],
    [
      'payment-sums',
      "UPDATE payments SET method = 'card' WHERE order_id = :parked",
      'Change of 45.00 was given on card',
    ],
    [
      'payment-sums',
      'UPDATE payments SET returned_at = NULL, returned_on = NULL WHERE order_id = :voided',
      'did not go back',
    ],
    [
      'payment-sums',
      'UPDATE payments SET returned_at = now(), returned_on = now() WHERE order_id = :paid',
      'went back, but it is not voided',
    ],
    ['bill-payments', 'UPDATE payments SET amount = amount + 1 WHERE order_id = :paid', 'was paid of'],
    ['bill-payments', 'DELETE FROM payments WHERE order_id = :paid', '0 was paid of'],
    ['bill-payments', order('parked', "payment_status = 'pending'"), 'but its payment is pending'],
    ['bill-payments', order('paid', "status = 'open'"), 'It is paid or on the book, but still open'],
    [
      'bill-payments',
      order('later', 'pay_later = false'),
      'It is completed, but neither paid nor on the book',
    ],
    ['bill-refunds', order('partly', 'refunded = refunded + 1'), 'It says that'],
    [
      'bill-refunds',
      'UPDATE payments SET amount = 1 WHERE order_id = :wholly',
      'was given back of 1.00 that was paid',
    ],
    ['bill-refunds', order('partly', "status = 'open'"), 'It is open, but something of it was given back'],
    ['bill-refunds', line('partly', 'returned = 1'), 'Of line 1 1 came back, but its refunds have 0.333'],
    ['bill-refunds', order('wholly', 'total = total + 1'), 'All of it came back, but of'],
    [
      'refund-sums',
      'UPDATE refund_lines SET total = total + 1 WHERE order_id = :partly',
      'its lines come to',
    ],
    [
      'payment-sums',
      "UPDATE payments SET kind = 'return', payment_id = id WHERE order_id = :paid",
      'of a payment that it does not have',
    ],
    ['refund-sums', 'UPDATE refunds SET tax = tax + 1 WHERE order_id = :partly', 'its lines come to'],
    [
      'cash-steps',
      'UPDATE payments SET amount = amount - 0.4, change = change + 0.4 WHERE order_id = :parked',
      'Of cash in multiples of 1.00, 100.00 were handed over: 49.60 for it, a tip of 5.00 and change of 45.40.',
    ],
    [
      'cash-steps',
      'UPDATE payments SET tip = tip + 0.05 WHERE order_id = :parked',
      'a tip of 5.05 and change of 45.00.',
    ],
    [
      'cash-steps',
      `UPDATE refund_payments SET amount = amount - 0.01
       WHERE refund_id IN (SELECT id FROM refunds WHERE order_id = :partly)`,
      'Of cash in multiples of 1.00,',
    ],
    [
      'refund-sums',
      `UPDATE refund_payments SET amount = amount - 1
       WHERE refund_id IN (SELECT id FROM refunds WHERE order_id = :partly)`,
      'It says that',
    ],
    [
      'refund-sums',
      "UPDATE refunds SET method = 'split' WHERE order_id = :partly",
      'went back by split, its payments are',
    ],
    [
      'bill-refunds',
      `UPDATE refund_payments SET tip = 500 WHERE refund_id IN (SELECT id FROM refunds WHERE order_id = :partly)`,
      'Tips of 500.00 were given back of',
    ],
    [
      'payment-sums',
      'UPDATE payments SET rounding = 1.00 WHERE order_id = :parked',
      'is rounding, which no step makes',
    ],
    ['bill-payments', 'UPDATE payments SET rounding = 0.40 WHERE order_id = :paid', 'was paid of'],
    [
      'item-quantities',
      'UPDATE inventory_items SET quantity = 7 WHERE shop_id = $1',
      'It has 7 litre, but its',
    ],
    ['item-quantities', 'DELETE FROM stock_movements WHERE order_id = :paid', 'but its movements come to'],
    [
      'order-stock',
      'DELETE FROM stock_movements WHERE order_id = :paid',
      'It moved 0 litre of Milk, but should have',
    ],
    [
      'order-stock',
      "DELETE FROM stock_movements WHERE order_id = :voided AND reason = 'void'",
      'should have moved 0.',
    ],
    [
      'order-stock',
      "UPDATE stock_movements SET quantity = quantity + 0.001 WHERE order_id = :wholly AND reason = 'refund'",
      'A refund of it moved',
    ],
    ['order-stock', line('edited', "recipe = '[]'"), 'It moved'],
    [
      'void-stock',
      `UPDATE voids SET restock = false, wasted = jsonb_build_array(jsonb_build_object('itemId', (
         SELECT id FROM inventory_items WHERE shop_id = $1), 'quantity', '0.250')) WHERE order_id = :voided`,
      '0.438 litre of Milk should have been wasted, but 0 were.',
    ],
    ['sales-reports', line('paid', 'is_sold = false'), 'itemsSold: it says'],
    ['sales-reports', line('paid', 'subtotal = subtotal + 1'), 'gross: it says'],
    ['order-events', order('paid', 'total = total + 1'), 'The feed says total'],
    ['order-events', order('paid', "status = 'ready'"), 'The feed says status completed, but it is ready'],
    ['order-events', order('paid', 'version = 9'), 'The feed says version 1, but it is 9'],
    ['order-events', 'UPDATE payments SET amount = 1 WHERE order_id = :paid', 'but it is 1.00'],
    [
      'order-events',
      "DELETE FROM events WHERE shop_id = $1 AND type = 'order_created' AND data->>'id' = :paid",
      'The feed told 0 times that it was made.',
    ],
    [
      'order-events',
      `INSERT INTO events SELECT shop_id, seq + 1000, type, at, actor, device_id, data FROM events
       WHERE shop_id = $1 AND type = 'order_created' AND data->>'id' = :paid`,
      'The feed told 2 times that it was made.',
    ],
    [
      'order-events',
      `UPDATE events SET data = data || '{"id": "00000000-0000-4000-8000-000000000000"}'
       WHERE shop_id = $1 AND type = 'order_created' AND data->>'id' = :paid`,
      'there is no such bill',
    ],
    [
      'customer-contacts',
      "UPDATE customers SET phone_sealed = phone_sealed || '\\x00' WHERE shop_id = $1",
      'The phone number was changed in the database.',
    ],
    [
      'customer-contacts',
      "UPDATE customers SET phone_hash = phone_hash || '\\x00' WHERE shop_id = $1",
      'Another phone number than its own finds this customer.',
    ],
    [
      'customer-contacts',
      'UPDATE customers SET email_sealed = phone_sealed WHERE shop_id = $1',
      'The e-mail address was changed in the database.',
    ],
    [
      'customer-contacts',
      "UPDATE customers SET address_sealed = '\\x00' WHERE shop_id = $1",
      'The address was changed in the database.',
    ],
    [
      'kept-responses',
      `UPDATE idempotency_keys SET body = '{"id": "0190a0a0-0000-7000-8000-000000000001"}' WHERE scope_id = $1`,
      'It answers to createProduct with 0190a0a0-0000-7000-8000-000000000001, which is not there.',
    ],
    ['feed-sequence', 'DELETE FROM events WHERE shop_id = $1 AND seq = 3', 'the counter stands at'],
    ['feed-sequence', 'DELETE FROM events WHERE shop_id = $1 AND seq = 1', 'from 2 to'],
    ['feed-sequence', 'UPDATE shop_heads SET seq = seq + 1 WHERE shop_id = $1', 'the counter stands at'],
    [
      'audit-chain',
      'UPDATE events SET before = NULL WHERE shop_id = $1 AND before IS NOT NULL',
      'It was changed after seal',
    ],
    ['audit-chain', 'DELETE FROM events WHERE shop_id = $1 AND seq = 3', 'It is gone. It was closed by seal'],
  ];

  for (const [name, sql, says] of breaks) {
    it(`${name} finds ${sql.replace(/\s+/g, ' ').slice(0, 70)}`, async () => {
      const { wrong, faults } = await findAfter(name, sql, test.app.orm.em.fork());
      expect(wrong).to.be.at.least(1);
      expect(faults.map(({ detail }) => detail).join('\n')).to.include(says);
    });
  }

  for (const [name, sql, why] of isRight) {
    it(`${name} says nothing of ${why}`, async () => {
      expect((await findAfter(name, sql, test.app.orm.em.fork())).faults).to.deep.equal([]);
    });
  }

  it('has no check that is not seen to fail here', () => {
    expect(new Set(breaks.map(([name]) => name))).to.deep.equal(new Set(checks.map(({ name }) => name)));
  });

  it('cash of which no step is known is not blamed for one', async () => {
    const old = `
      UPDATE payments SET cash_step = NULL, amount = amount - 0.4, change = change + 0.4 WHERE order_id = :parked;
      UPDATE shops SET settings = jsonb_set(settings, '{rounding,to}', '"10.00"') WHERE id = $1`;
    expect((await findAfter('cash-steps', old, test.app.orm.em.fork())).faults).to.deep.equal([]);
  });

  it("bills of the first version are not blamed for recipes that their lines didn't keep", async () => {
    const old = `
      UPDATE order_lines SET recipe = '[]' WHERE shop_id = $1;
      UPDATE events SET data = data - 'rounding' WHERE shop_id = $1;
      DELETE FROM stock_movements WHERE refund_id IS NOT NULL`;
    expect((await findAfter('order-stock', old, test.app.orm.em.fork())).faults).to.deep.equal([]);
    const { faults } = await findAfter(
      'order-stock',
      `${old}; DELETE FROM stock_movements WHERE order_id = :voided AND reason = 'void'`,
      test.app.orm.em.fork(),
    );
    expect(faults.map(({ detail }) => detail)).to.deep.equal([
      'It moved -0.438 litre of Milk, but should have moved 0.',
    ]);
  });
});
