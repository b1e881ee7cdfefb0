import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';
import { givenProduct, givenShop } from '../support/factories.ts';
import { warmCommands } from '../support/warm-commands.ts';

describe('smoocho verify', () => {
  const smoocho = warmCommands();
  let test: TestApp;
  let shop: BusyShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenBusyShop(test, 'BUSY');
    await givenShop(test, 'IDLE');
    // Two articles under one barcode, as the version before let them be.
    const twin = await givenShop(test, 'CODE');
    for (const name of ['Chips', 'Crisps']) await givenProduct(twin, { name });
    const db = await test.database.connect();
    await db.query("UPDATE products SET barcode = '012345678905' WHERE shop_id = $1", [twin.id]);
    const shared = "INSERT INTO product_codes (shop_id, kind, code) VALUES ($1, 'barcode', '00012345678905')";
    await db.query(shared, [twin.id]);
  });
  after(() => test.close());

  const run = (...args: string[]) =>
    smoocho(['verify', ...args], { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url });

  it('finds nothing wrong with a shop that sold, gave back and brought its past along', async () => {
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(
      /^Shop BUSY \(BUSY\)\n {2}ok {5}Each bill has exactly the lines that it shows \(10 bills\)\n/,
    );
    expect(stdout.match(/Everything agrees\./g)).to.have.length(2);
    expect(stdout).to.not.include('WRONG');
    expect(stdout).to.match(
      /^ {2}WARN {3}Each SKU and each barcode belongs to one article: not so for 1 \(2 codes\)\n {11}Barcode 00012345678905: Two articles have it: Chips and Crisps\. Give each its own\.\n(.*\n)+?The books agree\. Look at the warnings\.$/m,
    );
    expect(stdout).to.match(
      /\(20 lent numbers\)\n {11}BUSY-A\/\d{4}: 1 to 20 lent to Counter 2, 1 used, 19 unused: 1–2, 4–20\n/,
    );
    const one = await run('--shop=busy', '--json');
    expect([one.code, one.json().isSound, one.json().shops.length]).to.deep.equal([0, true, 1]);
    const lent = one.json().shops[0].checks.find(({ name }: { name: string }) => name === 'lent-numbers');
    expect(lent.notes).to.have.length(1);
    expect((await run('--shop=NOPE')).code).to.equal(1);
  });

  it('says what is wrong, for a person and for a program, with exit code 4', async () => {
    const db = await test.database.connect();
    await db.query('UPDATE orders SET item_quantity = item_quantity + 1 WHERE shop_id = $1', [shop.id]);
    await db.query('UPDATE inventory_items SET quantity = 7 WHERE id = $1', [shop.milk.id]);
    const { code, stdout } = await run();
    expect(code).to.equal(4);
    expect(stdout).to.match(
      /^ {2}WRONG {2}Each bill comes to the sum of its lines: not so for 10 \(10 bills\)\n( {11}BUSY.*\n){5} {11}… and 5 more$/m,
    );
    expect(stdout).to.match(/^ {11}Milk: It has 7 litre, but its movements come to 90\.375\.$/m);
    expect(stdout).to.match(/Shop IDLE \(IDLE\)\n(.*\n)+Everything agrees\.\n$/);
    const report = (await run('--json')).json();
    expect(report.isSound).to.equal(false);
    const wrong = report.shops[0].checks.filter((check: { wrong: number }) => check.wrong > 0);
    expect(wrong.map((check: { name: string }) => check.name)).to.deep.equal([
      'bill-sums',
      'z-reports',
      'item-quantities',
      'sales-reports',
    ]);
    expect(wrong[2].faults).to.deep.equal([
      { subject: 'Milk', detail: 'It has 7 litre, but its movements come to 90.375.' },
    ]);
  });
});
