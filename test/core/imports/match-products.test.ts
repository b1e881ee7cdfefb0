import { expect } from 'chai';
import { type Catalog, matchProducts } from '../../../src/core/imports/match-products.ts';
import type { SoldItem } from '../../../src/core/imports/sold-items.ts';

const PIECE = { soldBy: 'piece', unit: 'pc' } as const;
const NOTHING: Catalog = { products: [], variants: [] };

function item(number: number, fields: Partial<SoldItem>): SoldItem {
  const soldAt = fields.soldAt ?? `2015-01-0${number + 1} 10:00:00`;
  return {
    number,
    sku: null,
    product: null,
    variant: null,
    category: null,
    fault: undefined,
    priceMinor: 100,
    pricedAt: soldAt,
    hasFraction: false,
    ...fields,
    soldAt,
  };
}

/** Without ids: what was made, and the name that each item got. */
function match(items: SoldItem[], catalog = NOTHING, byName = false) {
  const { targets, products, variants } = matchProducts(items, catalog, byName);
  const nameOf = (id: string) =>
    [...products, ...catalog.products].find((product) => product.id === id)?.name;
  return {
    products: products.map(({ id: _, soldBy: __, unit: ___, ...product }) => product),
    variants: variants.map(({ id: _, productId, ...variant }) => ({
      product: nameOf(productId),
      ...variant,
    })),
    targets: [...targets]
      .sort((a, b) => a.item - b.item)
      .map(({ productId, variantId }) => {
        const variant = [...variants, ...catalog.variants].find(({ id }) => id === variantId);
        return variant ? `${nameOf(productId)} ${variant.name}` : nameOf(productId);
      }),
  };
}

