import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Answer } from '../support/client.ts';
import { eventsOf, givenItem, givenProduct, givenShop, type TestShop } from '../support/factories.ts';

describe('products', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'MENU');
  });
  after(() => test.close());

  it('adds a product with its parts, gives it back, and records it once', async () => {
    const milk = await givenItem(shop, { name: 'Milk', unit: 'l' });
    const made = await givenProduct(shop, {
      name: 'Kulfi',
      price: 60,
      category: 'Ice',
      sku: 'KUL',
      variants: [
        { name: 'Small', price: '40', sku: 'KUL-S', barcode: '111' },
        { name: 'Large', price: '70.50' },
      ],
      modifierGroups: [{ name: 'Topping', min: 0, max: 2, modifiers: [{ name: 'Nuts', price: '10' }] }],
      recipe: [{ inventoryItemId: milk.id, quantity: '0.25' }],
    });
    expect(made).to.include({ name: 'Kulfi', price: '60.00', category: 'Ice', version: 1 });
    expect(made.variants.map((variant: { price: string }) => variant.price)).to.deep.equal([
      '40.00',
      '70.50',
    ]);
    expect(made.recipe).to.deep.equal([{ inventoryItemId: milk.id, quantity: 0.25, variantId: null }]);
    expect((await shop.cashier.get(`${shop.path}/products/${made.id}`)).body).to.deep.equal(made);
    const events = await eventsOf(test, shop.id, 'product_created');
    expect(events.map((event) => event.data)).to.deep.equal([made]);
  });

  it('are listed page by page, however long their names are', async () => {
    const elsewhere = await givenShop(test, 'LONG');
    for (const name of ['क'.repeat(254), '🍕'.repeat(127), '\u0001'.repeat(254)]) {
      for (const letter of ['a', 'b'])
        await givenProduct(elsewhere, { name: `x${name}${letter}`.slice(0, 255) });
    }
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body, text }: Answer = await elsewhere.cashier.get(
        `${elsewhere.path}/products?limit=1${cursor && `&cursor=${cursor}`}`,
      );
      expect(body.data, text).to.have.length(1);
      seen.push(body.data[0].id);
      cursor = body.nextCursor;
    }
    expect(new Set(seen).size).to.equal(6);
  });

  it('changes what a PUT names and leaves the rest; kept variants keep their ids', async () => {
    const made = await givenProduct(shop, {
      variants: [
        { name: 'S', price: 1 },
        { name: 'L', price: 2 },
      ],
    });
    const path = `${shop.path}/products/${made.id}`;
    const variants = [
      { name: 'XL', price: '3' },
      { name: 'S', price: '1.50' },
    ];
    const { body } = await shop.manager.put(path, { isActive: false, variants, version: 1 });
    expect(body).to.include({ name: made.name, price: made.price, isActive: false, version: 2 });
    expect(body.variants.map((variant: { name: string }) => variant.name)).to.deep.equal(['XL', 'S']);
    expect(body.variants[1]).to.include({ id: made.variants[0].id, price: '1.50' });
    const stale = await shop.manager.put(path, { price: 9, version: 1 });
    expect([stale.status, stale.body.current]).to.deep.equal([409, body]);
    const partsOnly = await shop.manager.put(path, { variants: [] });
    expect([partsOnly.body.version, partsOnly.body.variants]).to.deep.equal([3, []]);
  });

  it('refuses a SKU, a barcode, a tax class or a recipe that can not be', async () => {
    const milk = await givenItem(shop);
    await givenProduct(shop, {
      sku: 'ONE',
      barcode: '999',
      variants: [{ name: 'V', price: 1, sku: 'V-ONE' }],
    });
    const refused = async (fields: object) => {
      const answer = await shop.manager.post(`${shop.path}/products`, { name: 'X', price: 1, ...fields });
      return [answer.status, answer.body.errors[0].pointer];
    };
    expect(await refused({ sku: 'ONE' })).to.deep.equal([409, '/sku']);
    expect(await refused({ barcode: '999' })).to.deep.equal([409, '/barcode']);
    const variants = [{ name: 'W', price: 1, sku: 'V-ONE' }];
    expect(await refused({ variants })).to.deep.equal([409, '/variants/0/sku']);
    expect(await refused({ taxClass: 'luxury' })).to.deep.equal([422, '/taxClass']);
    const elsewhere = { inventoryItemId: '0190a0a0-0000-7000-8000-000000000000', quantity: 1 };
    expect(await refused({ recipe: [elsewhere] })).to.deep.equal([422, '/recipe/0/inventoryItemId']);
    const zero = { inventoryItemId: milk.id, quantity: 0 };
    expect(await refused({ recipe: [zero] })).to.deep.equal([422, '/recipe/0/quantity']);
    const twice = [
      { name: 'A', price: 1 },
      { name: 'A', price: 2 },
    ];
    expect(await refused({ variants: twice })).to.deep.equal([422, '/variants/1/name']);
  });

  it('finds by name, SKU and barcode, variants too, and pages through all', async () => {
    const other = await givenShop(test, 'FIND');
    for (let n = 0; n < 5; n++) await givenProduct(other, { name: `Tea ${n}`, sortOrder: 1, sku: `T${n}` });
    const cups = await givenProduct(other, {
      name: '100% juice',
      variants: [{ name: 'Cup', price: 1, barcode: '77' }],
    });
    const names = async (query: string) => {
      const { body } = await other.cashier.get(`${other.path}/products?${query}`);
      return body.data.map((product: { name: string }) => product.name);
    };
    expect(await names('search=TEA')).to.have.length(5);
    expect(await names('search=%25')).to.deep.equal(['100% juice']);
    expect(await names('sku=T3')).to.deep.equal(['Tea 3']);
    expect(await names('barcode=77')).to.deep.equal([cups.name]);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await other.cashier.get(
        `${other.path}/products?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...body.data.map((product: { name: string }) => product.name));
      cursor = body.nextCursor;
    }
    expect(seen).to.deep.equal(['100% juice', 'Tea 0', 'Tea 1', 'Tea 2', 'Tea 3', 'Tea 4']);
  });

  it('takes a product off the menu and frees its SKU', async () => {
    const made = await givenProduct(shop, { sku: 'GONE' });
    const path = `${shop.path}/products/${made.id}`;
    expect((await shop.cashier.delete(path)).status).to.equal(403);
    expect((await shop.manager.delete(path)).status).to.equal(204);
    expect((await shop.manager.get(path)).status).to.equal(404);
    expect((await shop.manager.delete(path)).status).to.equal(404);
    expect((await eventsOf(test, shop.id, 'product_deleted')).map((event) => event.data)).to.deep.equal([
      { id: made.id },
    ]);
    await givenProduct(shop, { sku: 'GONE' });
  });

  it('lists the menu in the order of its categories, page by page', async () => {
    const cafe = await givenShop(test, 'CATS');
    for (const [name, category, sortOrder] of [
      ['Tea', 'Drinks', 0],
      ['Brownie', 'Cakes', 2],
      ['Waffle', 'Cakes', 1],
      ['Candle', null, 0],
      ['Mug', 'Gifts', 0],
    ]) {
      await givenProduct(cafe, { name, category, sortOrder });
    }
    const { status } = await cafe.manager.put(`${cafe.path}/settings`, { categories: ['Cakes', 'Drinks'] });
    expect(status).to.equal(200);
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await cafe.cashier.get(
        `${cafe.path}/products?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      names.push(...body.data.map((product: { name: string }) => product.name));
      cursor = body.nextCursor;
    }
    expect(names).to.deep.equal(['Waffle', 'Brownie', 'Tea', 'Candle', 'Mug']);
  });

  it('finds by barcode what a scanner reads, and keeps the HSN code for the tax return', async () => {
    const made = await givenProduct(shop, { barcode: '8901234567890', hsn: '21050000' });
    const { body } = await shop.cashier.get(`${shop.path}/products?barcode=8901234567890`);
    expect(body.data).to.deep.equal([made]);
    expect(made.hsn).to.equal('21050000');
    const wrong = await shop.manager.put(`${shop.path}/products/${made.id}`, { hsn: 'ice' });
    expect([wrong.status, wrong.body.errors[0].pointer]).to.deep.equal([422, '/hsn']);
  });

  describe('one code, one article', () => {
    let kirana: TestShop;
    before(async () => {
      kirana = await givenShop(test, 'KIRA');
      await givenProduct(kirana, {
        name: 'Chips',
        barcode: '012345678905',
        variants: [{ name: 'Large', price: 1, sku: 'CH-L', barcode: '8901234567894' }],
      });
      await givenProduct(kirana, { name: 'Soap', sku: 'SOAP', barcode: '12345670' });
    });
    const post = (fields: object) =>
      kirana.manager.post(`${kirana.path}/products`, { name: 'New', price: 1, ...fields });
    const scan = (query: string) => kirana.cashier.get(`${kirana.path}/products?${query}`);
    const scanned = async (query: string) =>
      (await scan(query)).body.data.map(({ name }: { name: string }) => name);

    it('finds GTIN-12, -13 and -14 of one article as one code, and 8 digits as they are', async () => {
      for (const code of ['012345678905', '0012345678905', '00012345678905'])
        expect(await scanned(`barcode=${code}`)).to.deep.equal(['Chips']);
      expect(await scanned('barcode=08901234567894')).to.deep.equal(['Chips']);
      expect(await scanned('barcode=12345670')).to.deep.equal(['Soap']);
      for (const code of ['000012345670', '0000012345670', '00000012345670'])
        expect(await scanned(`barcode=${code}`)).to.deep.equal([]);
      expect(await scanned('barcode=012345678905&sku=SOAP')).to.deep.equal([]);
      expect(await scanned('barcode=12345670&sku=SOAP')).to.deep.equal(['Soap']);
    });

    const taken: [what: string, fields: object, pointer: string, owner: string][] = [
      ['another length of a barcode', { barcode: '0012345678905' }, '/barcode', 'Chips'],
      ["a variant's barcode", { barcode: '8901234567894' }, '/barcode', 'Chips (Large)'],
      ["a variant's SKU", { sku: 'CH-L' }, '/sku', 'Chips (Large)'],
      [
        "a product's SKU for a variant",
        { variants: [{ name: 'S', price: 1, sku: 'SOAP' }] },
        '/variants/0/sku',
        'Soap',
      ],
      [
        'a code twice in one product',
        { sku: 'N-1', variants: [{ name: 'S', price: 1, sku: 'N-1' }] },
        '/variants/0/sku',
        'New',
      ],
    ];
    for (const [what, fields, pointer, owner] of taken) {
      it(`refuses ${what}`, async () => {
        const { status, body } = await post(fields);
        expect([status, body.errors[0].pointer]).to.deep.equal([409, pointer]);
        expect(body.detail)
          .to.match(/ already\. Each article needs its own\.$/)
          .and.include(` ${owner} `);
      });
    }

    it("refuses a spreadsheet's number in a sentence", async () => {
      for (const fields of [
        { barcode: '8.90123E+12' },
        { sku: '9e+3' },
        { variants: [{ name: 'S', price: 1, sku: '8,9E+12' }] },
      ]) {
        const { status, body } = await post(fields);
        expect(status, JSON.stringify(fields)).to.equal(422);
        expect(body.detail).to.match(/ is a number as a spreadsheet shortens it, and not the code; /);
      }
      expect((await post({ name: 'Bolt', sku: '5E10' })).status).to.equal(201);
    });

    it('lets codes move within a product and between products', async () => {
      const made = (await post({ name: 'Rice', sku: 'R', variants: [{ name: '1 kg', price: 1, sku: 'R1' }] }))
        .body;
      const path = `${kirana.path}/products/${made.id}`;
      const swapped = await kirana.manager.put(path, {
        sku: 'R1',
        variants: [{ id: made.variants[0].id, name: '1 kg', price: 1, sku: 'R' }],
      });
      expect(swapped.status, swapped.text).to.equal(200);
      expect(await scanned('sku=R')).to.deep.equal(['Rice']);
      expect((await kirana.manager.put(path, { sku: null, variants: [] })).status).to.equal(200);
      expect(await scanned('sku=R')).to.deep.equal([]);
      expect((await post({ name: 'Basmati', sku: 'R' })).status).to.equal(201);
    });

    it('gives a code to one of two that ask for it at once', async () => {
      const answers = await Promise.all(
        ['1', '01', '001'].map((zeros) => post({ name: `Tin ${zeros}`, barcode: `${zeros}23456789012` })),
      );
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409]);
    });

    it('says that two articles share a code, keeps them, and lets no third have it', async () => {
      const [one, two] = await Promise.all([
        givenProduct(kirana, { name: 'Old tea', barcode: '4006381333931' }),
        givenProduct(kirana, { name: 'Old coffee' }),
      ]);
      // As the version before left it.
      const db = await test.database.connect();
      await db.query('UPDATE products SET barcode = $2 WHERE id = $1', [two.id, '04006381333931']);
      await db.query("UPDATE product_codes SET product_id = NULL WHERE code = '04006381333931'");
      const { status, body } = await scan('barcode=4006381333931');
      expect([status, body.type]).to.deep.equal([409, 'urn:smoocho:problem:two_articles']);
      expect(body.detail).to.include('Old coffee and Old tea');
      expect(body.articles.map(({ productId }: { productId: string }) => productId)).to.have.members([
        one.id,
        two.id,
      ]);
      expect((await post({ barcode: '4006381333931' })).status).to.equal(409);
      expect((await kirana.manager.put(`${kirana.path}/products/${two.id}`, { price: 2 })).status).to.equal(
        200,
      );
      expect(
        (await kirana.manager.put(`${kirana.path}/products/${one.id}`, { barcode: null })).status,
      ).to.equal(200);
      expect(await scanned('barcode=4006381333931')).to.deep.equal(['Old coffee']);
      expect((await kirana.manager.delete(`${kirana.path}/products/${two.id}`)).status).to.equal(204);
      expect(await scanned('barcode=4006381333931')).to.deep.equal([]);
      const { rows } = await db.query("SELECT FROM product_codes WHERE code = '04006381333931'");
      expect(rows).to.deep.equal([]);
    });
  });
});
