import { defineEntity, p } from '@mikro-orm/core';
import { SoldBy } from '../../contract/sold-by.ts';
import { milli, minor, timestamp, varchar } from '../columns.ts';

const ProductSchema = defineEntity({
  name: 'Product',
  tableName: 'products',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    name: varchar(255),
    priceMinor: minor().fieldName('price'),
    category: varchar(100).nullable(),
    description: p.text().nullable(),
    /** The hash of the picture; `viewProduct` makes its address of it. */
    imageUrl: varchar(500).nullable(),
    isActive: p.boolean(),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    sku: varchar(64).nullable(),
    barcode: varchar(64).nullable(),
    taxClass: varchar(32).nullable(),
    sortOrder: p.integer(),
    version: p.integer().version(),
    deletedAt: timestamp().nullable(),
    hsn: varchar(8).nullable(),
    soldBy: p.enum(SoldBy.options).columnType('varchar(8)'),
    unit: varchar(16),
  },
});

export class Product extends ProductSchema.class {}
ProductSchema.setClass(Product);

const ProductVariantSchema = defineEntity({
  name: 'ProductVariant',
  tableName: 'product_variants',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    productId: p.uuid(),
    name: varchar(100),
    priceMinor: minor().fieldName('price'),
    sku: varchar(64).nullable(),
    barcode: varchar(64).nullable(),
    sortOrder: p.integer(),
    deletedAt: timestamp().nullable(),
  },
});

export class ProductVariant extends ProductVariantSchema.class {}
ProductVariantSchema.setClass(ProductVariant);

const ModifierGroupSchema = defineEntity({
  name: 'ModifierGroup',
  tableName: 'modifier_groups',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    productId: p.uuid(),
    name: varchar(100),
    min: p.integer(),
    max: p.integer(),
    sortOrder: p.integer(),
  },
});

export class ModifierGroup extends ModifierGroupSchema.class {}
ModifierGroupSchema.setClass(ModifierGroup);

const ModifierSchema = defineEntity({
  name: 'Modifier',
  tableName: 'modifiers',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    groupId: p.uuid(),
    name: varchar(100),
    priceMinor: minor().fieldName('price'),
    sortOrder: p.integer(),
  },
});

export class Modifier extends ModifierSchema.class {}
ModifierSchema.setClass(Modifier);

const RecipeLineSchema = defineEntity({
  name: 'RecipeLine',
  tableName: 'recipes',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    productId: p.uuid(),
    variantId: p.uuid().nullable(),
    inventoryItemId: p.uuid(),
    quantityMilli: milli().fieldName('quantity'),
  },
});

export class RecipeLine extends RecipeLineSchema.class {}
RecipeLineSchema.setClass(RecipeLine);