describe('matching sold items with products', () => {
  it('makes a product of each sku, with its newest name, category and price', () => {
    const made = match([
      item(0, { sku: 'A1', product: 'Old name', category: 'Old', priceMinor: 100 }),
      item(1, { sku: 'A1', product: 'New name', category: null, priceMinor: 120 }),
      item(2, { sku: 'B2', product: 'New name', priceMinor: 300 }),
    ]);
    expect(made.products).to.have.deep.members([
      { name: 'New name', category: 'Old', priceMinor: 120, sku: 'A1' },
      { name: 'New name', category: null, priceMinor: 300, sku: 'B2' },
    ]);
    expect(made.targets).to.deep.equal(['New name', 'New name', 'New name']);
  });

  it('makes a product of each name without a sku', () => {
    const made = match([item(0, { product: 'Tea' }), item(1, { product: 'Tea', category: 'Hot' })]);
    expect(made.products).to.deep.equal([{ name: 'Tea', category: 'Hot', priceMinor: 100, sku: null }]);
  });

  it('names a product by its sku when the file has no name', () => {
    expect(match([item(0, { sku: 'A1' })]).products[0]).to.include({ name: 'A1', sku: 'A1' });
  });

  it('makes variants of a name, the cheapest first, and gives them the skus', () => {
    const made = match(
      [
        item(0, { product: 'Tea', variant: 'L', sku: 'tea_l', priceMinor: 300 }),
        item(1, { product: 'Tea', variant: 'S', sku: 'tea_s', priceMinor: 200 }),
      ],
      NOTHING,
      true,
    );
    expect(made.products).to.deep.equal([{ name: 'Tea', category: null, priceMinor: 200, sku: null }]);
    expect(made.variants).to.deep.equal([
      { product: 'Tea', name: 'S', priceMinor: 200, sku: 'tea_s', sortOrder: 0 },
      { product: 'Tea', name: 'L', priceMinor: 300, sku: 'tea_l', sortOrder: 1 },
    ]);
    expect(made.targets).to.deep.equal(['Tea L', 'Tea S']);
  });

  it('leaves a sku that two variants share with the newest', () => {
    const items = [
      item(0, { product: 'Tea', variant: 'S', sku: 'tea' }),
      item(1, { product: 'Tea', variant: 'L', sku: 'tea' }),
    ];
    const { variants } = match(items, NOTHING, true);
    expect(variants.map(({ name, sku }) => [name, sku])).to.have.deep.members([
      ['L', 'tea'],
      ['S', null],
    ]);
  });

  it('takes the newest price above zero', () => {
    const gift = item(1, { sku: 'A1', product: 'Tea', priceMinor: 0, pricedAt: '' });
    const free = item(2, { sku: 'B1', product: 'Water', priceMinor: 0, pricedAt: '' });
    const { products } = match([item(0, { sku: 'A1', product: 'Tea', priceMinor: 250 }), gift, free]);
    expect(products.map(({ name, priceMinor }) => [name, priceMinor])).to.have.deep.members([
      ['Tea', 250],
      ['Water', 0],
    ]);
  });

  const shop: Catalog = {
    products: [
      { id: 'tea', name: 'Tea', sku: null, ...PIECE },
      { id: 'tea2', name: 'Tea', sku: null, ...PIECE },
      { id: 'cake', name: 'Cake', sku: 'C1', ...PIECE },
    ],
    variants: [
      { id: 'tea-s', productId: 'tea', name: 'S', sku: 'tea_s', sortOrder: 0 },
      { id: 'tea-l', productId: 'tea', name: 'L', sku: null, sortOrder: 4 },
    ],
  };
  const found: [what: string, fields: Partial<SoldItem>, byName: boolean, target: string][] = [
    ['a product by its sku, whatever its name', { sku: 'C1', product: 'Torte' }, false, 'Cake'],
    [
      'a variant by its sku in a file without variants',
      { sku: 'tea_s', product: 'Tea small' },
      false,
      'Tea S',
    ],
    ['a variant by its sku, whatever its names', { sku: 'tea_s', product: 'X', variant: 'Y' }, true, 'Tea S'],
    ['a variant by its names', { product: 'Tea', variant: 'L' }, true, 'Tea L'],
    ['a product by its name, the oldest', { product: 'Tea' }, false, 'Tea'],
    ['a product without a sku by its name', { sku: 'T9', product: 'Tea' }, false, 'Tea'],
    ['a product by its name in a file with variants', { product: 'Cake' }, true, 'Cake'],
  ];
  for (const [what, fields, byName, target] of found) {
    it(`finds ${what}`, () => {
      const made = match([item(0, fields)], shop, byName);
      expect(made).to.deep.equal({ products: [], variants: [], targets: [target] });
    });
  }

  it('makes another product for another sku of the same name', () => {
    const { products } = match([item(0, { sku: 'C2', product: 'Cake' })], shop);
    expect(products).to.deep.equal([{ name: 'Cake', category: null, priceMinor: 100, sku: 'C2' }]);
  });

  it('adds a variant behind those that the product has', () => {
    const { variants, products } = match([item(0, { product: 'Tea', variant: 'XL' })], shop, true);
    expect(products).to.deep.equal([]);
    expect(variants).to.deep.equal([
      { product: 'Tea', name: 'XL', priceMinor: 100, sku: null, sortOrder: 5 },
    ]);
  });

  it('never takes a sku away from a product that has it', () => {
    const shared = [
      item(0, { product: 'Juice', variant: 'S', sku: 'tea_s' }),
      item(1, { product: 'Juice', variant: 'L', sku: 'tea_s' }),
    ];
    expect(match(shared, shop, true).variants.map(({ sku }) => sku)).to.deep.equal([null, null]);
  });

  it('goes by the names where two articles share a sku since before', () => {
    const shared: Catalog = {
      products: [
        { id: 'tea', name: 'Tea', sku: 'X', ...PIECE },
        { id: 'cake', name: 'Cake', sku: null, ...PIECE },
      ],
      variants: [{ id: 'cake-s', productId: 'cake', name: 'S', sku: 'X', sortOrder: 0 }],
    };
    const items = [
      item(0, { sku: 'X', product: 'Tea' }),
      item(1, { sku: 'X', product: 'Cake', variant: 'S' }),
      item(2, { sku: 'X', product: 'Torte' }),
    ];
    expect(match(items, shared, true)).to.deep.equal({
      products: [{ name: 'Torte', category: null, priceMinor: 100, sku: null }],
      variants: [],
      targets: ['Tea', 'Cake S', 'Torte'],
    });
  });

  it('gives no variant the sku of a product', () => {
    const made = match([item(0, { sku: 'C1', product: 'Juice', variant: 'S' })], {
      ...shop,
      variants: [{ id: 'cake-s', productId: 'cake', name: 'S', sku: 'C1', sortOrder: 0 }],
    });
    expect(made.variants.map(({ sku }) => sku)).to.deep.equal([null]);
  });

  it('has what is sold in fractions sold by weight, made or known, and all else by the piece', () => {
    const known: Catalog = {
      ...shop,
      products: shop.products.map((each) =>
        each.id === 'tea2' ? { ...each, name: 'Milk', soldBy: 'volume', unit: 'l' } : each,
      ),
    };
    const items = [
      item(0, { product: 'Rice', hasFraction: true }),
      item(1, { product: 'Soap' }),
      item(2, { product: 'Cake', hasFraction: true }),
      item(3, { product: 'Milk', hasFraction: true }),
      item(4, { product: 'Cake' }),
    ];
    const { products, weighed, soldAs } = matchProducts(items, known, false);
    expect(products.map(({ name, soldBy, unit }) => [name, soldBy, unit])).to.have.deep.members([
      ['Rice', 'weight', 'kg'],
      ['Soap', 'piece', 'pc'],
    ]);
    expect(weighed.map(({ name }) => name)).to.deep.equal(['Cake']);
    expect([soldAs.get('cake')?.soldBy, soldAs.get('tea2')?.soldBy]).to.deep.equal(['weight', 'volume']);
  });
});
