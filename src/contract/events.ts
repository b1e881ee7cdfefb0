import { z } from 'zod';
import { InventoryItem } from './inventory.ts';
import { Order } from './orders.ts';
import { Id, Timestamp } from './primitives.ts';
import { Product } from './products.ts';
import { Settings } from './settings.ts';
import { Shift } from './shifts.ts';
import { Shop } from './shops.ts';

/** What a bulk import put in; clients fetch again what they show of it. */
const DataImported = z.strictObject({
  kind: z.enum(['sales', 'products']),
  orders: z.int(),
  lines: z.int(),
  products: z.int(),
});

/** Event name → its data, the same view that GET gives. */
export const eventData = {
  order_created: Order,
  order_updated: Order,
  product_created: Product,
  product_updated: Product,
  product_deleted: z.strictObject({ id: Id }),
  inventory_updated: InventoryItem,
  /** An item has come down to its reorder level; under the policy `warn`, also each time that more goes than there is. */
  stock_low: InventoryItem,
  settings_changed: Settings,
  shop_updated: Shop,
  /** Opened, cash put in or taken out, closed. What should be in an open drawer is not in it. */
  shift_updated: Shift,
  data_imported: DataImported,
} as const;

export type EventType = keyof typeof eventData;
export const eventTypes = Object.keys(eventData) as EventType[];
export type EventData<T extends EventType> = z.output<(typeof eventData)[T]>;

/** Who did it: a person, or a program such as the command line. */
export const EventActor = z.strictObject({
  kind: z.enum(['user', 'system']),
  id: Id.nullable(),
  name: z.string(),
});
export type EventActor = z.output<typeof EventActor>;

export const EventEnvelope = z.strictObject({
  /** Changes when the data is restored from a backup: positions of another epoch mean nothing. */
  epoch: Id,
  /** The shop's own count of changes, without a gap, in the order of commit. */
  seq: z.int(),
  type: z.enum(eventTypes),
  at: Timestamp,
  actor: EventActor,
  deviceId: z.string().nullable(),
  data: z.unknown(),
});
export type EventEnvelope = z.output<typeof EventEnvelope>;

/** What a client sends when it connects to `/socket.io`. */
export const SocketHandshake = z.object({ token: z.string().max(4096), shopId: Id });
