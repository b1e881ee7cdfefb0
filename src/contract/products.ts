import { z } from 'zod';
import { isSpreadsheetNumber, SPREADSHEET_NUMBER } from './codes.ts';
import {
  Amount,
  Count,
  Id,
  limits,
  Money,
  note,
  PageQuery,
  page,
  Quantity,
  queryFlag,
  Timestamp,
  text,
  Version,
} from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { SoldBy } from './sold-by.ts';

/** An SKU or a barcode, kept as it was typed. Unique in a shop, over products and variants. */
const Code = text(64).refine((code) => !isSpreadsheetNumber(code), SPREADSHEET_NUMBER);

export const productParams = shopParams.extend({ productId: Id });

const NewVariant = z.strictObject({
  /** An id keeps the variant in a PUT; without one it is matched by name, or made. */
  id: Id.optional(),
  name: text(100),
  price: Amount,
  sku: Code.nullish(),
  barcode: Code.nullish(),
});

const NewModifierGroup = z
  .strictObject({
    id: Id.optional(),
    name: text(100),
    min: z.int().min(0).max(limits.modifiers).default(0),
    max: z.int().min(1).max(limits.modifiers).default(1),
    modifiers: z
      .array(z.strictObject({ id: Id.optional(), name: text(100), price: Amount }))
      .min(1)
      .max(limits.modifiers),
  })
  .refine((group) => group.min <= group.max, { path: ['min'], error: 'is above max' });

const NewRecipeLine = z.strictObject({
  inventoryItemId: Id,
  /** What one unit sold takes from stock. */
  quantity: Quantity,
  variantId: Id.nullish(),
});

/** Harmonised System of Nomenclature, 2 to 8 digits: the tax report adds up by it. */
export const HsnCode = z.string().regex(/^\d{2,8}$/, 'is not an HSN or SAC code of 2 to 8 digits');

const fields = {
  name: text(255),
  price: Amount,
  category: text(100).nullable(),
  description: note(5000).nullable(),
  sku: Code.nullable(),
  barcode: Code.nullable(),
  /** By the piece by default. A fraction of a piece can't be sold. */
  soldBy: SoldBy,
  /** The unit of quantities. By default pc, kg, l or m. */
  unit: text(16),
  taxClass: text(32).nullable(),
  hsn: HsnCode.nullable(),
  sortOrder: z.int().min(0).max(1_000_000),
  isActive: z.boolean(),
  variants: z.array(NewVariant).max(limits.variants),
  modifierGroups: z.array(NewModifierGroup).max(limits.modifierGroups),
  recipe: z.array(NewRecipeLine).max(limits.recipeLines),
};

export const NewProduct = z.strictObject(fields).partial().required({ name: true, price: true });
export type NewProduct = z.output<typeof NewProduct>;

export const ProductChange = z.strictObject({ ...fields, version: Version }).partial();
export type ProductChange = z.output<typeof ProductChange>;

export const Product = z.strictObject({
  id: Id,
  shopId: Id,
  name: z.string(),
  price: Money,
  category: z.string().nullable(),
  description: z.string().nullable(),
  imageUrl: z.string().nullable(),
  sku: z.string().nullable(),
  barcode: z.string().nullable(),
  soldBy: SoldBy,
  unit: z.string(),
  taxClass: z.string().nullable(),
  hsn: z.string().nullable(),
  sortOrder: z.int(),
  isActive: z.boolean(),
  variants: z.array(
    z.strictObject({
      id: Id,
      name: z.string(),
      price: Money,
      sku: z.string().nullable(),
      barcode: z.string().nullable(),
    }),
  ),
  modifierGroups: z.array(
    z.strictObject({
      id: Id,
      name: z.string(),
      min: z.int(),
      max: z.int(),
      modifiers: z.array(z.strictObject({ id: Id, name: z.string(), price: Money })),
    }),
  ),
  recipe: z.array(z.strictObject({ inventoryItemId: Id, quantity: Count, variantId: Id.nullable() })),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Product = z.output<typeof Product>;

const ProductQuery = PageQuery.extend({
  /** Part of the name, in any case. */
  search: text(100).optional(),
  category: text(100).optional(),
  sku: text(64).optional(),
  /** GTIN-12, -13 and -14 of one article match each other. */
  barcode: text(64).optional(),
  isActive: queryFlag().optional(),
});
export type ProductQuery = z.output<typeof ProductQuery>;

export const listProducts = defineRoute({
  name: 'listProducts',
  summary: 'The menu, by category, sort order and name; look one up by barcode or SKU',
  method: 'get',
  path: '/api/shops/:shopId/products',
  permission: 'cashier',
  params: shopParams,
  query: ProductQuery,
  responses: { 200: page(Product) },
  problems: ['not_found', 'two_articles'],
});

export const createProduct = defineRoute({
  name: 'createProduct',
  summary: 'Add a product, with its variants, modifiers and recipe',
  method: 'post',
  path: '/api/shops/:shopId/products',
  permission: 'manager',
  repeat: 'key',
  params: shopParams,
  body: NewProduct,
  responses: { 201: Product },
  problems: ['not_found', 'already_exists'],
});

export const getProduct = defineRoute({
  name: 'getProduct',
  summary: 'One product',
  method: 'get',
  path: '/api/shops/:shopId/products/:productId',
  permission: 'cashier',
  params: productParams,
  responses: { 200: Product },
  problems: ['not_found'],
});

export const updateProduct = defineRoute({
  name: 'updateProduct',
  summary: 'Change a product; what is not named stays',
  method: 'put',
  path: '/api/shops/:shopId/products/:productId',
  permission: 'manager',
  params: productParams,
  body: ProductChange,
  responses: { 200: Product },
  problems: ['not_found', 'already_exists', 'version_conflict'],
});

export const deleteProduct = defineRoute({
  name: 'deleteProduct',
  summary: 'Take a product off the menu for good; old bills keep its name',
  method: 'delete',
  path: '/api/shops/:shopId/products/:productId',
  permission: 'manager',
  params: productParams,
  body: z.strictObject({ version: Version.optional() }),
  responses: { 204: null },
  problems: ['not_found', 'version_conflict'],
});
