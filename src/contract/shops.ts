import { z } from 'zod';
import { isoDigits } from './currencies.ts';
import { Id, page, Timestamp, text, Version } from './primitives.ts';
import { defineRoute } from './route.ts';
import { Settings, SettingsChange, WallTime } from './settings.ts';
import { written } from './written.ts';

export const shopParams = z.strictObject({ shopId: Id });

/** 2 to 4 capital letters: it stands at the front of every bill's number. */
export const ShopCode = z
  .string()
  .trim()
  .toUpperCase()
  .pipe(z.string().regex(/^[A-Z]{2,4}$/, 'is not 2 to 4 letters'))
  .register(written, { type: 'string', pattern: '^\\s*[A-Za-z]{2,4}\\s*$' });

/** An ISO 4217 currency in use. Amounts have at most two decimals, so currencies with three are refused. */
export const Currency = z
  .string()
  .trim()
  .toUpperCase()
  .pipe(z.string().regex(/^[A-Z]{3}$/, 'is not a currency code like INR'))
  .superRefine((code, context) => {
    const places = isoDigits(code);
    if (places === undefined)
      context.addIssue({ code: 'custom', message: 'is not a currency of ISO 4217 such as INR' });
    else if (places > 2)
      context.addIssue({ code: 'custom', message: 'has three decimals, and amounts here have two at most' });
  })
  .register(written, { type: 'string', pattern: '^\\s*[A-Za-z]{3}\\s*$', examples: ['INR', 'EUR'] });

/** An IANA zone that this machine can resolve. */
export const TimeZone = z
  .string()
  .max(64, 'is longer than 64 characters')
  .refine(isTimeZone, 'is not a time zone like Asia/Kolkata')
  .register(written, {
    type: 'string',
    maxLength: 64,
    pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$',
    examples: ['Asia/Kolkata'],
  });

export function isTimeZone(zone: string): boolean {
  // An offset such as +05:30 is accepted by Intl but has no daylight saving and no name: not a place's zone.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const NewShop = z.strictObject({
  name: text(255),
  code: ShopCode,
  currency: Currency,
  timezone: TimeZone,
});
export type NewShop = z.output<typeof NewShop>;

export const ShopChange = z.strictObject({
  name: text(255).optional(),
  /** Can be changed until the first order. After that it is on printed bills, also those that a device printed offline. */
  code: ShopCode.optional(),
  currency: Currency.optional(),
  timezone: TimeZone.optional(),
  dayStart: WallTime.optional(),
  version: Version.optional(),
});
export type ShopChange = z.output<typeof ShopChange>;

export const Shop = z.strictObject({
  id: Id,
  name: z.string(),
  code: z.string(),
  currency: z.string(),
  timezone: z.string(),
  dayStart: WallTime,
  ownerId: Id.nullable(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Shop = z.output<typeof Shop>;

export const listShops = defineRoute({
  name: 'listShops',
  summary: 'The shops that I work in or own',
  method: 'get',
  path: '/api/shops',
  permission: 'any',
  responses: { 200: page(Shop) },
  problems: [],
});

export const createShop = defineRoute({
  name: 'createShop',
  summary: 'Open another shop',
  method: 'post',
  path: '/api/shops',
  permission: 'owner',
  repeat: 'key',
  body: NewShop,
  responses: { 201: Shop },
  problems: ['already_exists'],
});

export const getShop = defineRoute({
  name: 'getShop',
  summary: 'One shop',
  method: 'get',
  path: '/api/shops/:shopId',
  permission: 'cashier',
  params: shopParams,
  responses: { 200: Shop },
  problems: ['not_found'],
});

export const updateShop = defineRoute({
  name: 'updateShop',
  summary: "Change a shop's name, time zone or day start; until its first order also its code and currency",
  method: 'put',
  path: '/api/shops/:shopId',
  permission: 'manager',
  params: shopParams,
  body: ShopChange,
  responses: { 200: Shop },
  problems: ['not_found', 'version_conflict', 'already_exists', 'shop_has_orders', 'day_closed'],
});

export const getSettings = defineRoute({
  name: 'getSettings',
  summary: "A shop's settings",
  method: 'get',
  path: '/api/shops/:shopId/settings',
  permission: 'cashier',
  params: shopParams,
  responses: { 200: Settings },
  problems: ['not_found'],
});

export const updateSettings = defineRoute({
  name: 'updateSettings',
  summary: 'Change settings by key; what is not named stays',
  method: 'put',
  path: '/api/shops/:shopId/settings',
  permission: 'manager',
  params: shopParams,
  body: SettingsChange,
  responses: { 200: Settings },
  problems: ['not_found', 'forbidden', 'version_conflict', 'day_closed'],
});
