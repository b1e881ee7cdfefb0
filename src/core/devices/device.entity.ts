import { defineEntity, p } from '@mikro-orm/core';
import { timestamp, varchar } from '../columns.ts';

const DeviceSchema = defineEntity({
  name: 'Device',
  tableName: 'devices',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    name: varchar(100),
    /** SHA-256 of the token that the device keeps. */
    tokenHash: varchar(64),
    /** The letters of its own number series, from its first lease on. */
    series: varchar(3).nullable(),
    pairedAt: timestamp(),
    pairedBy: p.uuid().nullable(),
    lastSeenAt: timestamp(),
    revokedAt: timestamp().nullable(),
    version: p.integer().version(),
  },
});

export class Device extends DeviceSchema.class {}
DeviceSchema.setClass(Device);
