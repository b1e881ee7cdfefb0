import { z } from 'zod';
import { AuditActor, eventTypes } from './events.ts';
import { Id, PageQuery, page, Timestamp } from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';

/** What is no change of the shop's data: it stands in the security log, beside the events. */
export const securityTypes = [
  'signed_in',
  'sign_in_failed',
  'sign_in_delayed',
  'signed_out',
  'session_ended',
  'refresh_reused',
  'pin_locked',
  'password_changed',
  'pin_changed',
  'email_changed',
  'approval_failed',
  /** More than the drawer of a shift should have was to be paid out of it. */
  'payout_refused',
  'denied',
  'limited',
  'device_paired',
  'device_renamed',
  'device_revoked',
  'numbers_lent',
  'pairing_code_made',
  'pairing_failed',
  'customer_changed',
  'report_exported',
  'setup_claimed',
  'setup_failed',
  'shop_created',
  'secrets_rotated',
  'backup_created',
  /** All data was restored from a backup, or a restore was undone. */
  'restored',
] as const;
export type SecurityType = (typeof securityTypes)[number];

/** What a change did to a bill, besides `type`: a bill may be edited, approved and paid at once. */
export const orderActions = [
  'edited',
  'paid',
  /** Some of a payment was given back, without a refund. */
  'given_back',
  /** A payment was booked by another method than it came by. */
  'corrected',
  'moved',
  'refunded',
  'voided',
  /** Something was taken off a bill that went on. */
  'item_voided',
  'flagged',
  'reviewed',
  /** Somebody allowed what not everybody may do: another price, a discount above the limit, taking off what is cooked. */
  'approved',
] as const;
export type OrderAction = (typeof orderActions)[number];

/** One record: a change, or something of the security log. */
export const AuditRecord = z.strictObject({
  /** `e42` is the shop's event 42, `s7` the seventh row of its security log. */
  id: z.string(),
  type: z.enum([...eventTypes, ...securityTypes]),
  actions: z.array(z.enum(orderActions)),
  at: Timestamp,
  actor: AuditActor,
  deviceId: z.string().nullable(),
  deviceName: z.string().nullable(),
  address: z.string().nullable(),
  /** Of a change: the fields that it replaced, as they were. */
  before: z.unknown(),
  /** Of a change, how it is since; else what there is to say. */
  after: z.unknown(),
  /** The seal that closed it; null for what came in the last seconds. */
  sealNumber: z.int().nullable(),
});
export type AuditRecord = z.output<typeof AuditRecord>;

export const listAudit = defineRoute({
  name: 'listAudit',
  summary: 'Who did what, from which device, when, before and after; newest first',
  method: 'get',
  path: '/api/shops/:shopId/audit',
  permission: 'owner',
  params: shopParams,
  query: PageQuery.extend({
    /** Both ends included. */
    from: Timestamp.optional(),
    to: Timestamp.optional(),
    type: z.enum([...eventTypes, ...securityTypes]).optional(),
    userId: Id.optional(),
    deviceId: z.string().min(1).max(100).optional(),
    action: z.enum(orderActions).optional(),
  }),
  responses: { 200: page(AuditRecord) },
  problems: ['not_found'],
});
