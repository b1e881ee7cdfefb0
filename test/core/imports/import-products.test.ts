import { expect } from 'chai';
import type pg from 'pg';
import { type ImportProductsOptions, importProducts } from '../../../src/core/imports/import-products.ts';
import type { SalesShop } from '../../../src/core/imports/sales-file.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import {
  CLI,
  contentOf,
  givenShop,
  importText,
  NOW,
  PIZZA_MENU,
  PIZZA_SALES,
  problemOf,
  textFile,
} from './support.ts';

let database: TestDatabase;
let client: pg.Client;

before(async () => {
  database = await testDatabase();
  client = await database.connect();
});
after(() => database.drop());

const query = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows;

async function importMenu(
  shop: SalesShop,
  file: string | typeof PIZZA_MENU,
  options: Partial<ImportProductsOptions> = {},
) {
  const source = typeof file === 'string' ? textFile(file) : file;
  const all = { skipBad: false, dryRun: false, now: NOW, actor: CLI, ...options };
  return await importProducts(client, shop.id, source, all);
}

const menuOf = (shop: SalesShop) =>
  query(
    `SELECT p.name, p.price, p.category, p.sku, p.version,
       (SELECT jsonb_agg(jsonb_build_array(v.name, v.price::text, v.sku) ORDER BY v.sort_order)
        FROM product_variants v WHERE v.product_id = p.id) AS variants
     FROM products p WHERE p.shop_id = $1 ORDER BY p.name, p.sku`,
    shop.id,
  );

