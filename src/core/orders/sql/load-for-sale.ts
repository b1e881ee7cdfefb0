import type { EntityManager } from '@mikro-orm/postgresql';
import { currencyDigits } from '../../../contract/currencies.ts';
import { formatMinor, parseMinor } from '../../../contract/money.ts';
import type { SettingsValues } from '../../../contract/settings.ts';
import type { SoldBy } from '../../../contract/sold-by.ts';
import { query, queryRow } from '../../../database/query.ts';
import type { Epoch } from '../../epochs/series-label.ts';
import { roundMinor } from '../../shops/whole-amounts.ts';

/** A product as a sale needs it; amounts and quantities as PostgreSQL's decimal text. */
export type SaleProduct = {
  id: string;
  name: string;
  price: string;
  category: string | null;
  sku: string | null;
  taxClass: string | null;
  hsn: string | null;
  soldBy: SoldBy;
  unit: string;
  isActive: boolean;
  variants: { id: string; name: string; price: string; sku: string | null }[];
  groups: {
    name: string;
    min: number;
    max: number;
    modifiers: { id: string; name: string; price: string }[];
  }[];
  /** `cost` is that of one unit of the item, now. */
  recipe: { itemId: string; variantId: string | null; quantity: string; cost: string }[];
};

/** One that may have left the menu since, as may its variants. */
export type SoldProduct = Omit<SaleProduct, 'variants'> & {
  isGone: boolean;
  variants: (SaleProduct['variants'][number] & { isGone: boolean })[];
};

export type SaleShop = {
  id: string;
  code: string;
  currency: string;
  timezone: string;
  dayStart: string;
  settings: Partial<SettingsValues>;
  epoch: Epoch;
};

type Earlier = { id: string; shopId: string; requestHash: string };

type Row = { shop: SaleShop; earlier: Earlier | null; products: SaleProduct[] };

const SHOP = `jsonb_build_object('id', s.id, 'code', s.code, 'currency', s.currency, 'timezone', s.timezone,
  'dayStart', s.day_start, 'settings', s.settings, 'epoch', (
    SELECT jsonb_build_object('id', e.epoch, 'isFirst', e.reason = 'opened')
    FROM shop_heads h JOIN shop_epochs e USING (shop_id, epoch) WHERE h.shop_id = s.id))`;

const EARLIER = `jsonb_build_object('id', o.id, 'shopId', o.shop_id, 'requestHash', o.request_hash)`;

/** Products of `ids`, those on the menu or all that ever were. */
const productsOf = (ids: string, isAll = false) => {
  const gone = (of: string) => (isAll ? `, 'isGone', ${of}.deleted_at IS NOT NULL` : '');
  const live = (of: string) => (isAll ? '' : `AND ${of}.deleted_at IS NULL`);
  return `coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'id', p.id, 'name', p.name, 'price', p.price::text, 'category', p.category, 'sku', p.sku,
      'taxClass', p.tax_class, 'hsn', p.hsn, 'soldBy', p.sold_by, 'unit', p.unit, 'isActive', p.is_active${gone('p')},
      'variants', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
          'id', v.id, 'name', v.name, 'price', v.price::text, 'sku', v.sku${gone('v')}))
        FROM product_variants v WHERE v.product_id = p.id ${live('v')}), '[]'),
      'groups', coalesce((
        SELECT jsonb_agg(jsonb_build_object('name', g.name, 'min', g.min, 'max', g.max, 'modifiers', (
          SELECT jsonb_agg(jsonb_build_object('id', m.id, 'name', m.name, 'price', m.price::text))
          FROM modifiers m WHERE m.shop_id = g.shop_id AND m.group_id = g.id)))
        FROM modifier_groups g WHERE g.shop_id = p.shop_id AND g.product_id = p.id), '[]'),
      'recipe', coalesce((
        SELECT jsonb_agg(jsonb_build_object('itemId', r.inventory_item_id, 'variantId', r.variant_id,
                                            'quantity', r.quantity::text, 'cost', i.cost::text))
        FROM recipes r JOIN inventory_items i ON i.shop_id = r.shop_id AND i.id = r.inventory_item_id
        WHERE r.shop_id = p.shop_id AND r.product_id = p.id), '[]')))
    FROM products p WHERE p.shop_id = s.id AND p.id = ANY (${ids}) ${live('p')}), '[]')`;
};

/** Rounds prices half up that were stored before whole amounts were required. */
function withWholePrices<R extends { shop: SaleShop; products: SaleProduct[] }>(row: R): R {
  if (currencyDigits(row.shop.currency) === 2) return row;
  const priced = [
    ...row.products,
    ...row.products.flatMap(({ variants, groups }) => [
      ...variants,
      ...groups.flatMap((group) => group.modifiers),
    ]),
  ];
  for (const each of priced) each.price = formatMinor(roundMinor(parseMinor(each.price) as number, 0));
  return row;
}

// One round trip brings all that pricing needs: the shop's rules, the order if it is there already, the products.
const LOAD_FOR_SALE = `
  SELECT ${SHOP} AS shop, (SELECT ${EARLIER} FROM orders o WHERE o.id = $2) AS earlier,
    ${productsOf('$3::uuid[]')} AS products
  FROM shops s WHERE s.id = $1`;

/** All that pricing and writing a bill needs, in one statement. */
export async function loadForSale(
  em: EntityManager,
  shopId: string,
  orderId: string,
  productIds: string[],
): Promise<Row> {
  const [row] = await query<Row>(em, LOAD_FOR_SALE, [shopId, orderId, productIds]);
  if (!row) throw new Error(`Shop ${shopId} is gone.`);
  return withWholePrices(row);
}

const LOAD_FOR_SALES = `
  SELECT ${SHOP} AS shop,
    coalesce((SELECT jsonb_agg(${EARLIER}) FROM orders o WHERE o.id = ANY ($2::uuid[])), '[]') AS earlier,
    ${productsOf('$3::uuid[]', true)} AS products
  FROM shops s WHERE s.id = $1`;

type SalesRow = { shop: SaleShop; earlier: Earlier[]; products: SoldProduct[] };

/** The same for many sales that were made before: which of them are there already, and what they sold, if it is gone too. */
export async function loadForSales(
  em: EntityManager,
  shopId: string,
  orderIds: string[],
  productIds: string[],
): Promise<SalesRow> {
  return withWholePrices(await queryRow<SalesRow>(em, LOAD_FOR_SALES, [shopId, orderIds, productIds]));
}
