import { defineEntity, p } from '@mikro-orm/core';
import { timestamp, varchar } from '../columns.ts';

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    /** SHA-256 of the refresh token that is valid now. */
    refreshHash: varchar(64),
    deviceId: varchar(100).nullable(),
    deviceName: varchar(100).nullable(),
    createdAt: timestamp(),
    lastSeenAt: timestamp(),
    expiresAt: timestamp(),
    endedAt: timestamp().nullable(),
  },
});

export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session);
