import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { type CodedProduct, moveCodes } from '../../../src/core/catalog/product-codes.ts';
import { LIVE_CODES } from '../../../src/core/catalog/sql/product-codes.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { until } from '../../support/feed-ear.ts';

describe('codes of articles that change', () => {
  const shopId = randomUUID();
  let database: TestDatabase;
  let one: pg.Client;
  let two: pg.Client;
  let beside: pg.Client;

  before(async () => {
    database = await testDatabase();
    [one, two, beside] = await Promise.all([database.connect(), database.connect(), database.connect()]);
    await one.query(
      "INSERT INTO shops (id, name, code, currency, timezone) VALUES ($1, 'Kirana', 'KIRA', 'INR', 'Asia/Kolkata')",
      [shopId],
    );
  });
  after(() => database.drop());

  const productOf = (barcode: string | null, fields: Partial<CodedProduct> = {}): CodedProduct => ({
    id: randomUUID(),
    sku: null,
    barcode,
    variants: [],
    ...fields,
  });
  const variantOf = (barcode: string | null) => ({ id: randomUUID(), sku: null, barcode });
  const runOn =
    (client: pg.Client) =>
    async <Row>(sql: string, parameters: unknown[]) =>
      (await client.query(sql, parameters)).rows as Row[];

  /** Writes articles as they are, without their codes. */
  async function write(client: pg.Client, { id, barcode, variants }: CodedProduct): Promise<void> {
    await client.query(
      `INSERT INTO products (id, shop_id, name, price, barcode) VALUES ($1, $2, 'Tea', 1, $3)
       ON CONFLICT (id) DO UPDATE SET barcode = excluded.barcode`,
      [id, shopId, barcode],
    );
    for (const variant of variants)
      await client.query(
        `INSERT INTO product_variants (id, shop_id, product_id, name, price, barcode) VALUES ($1, $2, $3, $5, 1, $4)
         ON CONFLICT (id) DO UPDATE SET barcode = excluded.barcode`,
        [variant.id, shopId, id, variant.barcode, variant.id],
      );
  }
  /** As versions before unique codes left them: all of them have the code, and the table says so of none. */
  async function givenSharing(code: string, ...products: CodedProduct[]): Promise<void> {
    for (const product of products) await write(one, product);
    await one.query("INSERT INTO product_codes (shop_id, kind, code) VALUES ($1, 'barcode', $2)", [
      shopId,
      code,
    ]);
  }
  /** Which articles the table of codes has, and which the menu has. */
  const ownersOf = async (code: string) => {
    const { rows: known } = await beside.query(
      'SELECT product_id, variant_id FROM product_codes WHERE shop_id = $1 AND code = $2',
      [shopId, code],
    );
    const { rows: live } = await beside.query(
      `SELECT product_id, variant_id FROM (${LIVE_CODES}) l WHERE code = $2`,
      [shopId, code],
    );
    return { known, live };
  };
  const isWaiting = async () => (await beside.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === 1;

  for (const count of [2, 3]) {
    it(`leave a code that ${count} shared to nobody who dropped it at the same time`, async () => {
      const code = `1234567890123${count}`;
      const products = Array.from({ length: count }, () => productOf(code));
      await givenSharing(code, ...products);
      const clients = [one, two];
      const dropping = clients.map(async (client, index) => {
        const product = products[index] as CodedProduct;
        await client.query('BEGIN');
        await write(client, { ...product, barcode: null });
        return () => moveCodes(runOn(client), shopId, [product], [{ ...product, barcode: null }]);
      });
      const [first, second] = await Promise.all(dropping);
      await first?.();
      const waiting = second?.();
      await until(isWaiting);
      await one.query('COMMIT');
      await waiting;
      await two.query('COMMIT');
      const { known, live } = await ownersOf(code);
      expect(live).to.have.length(count - 2);
      expect(known).to.deep.equal(live);
    });
  }

  it('go to the one size that takes what two sizes of its product shared', async () => {
    const code = '40063813339311';
    const [small, large] = [variantOf(code), variantOf(code)];
    const before = productOf(null, { variants: [small, large] });
    await givenSharing(code, before);
    const family = variantOf(code);
    const after = {
      ...before,
      variants: [{ ...small, barcode: null }, { ...large, barcode: null }, family],
    };
    await write(one, after);
    const clashes = await moveCodes(runOn(one), shopId, [before], [after]);
    expect(clashes).to.deep.equal([]);
    const { known, live } = await ownersOf(code);
    expect(known).to.deep.equal([{ product_id: before.id, variant_id: family.id }]);
    expect(live).to.deep.equal(known);
  });

  it('go to the one other article when two sizes of a product give up what all three shared', async () => {
    const code = '40063813339328';
    const [small, large] = [variantOf(code), variantOf(code)];
    const before = productOf(null, { variants: [small, large] });
    const other = productOf(code);
    await givenSharing(code, before, other);
    const after = { ...before, variants: [small, large].map((each) => ({ ...each, barcode: null })) };
    await write(one, after);
    await moveCodes(runOn(one), shopId, [before], [after]);
    const { known } = await ownersOf(code);
    expect(known).to.deep.equal([{ product_id: other.id, variant_id: null }]);
  });

  it('of one change go to the first that has them, in time that grows with their number', async () => {
    const MANY = 15_000;
    const products = Array.from({ length: MANY }, (_, n) => productOf(null, { sku: `S-${n}` }));
    const twin = productOf(null, { sku: 'S-7' });
    await one.query("BEGIN; SET LOCAL session_replication_role = 'replica'");
    const start = process.cpuUsage();
    const clashes = await moveCodes(runOn(one), shopId, [], [...products, twin]);
    const { user } = process.cpuUsage(start);
    await one.query('ROLLBACK');
    expect(clashes.map(({ row }) => row.productId)).to.deep.equal([twin.id]);
    // Each with each would be two hundred million comparisons.
    expect(user / 1_000, 'ms of this process').to.be.below(1_000);
  });
});
