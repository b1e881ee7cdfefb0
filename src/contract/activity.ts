import { z } from 'zod';
import { Id, Timestamp } from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { Role } from './users.ts';

/** Somebody who is signed in on a device whose live feed is connected now. */
export const Activity = z.strictObject({
  /** The connection's; the same person on two devices is there twice. */
  id: z.string(),
  userId: Id,
  name: z.string(),
  role: Role,
  deviceId: z.string().nullable(),
  deviceName: z.string().nullable(),
  since: Timestamp,
  lastSeenAt: Timestamp,
});
export type Activity = z.output<typeof Activity>;

export const listActivity = defineRoute({
  name: 'listActivity',
  summary: 'Who is on which device now',
  method: 'get',
  path: '/api/shops/:shopId/activity',
  permission: 'manager',
  params: shopParams,
  responses: { 200: z.strictObject({ data: z.array(Activity) }) },
  problems: ['not_found'],
});
