import { z } from 'zod';
import {
  Amount,
  Count,
  Id,
  Level,
  Money,
  note,
  PageQuery,
  page,
  QuantityChange,
  queryFlag,
  Timestamp,
  text,
  Version,
} from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';

const itemParams = shopParams.extend({ itemId: Id });

export const StockPolicy = z.enum(['deny', 'warn', 'allow']);
export type StockPolicy = z.output<typeof StockPolicy>;

/** Why stock moved. `opening` is the first figure of a new item. */
export const movementReasons = [
  'opening',
  'sale',
  'void',
  'refund',
  'purchase',
  'waste',
  'correction',
  'count',
] as const;
export const MovementReason = z.enum(movementReasons);
export type MovementReason = z.output<typeof MovementReason>;

export const NewInventoryItem = z.strictObject({
  name: text(255),
  unit: text(16),
  quantity: Level.default(0),
  cost: Amount.default(0),
  reorderLevel: Level.default(0),
  /** What a sale does when stock would fall below zero; left out, the shop's setting. */
  policy: StockPolicy.optional(),
});
export type NewInventoryItem = z.output<typeof NewInventoryItem>;

/** A stock take sets the figure (`count`), a delivery or a loss moves it (`adjust`), the rest are settings. */
export const InventoryChange = z
  .strictObject({
    /** The movement's own id, made by the client: the same count or adjustment sent again is booked once. */
    id: Id.optional(),
    count: Level.optional(),
    adjust: QuantityChange.optional(),
    reason: z.enum(['purchase', 'waste', 'correction', 'count']).optional(),
    note: note(500).optional(),
    name: text(255).optional(),
    unit: text(16).optional(),
    cost: Amount.optional(),
    reorderLevel: Level.optional(),
    policy: StockPolicy.optional(),
    version: Version.optional(),
  })
  .refine((change) => change.count === undefined || change.adjust === undefined, {
    path: ['adjust'],
    error: 'can not come with count: send one of the two',
  })
  .refine((change) => change.adjust === undefined || (change.reason && change.reason !== 'count'), {
    path: ['reason'],
    error: 'is missing or no reason for it; send purchase, waste or correction',
  })
  .refine((change) => change.adjust !== undefined || change.count !== undefined || !change.reason, {
    path: ['reason'],
    error: 'goes with count or adjust only',
  })
  .refine((change) => change.adjust !== undefined || change.count !== undefined || !change.id, {
    path: ['id'],
    error: 'goes with count or adjust only',
  });
export type InventoryChange = z.output<typeof InventoryChange>;

export const InventoryItem = z.strictObject({
  id: Id,
  shopId: Id,
  name: z.string(),
  unit: z.string(),
  quantity: Count,
  cost: Money,
  reorderLevel: Count,
  policy: StockPolicy,
  isLow: z.boolean(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type InventoryItem = z.output<typeof InventoryItem>;

export const StockMovement = z.strictObject({
  id: Id,
  itemId: Id,
  quantity: Count,
  reason: MovementReason,
  orderId: Id.nullable(),
  note: z.string().nullable(),
  actor: z.string(),
  at: Timestamp,
});
export type StockMovement = z.output<typeof StockMovement>;

export const listInventory = defineRoute({
  name: 'listInventory',
  summary: 'Stock by name; `low=true` for what is to be ordered',
  method: 'get',
  path: '/api/shops/:shopId/inventory',
  permission: 'cashier',
  params: shopParams,
  query: PageQuery.extend({ low: queryFlag().optional() }),
  responses: { 200: page(InventoryItem) },
  problems: ['not_found'],
});

export const createInventoryItem = defineRoute({
  name: 'createInventoryItem',
  summary: 'Add an inventory item',
  method: 'post',
  path: '/api/shops/:shopId/inventory',
  permission: 'manager',
  repeat: 'key',
  params: shopParams,
  body: NewInventoryItem,
  responses: { 201: InventoryItem },
  problems: ['not_found', 'already_exists'],
});

export const updateInventoryItem = defineRoute({
  name: 'updateInventoryItem',
  summary: 'Count, adjust or set up an inventory item',
  method: 'put',
  path: '/api/shops/:shopId/inventory/:itemId',
  permission: 'manager',
  params: itemParams,
  body: InventoryChange,
  responses: { 200: InventoryItem },
  problems: ['not_found', 'already_exists', 'version_conflict', 'out_of_stock'],
});

export const listMovements = defineRoute({
  name: 'listMovements',
  summary: 'What moved an item, newest first',
  method: 'get',
  path: '/api/shops/:shopId/inventory/:itemId/movements',
  permission: 'manager',
  params: itemParams,
  query: PageQuery,
  responses: { 200: page(StockMovement) },
  problems: ['not_found'],
});
