import { z } from 'zod';
import { Activity } from './activity.ts';
import { InventoryItem } from './inventory.ts';
import { Order } from './orders.ts';
import { Id, limits, queryInt, Timestamp, Version } from './primitives.ts';
import { Product } from './products.ts';
import { defineRoute } from './route.ts';
import { Settings } from './settings.ts';
import { Shift } from './shifts.ts';
import { Shop, shopParams } from './shops.ts';
import { Role } from './users.ts';

/** What a bulk import put in; clients fetch again what they show of it. */
const DataImported = z.strictObject({
  kind: z.enum(['sales', 'products']),
  orders: z.int(),
  lines: z.int(),
  products: z.int(),
});

/** Somebody of the staff, as every till may know them: no e-mail address. */
export const Colleague = z.strictObject({
  id: Id,
  name: z.string(),
  role: Role,
  /** Null: they are not of this shop any more. */
  shopId: Id.nullable(),
  /** Since when this person can't sign in any more. */
  disabledAt: Timestamp.nullable(),
  version: Version,
});
export type Colleague = z.output<typeof Colleague>;

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
  user_created: Colleague,
  user_updated: Colleague,
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

/** The same as the audit keeps it; the live feed leaves the account out. */
export const AuditActor = EventActor.extend({
  /** Of a command: the account of the operating system that ran it. */
  account: z.string().optional(),
});
export type AuditActor = z.output<typeof AuditActor>;

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

/** Where a reader of the feed stands: it has seen everything up to `seq` of `epoch`. Written `epoch:seq`. */
export type FeedPosition = { epoch: string; seq: number };

export const Position = z
  .string()
  .regex(/^[0-9A-Fa-f-]{36}:\d{1,15}$/, 'is not a position like 0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55:42')
  .transform((text): FeedPosition => {
    const [epoch, seq] = text.toLowerCase().split(':') as [string, string];
    return { epoch, seq: Number(seq) };
  });

export const formatPosition = ({ epoch, seq }: FeedPosition) => `${epoch}:${seq}`;

/**
 * Why what was missed can't be sent: more than is worth sending one by one (`too_far_behind`), data of another epoch, for
 * the shop was restored from a backup (`other_epoch`), or a position that the shop has not come to (`ahead`).
 */
export const resyncReasons = ['too_far_behind', 'other_epoch', 'ahead'] as const;
export type ResyncReason = (typeof resyncReasons)[number];

/** What a client sends when it connects to `/socket.io`. `since` asks for what was missed. */
export const SocketHandshake = z.strictObject({
  token: z.string().max(4096),
  shopId: Id,
  since: Position.nullish(),
});

/**
 * What a socket is told first, once: `ready`, from which position its events go on; or `resync`, when they can't go on
 * from `since`: fetch everything again, events go on from this position.
 */
export type Ready = FeedPosition;
export type Resync = FeedPosition & { reason: ResyncReason };

/** A device that connected (`isOnline`) or disconnected. */
export const ActivityChange = Activity.extend({ isOnline: z.boolean() });
export type ActivityChange = z.output<typeof ActivityChange>;

/**
 * Presence: not stored and without seq. For managers and owners, like `GET …/activity`. The first message after connecting
 * has all connected devices (`isWhole`); each later one the last change of each, at most one message a second.
 */
export const UserActivity = z.strictObject({
  type: z.literal('user_activity'),
  at: Timestamp,
  isWhole: z.boolean(),
  data: z.array(ActivityChange),
});
export type UserActivity = z.output<typeof UserActivity>;

/** Seconds that a request for events waits at most. */
export const MAX_WAIT_SECONDS = 25;

export const listEvents = defineRoute({
  name: 'listEvents',
  summary:
    'The feed over HTTP: what happened after a position, in order; with `wait`, as soon as something does',
  method: 'get',
  path: '/api/shops/:shopId/events',
  permission: 'cashier',
  params: shopParams,
  query: z.strictObject({
    /** Without it there are no events, only where the feed stands. */
    after: Position.optional(),
    limit: queryInt(1, limits.events, limits.events),
    wait: queryInt(0, MAX_WAIT_SECONDS, 0),
  }),
  responses: {
    200: z.strictObject({
      data: z.array(EventEnvelope),
      /** `after` of the next request. */
      position: z.string(),
      /** Not null: what is after this position can't be told; fetch everything again and go on from `position`. */
      resync: z.enum(resyncReasons).nullable(),
    }),
  },
  problems: ['not_found'],
});
