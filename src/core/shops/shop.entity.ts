import { defineEntity, p } from '@mikro-orm/core';
import type { SettingsValues } from '../../contract/settings.ts';
import { timestamp, varchar } from '../columns.ts';

const ShopSchema = defineEntity({
  name: 'Shop',
  tableName: 'shops',
  properties: {
    id: p.uuid().primary(),
    name: varchar(255),
    ownerId: p.uuid().nullable(),
    /** Only what differs from the defaults; `settingsOf` fills in the rest. */
    settings: p.json<Partial<SettingsValues>>(),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    code: varchar(4),
    currency: p.string().columnType('char(3)'),
    timezone: varchar(64),
    /** `HH:MM:SS`. */
    dayStart: p.string().columnType('time'),
    version: p.integer().version(),
  },
});

export class Shop extends ShopSchema.class {}
ShopSchema.setClass(Shop);
