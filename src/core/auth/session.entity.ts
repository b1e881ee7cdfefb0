import { defineEntity, p } from '@mikro-orm/core';
import { timestamp, varchar } from '../columns.ts';

/** Why a session ended before its time. */
export const endReasons = [
  'signed_out',
  'ended',
  /** Others on the same device were used later, and somebody has only so many there. */
  'oldest',
  'reused',
  /** Or the PIN: a way in was replaced. */
  'password',
  'disabled',
  'device',
  'upgrade',
  /** The data was restored from a backup: what ended since was forgotten with the rest. */
  'restored',
] as const;
export type EndReason = (typeof endReasons)[number];

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    /** SHA-256 of the part of the refresh token that stays. */
    familyHash: varchar(64),
    /** SHA-256 of the secret that is valid now, and of the one before. */
    refreshHash: varchar(64),
    previousHash: varchar(64).nullable(),
    /** The secret that is valid now is the keyed hash of the one before with this. */
    refreshSalt: varchar(64).nullable(),
    /** Counts the refreshes; and the highest one whose tokens somebody used. */
    generation: p.integer().default(1),
    generationUsed: p.integer().default(1),
    address: varchar(45).nullable(),
    deviceId: varchar(100).nullable(),
    deviceName: varchar(100).nullable(),
    createdAt: timestamp(),
    lastSeenAt: timestamp(),
    expiresAt: timestamp(),
    endedAt: timestamp().nullable(),
    endReason: p.enum(endReasons).columnType('varchar(16)').nullable(),
  },
});

export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session);
