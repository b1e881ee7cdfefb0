import { defineEntity, p } from '@mikro-orm/core';
import { roles } from '../../contract/users.ts';
import { timestamp, varchar } from '../columns.ts';

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary(),
    email: varchar(255),
    passwordHash: varchar(255),
    name: varchar(255),
    role: p.enum(roles).columnType('varchar(50)'),
    shopId: p.uuid().nullable(),
    /** argon2id over the keyed hash of the PIN. */
    pinHash: varchar(255).nullable(),
    /** Wrong PINs since the last right one. */
    pinFailures: p.integer().default(0),
    disabledAt: timestamp().nullable(),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    version: p.integer().version(),
  },
});

export class User extends UserSchema.class {}
UserSchema.setClass(User);
