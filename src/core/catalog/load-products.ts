import type { EntityManager } from '@mikro-orm/postgresql';
import { codeKinds } from '../../contract/codes.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { ProductQuery } from '../../contract/products.ts';
import { query } from '../../database/query.ts';
import { inSnapshot } from '../in-snapshot.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { Modifier, ModifierGroup, Product, ProductVariant, RecipeLine } from './product.entity.ts';
import { findProductByCode } from './product-codes.ts';

/** A product with what belongs to it, live parts only, in their order. */
export type ProductParts = {
  product: Product;
  variants: ProductVariant[];
  groups: { group: ModifierGroup; modifiers: Modifier[] }[];
  recipe: RecipeLine[];
};

/** A product with its parts as they were at one moment. Throws `not_found`. */
export const readProduct = (em: EntityManager, shopId: string, productId: string): Promise<ProductParts> =>
  inSnapshot(em, (snapshot) => loadProduct(snapshot, shopId, productId));

/** Throws `not_found` for a product that is deleted or another shop's. */
export async function loadProduct(
  em: EntityManager,
  shopId: string,
  productId: string,
): Promise<ProductParts> {
  const product = await em.findOne(Product, { id: productId, shopId, deletedAt: null });
  if (!product) throw new ProblemError('not_found', { detail: 'There is no such product.' });
  const [parts] = await withParts(em, shopId, [product]);
  return parts as ProductParts;
}

type KeyRow = { id: string; place: number; sort_order: number; name: string };

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&');

// Categories that the settings don't name stand together behind those that they do.
const LIST_IDS = `
  WITH place AS (
    SELECT category, ordinality::int AS place
    FROM shops s, jsonb_array_elements_text(s.settings->'categories') WITH ORDINALITY AS c (category) WHERE s.id = $1
  ), menu AS (
    SELECT id, coalesce(place.place, 1000000) AS place, sort_order, name
    FROM products p LEFT JOIN place USING (category)
    WHERE shop_id = $1 AND deleted_at IS NULL
      AND ($6::text IS NULL OR name ILIKE '%' || $6 || '%')
      AND ($7::text IS NULL OR category = $7)
      AND ($8::boolean IS NULL OR is_active = $8)
      AND ($9::uuid IS NULL OR id = $9)
  )
  SELECT id, place, sort_order, name FROM menu
  WHERE $2::int IS NULL OR (place, sort_order, name, id) > ($2, $3::int, $4, $5::uuid)
  ORDER BY place, sort_order, name, id LIMIT $10`;

const NO_KEY = [null, null, null, null];

/** A page of the menu, ordered by category as in the settings, sort order, name and id. Throws `two_articles`. */
export const listProducts = (
  em: EntityManager,
  shopId: string,
  filter: ProductQuery,
): Promise<Page<ProductParts>> => inSnapshot(em, (snapshot) => pageOfMenu(snapshot, shopId, filter));

/** `listProducts` for within a snapshot. */
export async function pageOfMenu(
  em: EntityManager,
  shopId: string,
  filter: ProductQuery,
): Promise<Page<ProductParts>> {
  const key = readCursor(filter.cursor, ['number', 'number', 'string', 'uuid']) ?? NO_KEY;
  const coded = await codedProduct(em, shopId, filter);
  if (coded === null) return { data: [], nextCursor: null };
  const search = filter.search === undefined ? null : escapeLike(filter.search);
  const { category = null, isActive = null, limit } = filter;
  const rows = await query<KeyRow>(em, LIST_IDS, [
    shopId,
    ...key,
    search,
    category,
    isActive,
    coded ?? null,
    limit + 1,
  ]);
  const page = cutPage(
    rows,
    limit,
    (row) => [row.place, row.sort_order, row.name, row.id],
    (row) => row.id,
  );
  const products = await em.find(Product, { id: { $in: page.data } });
  const parts = new Map((await withParts(em, shopId, products)).map((part) => [part.product.id, part]));
  return { ...page, data: page.data.map((productId) => parts.get(productId) as ProductParts) };
}

/** The product of the filter's codes; undefined if the filter has no code, null if there is no such product. */
async function codedProduct(
  em: EntityManager,
  shopId: string,
  filter: ProductQuery,
): Promise<string | null | undefined> {
  const found: (string | null)[] = [];
  for (const kind of codeKinds) {
    const typed = filter[kind];
    if (typed !== undefined) found.push(await findProductByCode(em, shopId, kind, typed));
  }
  return new Set(found).size > 1 ? null : found[0];
}

async function withParts(em: EntityManager, shopId: string, products: Product[]): Promise<ProductParts[]> {
  if (products.length === 0) return [];
  const of = { shopId, productId: { $in: products.map((product) => product.id) } };
  const inOrder = { sortOrder: 'asc', id: 'asc' } as const;
  const variants = await em.find(ProductVariant, { ...of, deletedAt: null }, { orderBy: inOrder });
  const groups = await em.find(ModifierGroup, of, { orderBy: inOrder });
  const groupIds = { $in: groups.map((group) => group.id) };
  const modifiers =
    groups.length === 0 ? [] : await em.find(Modifier, { shopId, groupId: groupIds }, { orderBy: inOrder });
  const recipe = await em.find(RecipeLine, of, { orderBy: { id: 'asc' } });
  return products.map((product) => ({
    product,
    variants: variants.filter((variant) => variant.productId === product.id),
    groups: groups
      .filter((group) => group.productId === product.id)
      .map((group) => ({ group, modifiers: modifiers.filter((modifier) => modifier.groupId === group.id) })),
    recipe: recipe.filter((line) => line.productId === product.id),
  }));
}
