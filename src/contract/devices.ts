import { z } from 'zod';
import { Day, Id, limits, PageQuery, page, Timestamp, text, Version } from './primitives.ts';
import { defineRoute } from './route.ts';
import { Shop, shopParams } from './shops.ts';
import { written } from './written.ts';

const deviceParams = shopParams.extend({ deviceId: Id });

/** A till, tablet or screen that was paired with the shop. */
export const Device = z.strictObject({
  id: Id,
  shopId: Id,
  name: z.string(),
  /** The letters of its own number series, once it has leased numbers. */
  series: z.string().nullable(),
  pairedAt: Timestamp,
  lastSeenAt: Timestamp,
  revokedAt: Timestamp.nullable(),
  version: Version,
});
export type Device = z.output<typeof Device>;

/** Eight letters and digits that can't be mistaken for each other; in capitals or not, with a dash or without. */
const PairingCode = z
  .string()
  .max(20)
  .transform((code) => code.toUpperCase().replace(/[\s-]/g, ''))
  .pipe(z.string().regex(/^[0-9A-HJKMNP-TV-Z]{8}$/, 'is not a code like 7K2M-9XQD'))
  .register(written, {
    type: 'string',
    maxLength: 20,
    pattern: '^[\\s-]*([0-9A-HJKMNP-TV-Za-hjkmnp-tv-z][\\s-]*){8}$',
  });

/** Numbers that a device may give to bills while it is offline: `prefix` and each of `first` to `last`, in `digits` digits. */
export const NumberLease = z.strictObject({
  id: Id,
  deviceId: Id,
  /** `KULF-A/2627/` */
  prefix: z.string(),
  digits: z.int(),
  first: z.int(),
  last: z.int(),
  /** The fiscal year that the numbers are for: business dates from … to, both included. */
  from: Day,
  to: Day,
  leasedAt: Timestamp,
});
export type NumberLease = z.output<typeof NumberLease>;

export const listDevices = defineRoute({
  name: 'listDevices',
  summary: 'Paired devices, newest first; revoked ones too',
  method: 'get',
  path: '/api/shops/:shopId/devices',
  permission: 'manager',
  params: shopParams,
  query: PageQuery,
  responses: { 200: page(Device) },
  problems: ['not_found'],
});

export const createPairingCode = defineRoute({
  name: 'createPairingCode',
  summary: 'A code that pairs one device, once, within ten minutes',
  method: 'post',
  path: '/api/shops/:shopId/devices',
  permission: 'manager',
  repeat: 'secret',
  params: shopParams,
  body: z.strictObject({ name: text(100) }),
  responses: { 201: z.strictObject({ code: z.string(), name: z.string(), expiresAt: Timestamp }) },
  problems: ['not_found', 'too_many_requests'],
});

export const pairDevice = defineRoute({
  name: 'pairDevice',
  summary: 'Turn a pairing code into a device of the shop; the device token is shown this once',
  method: 'post',
  path: '/api/devices/pair',
  permission: 'nobody',
  repeat: 'secret',
  body: z.strictObject({ code: PairingCode, name: text(100).optional() }),
  responses: {
    201: z.strictObject({
      device: Device,
      /** Sent with each sign-in on this device: `device: { id, token }`. */
      deviceToken: z.string(),
      shop: Shop.pick({ id: true, name: true, code: true, currency: true, timezone: true }),
    }),
  },
  problems: ['pairing_refused', 'too_many_requests'],
});

export const renameDevice = defineRoute({
  name: 'renameDevice',
  summary: 'Rename a device',
  method: 'put',
  path: '/api/shops/:shopId/devices/:deviceId',
  permission: 'manager',
  params: deviceParams,
  body: z.strictObject({ name: text(100), version: Version.optional() }),
  responses: { 200: Device },
  problems: ['not_found', 'version_conflict'],
});

export const revokeDevice = defineRoute({
  name: 'revokeDevice',
  summary: 'Revoke a device: its sessions end, its sockets close, its token is worth nothing',
  method: 'delete',
  path: '/api/shops/:shopId/devices/:deviceId',
  permission: 'manager',
  params: deviceParams,
  responses: { 200: Device },
  problems: ['not_found'],
});

export const leaseNumbers = defineRoute({
  name: 'leaseNumbers',
  summary:
    'Lend a device bill numbers for when it is offline; the same id again gives the same lease with 200',
  method: 'post',
  path: '/api/shops/:shopId/devices/:deviceId/number-lease',
  permission: 'cashier',
  repeat: 'key',
  params: deviceParams,
  body: z.strictObject({
    id: Id,
    count: z.int().min(1).max(limits.leasedNumbers).default(100),
    /** A business date of the fiscal year that the numbers are for; today if left out, at most 31 days ahead. */
    day: Day.optional(),
  }),
  responses: { 201: NumberLease, 200: NumberLease },
  problems: ['not_found', 'forbidden', 'lease_refused', 'lease_conflict'],
});
