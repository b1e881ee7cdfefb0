import { defineEntity, p } from '@mikro-orm/core';
import { StockPolicy } from '../../contract/inventory.ts';
import { milli, minor, timestamp, varchar } from '../columns.ts';

const InventoryItemSchema = defineEntity({
  name: 'InventoryItem',
  tableName: 'inventory_items',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    name: varchar(255),
    unit: varchar(16),
    quantityMilli: milli().fieldName('quantity'),
    costMinor: minor().fieldName('cost'),
    reorderLevelMilli: milli().fieldName('reorder_level'),
    policy: p.enum(StockPolicy.options).columnType('varchar(8)'),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    version: p.integer().version(),
  },
});

export class InventoryItem extends InventoryItemSchema.class {}
InventoryItemSchema.setClass(InventoryItem);