describe('importing products', () => {
  it('makes the menu of the pizza place, and changes nothing the second time', async () => {
    const shop = await givenShop(client);
    expect(await importMenu(shop, PIZZA_MENU)).to.include({
      rows: 96,
      products: 32,
      variants: 96,
      badCount: 0,
    });
    const [hawaiian] = (await menuOf(shop)).filter(({ name }) => name === 'The Hawaiian Pizza');
    expect(hawaiian).to.deep.equal({
      name: 'The Hawaiian Pizza',
      price: '10.50',
      category: 'Classic',
      sku: null,
      version: 1,
      variants: [
        ['S', '10.50', 'hawaiian_s'],
        ['M', '13.25', 'hawaiian_m'],
        ['L', '16.50', 'hawaiian_l'],
      ],
    });
    const [{ description }] = await query(
      `SELECT description FROM products WHERE shop_id = $1 AND name = 'The Hawaiian Pizza'`,
      shop.id,
    );
    expect(description).to.equal('Sliced Ham, Pineapple, Mozzarella Cheese');
    const events = await query(
      "SELECT seq, type, data - 'menu' AS data FROM events WHERE shop_id = $1",
      shop.id,
    );
    expect(events).to.deep.equal([
      { seq: '1', type: 'data_imported', data: { kind: 'products', orders: 0, lines: 96, products: 32 } },
    ]);
    const before = await contentOf(client, shop);
    const again = await importMenu(shop, PIZZA_MENU);
    expect(again).to.include({ products: 0, variants: 0, changedProducts: 0, changedVariants: 0 });
    expect(await contentOf(client, shop)).to.deep.equal(before);
    // The sales of the year find all of their products.
    expect(await importText(client, shop, PIZZA_SALES, { dryRun: true })).to.include({
      products: 0,
      variants: 0,
    });
  });

  it('changes what it finds by sku or by name, and leaves what the file does not name', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'sku,name,category,price\nA1,Tea,Hot,1.00\n,Cake,Sweet,2.00\nB1,Pie,Sweet,3.00\n');
    const changed = await importMenu(shop, 'sku,name,price\nA1,Green tea,1.50\n,Cake,2.00\n');
    expect(changed).to.include({ products: 0, changedProducts: 1 });
    expect(await menuOf(shop)).to.deep.equal([
      { name: 'Cake', price: '2.00', category: 'Sweet', sku: null, version: 1, variants: null },
      { name: 'Green tea', price: '1.50', category: 'Hot', sku: 'A1', version: 2, variants: null },
      { name: 'Pie', price: '3.00', category: 'Sweet', sku: 'B1', version: 1, variants: null },
    ]);
    await importMenu(shop, 'name,category,price\nCake,,2.00\n');
    expect((await menuOf(shop))[0]).to.include({ name: 'Cake', category: null, version: 2 });
  });

  it('changes and adds variants, and keeps the product at the price of the cheapest', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'sku,name,size,price\nt_s,Tea,S,1.00\nt_l,Tea,L,2.00\n');
    const result = await importMenu(
      shop,
      'sku,name,size,price\nt_s,Tea,S,1.80\nt_l,Tea,Large,2.00\nt_xl,Tea,XL,1.70\n',
    );
    expect(result).to.include({ products: 0, variants: 1, changedProducts: 1, changedVariants: 2 });
    expect(await menuOf(shop)).to.deep.equal([
      {
        name: 'Tea',
        price: '1.70',
        category: null,
        sku: null,
        version: 2,
        variants: [
          ['S', '1.80', 't_s'],
          ['Large', '2.00', 't_l'],
          ['XL', '1.70', 't_xl'],
        ],
      },
    ]);
    // A file without sizes knows the variant by its sku, and nothing of the product around it.
    await importMenu(shop, 'sku,name,price\nt_s,Small tea,1.60\n');
    const [tea] = await menuOf(shop);
    expect(tea).to.include({ name: 'Tea', price: '1.60', version: 3 });
    expect(tea?.variants[0]).to.deep.equal(['S', '1.60', 't_s']);
  });

  it('keeps for the audit what it replaced and what there is since, and only that', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'sku,name,size,price\nt_s,Tea,S,1.00\nt_l,Tea,L,2.00\np,Pie,,3.00\n');
    await importMenu(shop, 'sku,name,size,price\nt_s,Tea,S,1.80\np,Apple pie,,3.00\nn,New,,1.00\n');
    const records = await query(
      "SELECT before, data->'menu' AS menu FROM events WHERE shop_id = $1 ORDER BY seq",
      shop.id,
    );
    const [made, changed] = records as [pg.QueryResultRow, pg.QueryResultRow];
    const withoutId = ({ id: _, ...product }: { id: string }) => product;
    expect([made.before, made.menu.changed]).to.deep.equal([null, []]);
    expect(made.menu.made.map(({ name }: { name: string }) => name)).to.deep.equal(['Tea', 'Pie']);
    const [tea, pie] = changed.before.products.map(withoutId);
    expect(pie).to.deep.equal({ name: 'Pie' });
    expect(tea).to.deep.include({ name: 'Tea', price: '1.00' });
    expect(tea.variants.map(({ name, price }: Record<string, string>) => [name, price])).to.deep.equal([
      ['S', '1.00'],
      ['L', '2.00'],
    ]);
    expect(Object.keys(tea)).to.have.members(['name', 'price', 'variants']);
    const [teaSince, pieSince] = changed.menu.changed.map(withoutId);
    expect(pieSince).to.deep.equal({ name: 'Apple pie' });
    expect(teaSince).to.deep.include({ name: 'Tea', price: '1.80' });
    expect(teaSince.variants.map(({ name, price }: Record<string, string>) => [name, price])).to.deep.equal([
      ['S', '1.80'],
      ['L', '2.00'],
    ]);
    expect(changed.menu.changed.map(({ id }: { id: string }) => id)).to.deep.equal(
      changed.before.products.map(({ id }: { id: string }) => id),
    );
    expect(changed.menu.made.map(withoutId)).to.deep.equal([{ name: 'New', price: '1.00', variants: [] }]);
  });

  it('keeps for the audit no more than somebody would read, and how many more there are', async () => {
    const shop = await givenShop(client);
    const menuAt = (price: string, count: number) =>
      `name,price\n${Array.from({ length: count }, (_, n) => `Product ${n},${price}\n`).join('')}`;
    await importMenu(shop, menuAt('1.00', 5_001));
    await importMenu(shop, menuAt('2.00', 5_003));
    const records = await query(
      `SELECT jsonb_array_length(before->'products') AS replaced, before->'more' AS "moreReplaced",
         jsonb_array_length(data->'menu'->'changed') AS changed, jsonb_array_length(data->'menu'->'made') AS made,
         data->'menu'->'more' AS more
       FROM events WHERE shop_id = $1 ORDER BY seq`,
      shop.id,
    );
    expect(records).to.deep.equal([
      { replaced: null, moreReplaced: null, changed: 0, made: 5_000, more: 1 },
      { replaced: 5_000, moreReplaced: 1, changed: 5_000, made: 0, more: 3 },
    ]);
  });

  it('takes barcodes, descriptions and tax classes', async () => {
    const shop = await givenShop(client);
    await importMenu(
      shop,
      'name;EAN;description;tax class;price\nTea;4006381333931;From Assam;food;1,20 €\n',
      {
        decimal: ',',
      },
    );
    const [tea] = await query(
      'SELECT barcode, description, tax_class, price FROM products WHERE shop_id = $1',
      shop.id,
    );
    expect(tea).to.deep.equal({
      barcode: '4006381333931',
      description: 'From Assam',
      tax_class: 'food',
      price: '1.20',
    });
  });

  const bad: [what: string, rows: string[], reason: string][] = [
    ['no price', ['X1,,Tea,,'], 'price is missing'],
    ['a negative price', ['X1,,Tea,,-1'], 'price -1 is negative'],
    ['no product', [',,,,1'], 'no product'],
    ['a name that is too long', [`,,${'x'.repeat(256)},,1`], 'product is longer than 255 characters'],
    ['the same sku twice', ['X1,,Tea,,1', 'X1,,Cake,,2'], 'it is the same product as line 2'],
    ['the same names twice', [',,Tea,S,1', ',,Tea,S,2'], 'it is the same product as line 2'],
    ['a barcode that another has', [',1,Tea,S,1', ',1,Cake,S,2'], 'barcode 1 belongs to Tea (S)'],
    ['a barcode that a product has', [',1,Tea,,1', ',1,Cake,S,2'], 'barcode 1 belongs to Tea'],
    [
      'a barcode with another number of zeros',
      [',012345678905,Tea,,1', ',0012345678905,Cake,,2'],
      'barcode 0012345678905 belongs to Tea',
    ],
    [
      "a spreadsheet's number as a barcode",
      [',1,Tea,,1', ',8.90123E+12,Cake,,2'],
      'barcode "8.90123E+12" is a number as a spreadsheet shortens it, and not the code; format the column as text and give every digit',
    ],
  ];
  for (const [what, rows, reason] of bad) {
    it(`refuses ${what}`, async () => {
      const shop = await givenShop(client);
      const before = await contentOf(client, shop);
      const file = ['sku,barcode,name,size,price', ...rows].join('\n');
      const { errors } = await problemOf(importMenu(shop, file));
      expect(errors).to.deep.equal([{ pointer: `/line/${rows.length + 1}`, detail: reason }]);
      expect(await contentOf(client, shop)).to.deep.equal(before);
      const skipped = await importMenu(shop, file, { skipBad: true });
      expect(skipped).to.deep.include({ badCount: 1, products: rows.length - 1 });
    });
  }

  it('takes how things are sold, and says so by the unit alone', async () => {
    const shop = await givenShop(client);
    const file =
      'name,uom,sold by,price\nRice,Kg,,80\nOil,,volume,120\nRibbon,ft,length,5\nSoap,,,30\nJam,bottle,,90\n';
    expect(await importMenu(shop, file)).to.include({ products: 5 });
    const soldAs = () =>
      query('SELECT name, sold_by, unit, version FROM products WHERE shop_id = $1 ORDER BY name', shop.id);
    const all = [
      { name: 'Jam', sold_by: 'piece', unit: 'bottle', version: 1 },
      { name: 'Oil', sold_by: 'volume', unit: 'l', version: 1 },
      { name: 'Ribbon', sold_by: 'length', unit: 'ft', version: 1 },
      { name: 'Rice', sold_by: 'weight', unit: 'Kg', version: 1 },
      { name: 'Soap', sold_by: 'piece', unit: 'pc', version: 1 },
    ];
    expect(await soldAs()).to.deep.equal(all);
    // A file that doesn't say leaves them as they are.
    await importMenu(shop, 'name,price\nRice,80\nOil,120\n');
    await importMenu(shop, file);
    expect(await soldAs()).to.deep.equal(all);
    const { detail } = await problemOf(importMenu(shop, 'name,sold by,price\nRice,dozen,80\n'));
    expect(detail).to.include('soldBy "dozen" is not piece, weight, volume, length or a unit');
  });

  it('takes whole prices alone where the currency has no others', async () => {
    const shop = await givenShop(client, { currency: 'JPY', timezone: 'Asia/Tokyo' });
    const { errors } = await problemOf(importMenu(shop, 'name,price\nTea,498.00\nCake,498.50\n'));
    const detail = 'price "498.50" has decimals, and the shop\'s currency has none';
    expect(errors).to.deep.equal([{ pointer: '/line/3', detail }]);
    expect(await importMenu(shop, 'name,price\nTea,498.00\n')).to.include({ products: 1 });
  });

  const codesOf = (shop: SalesShop) =>
    query(
      `SELECT c.kind, c.code, p.name, v.name AS size FROM product_codes c
       LEFT JOIN products p ON p.id = c.product_id LEFT JOIN product_variants v ON v.id = c.variant_id
       WHERE c.shop_id = $1 ORDER BY c.kind, c.code`,
      shop.id,
    );

  it('gives codes to what has them, and lets them move', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'sku,name,barcode,price\nT,Tea,012345678905,1\nC,Cake,8901234567894,2\n');
    // The product gets sizes, and its SKU and barcode belong to one of them.
    await importMenu(shop, 'sku,name,size,barcode,price\nT,Tea,S,,1\nT-L,Tea,L,4006381333931,2\n');
    await importMenu(shop, 'sku,name,barcode,price\nC,Cake,12345670,2\n');
    expect(await codesOf(shop)).to.deep.equal([
      { kind: 'barcode', code: '00012345678905', name: 'Tea', size: null },
      { kind: 'barcode', code: '04006381333931', name: 'Tea', size: 'L' },
      { kind: 'barcode', code: '12345670', name: 'Cake', size: null },
      { kind: 'sku', code: 'C', name: 'Cake', size: null },
      { kind: 'sku', code: 'T', name: 'Tea', size: 'S' },
      { kind: 'sku', code: 'T-L', name: 'Tea', size: 'L' },
    ]);
  });

  it('refuses a SKU that two articles share since before, unless the names say which', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'sku,name,size,price\nT,Tea,,1\nK,Cake,S,2\n');
    await query("UPDATE product_variants SET sku = 'T' WHERE shop_id = $1", shop.id);
    await query("DELETE FROM product_codes WHERE shop_id = $1 AND code = 'K'", shop.id);
    await query("UPDATE product_codes SET product_id = NULL WHERE shop_id = $1 AND code = 'T'", shop.id);
    const { errors } = await problemOf(importMenu(shop, 'sku,price\nT,3\n'));
    const detail = 'sku T belongs to two articles, Tea and Cake (S)';
    expect(errors).to.deep.equal([{ pointer: '/line/2', detail }]);
    expect(await importMenu(shop, 'sku,name,size,price\nT,Cake,S,3\n')).to.include({ changedVariants: 1 });
    expect(await codesOf(shop)).to.deep.equal([{ kind: 'sku', code: 'T', name: null, size: null }]);
  });

  it('refuses a variant that would take the name of another', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'sku,name,size,price\nt_s,Tea,S,1\nt_l,Tea,L,2\n');
    const { errors } = await problemOf(importMenu(shop, 'sku,name,size,price\nt_s,Tea,L,1\n'));
    expect(errors).to.deep.equal([{ pointer: '/line/2', detail: 'Tea has a variant L with another sku' }]);
  });

  it('writes nothing when it is only tried', async () => {
    const shop = await givenShop(client);
    const before = await contentOf(client, shop);
    expect(await importMenu(shop, PIZZA_MENU, { dryRun: true })).to.include({ products: 32, variants: 96 });
    expect(await contentOf(client, shop)).to.deep.equal(before);
  });

  it('changes prices and HSN codes in bulk by SKU alone', async () => {
    const shop = await givenShop(client);
    await importMenu(shop, 'product,sku,price\nTea,T-1,10\nCake,C-1,50\n');
    const changed = await importMenu(shop, 'sku,price,hsn\nT-1,12.50,0902\nC-1,50,1905\n');
    expect(changed).to.include({ products: 0, changedProducts: 2 });
    const rows = await query(
      'SELECT name, price, hsn, version FROM products WHERE shop_id = $1 ORDER BY name',
      shop.id,
    );
    expect(rows).to.deep.equal([
      { name: 'Cake', price: '50.00', hsn: '1905', version: 2 },
      { name: 'Tea', price: '12.50', hsn: '0902', version: 2 },
    ]);
    const wrong = await problemOf(importMenu(shop, 'sku,price,hsn\nT-1,1,tea\n'));
    expect(wrong.detail).to.include('hsn "tea" is not 2 to 8 digits');
  });
});
