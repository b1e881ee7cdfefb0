import { currencyDigits, smallestMinor } from '../../contract/currencies.ts';
import { parseMinor } from '../../contract/money.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { CUSTOM_MAX_BYTES, type SettingsChange, type SettingsValues } from '../../contract/settings.ts';
import type { ShopChange } from '../../contract/shops.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { query, queryRow } from '../../database/query.ts';
import type { Actor, Context } from '../context.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { takenCode } from './create-shop.ts';
import { requireNoEarlierDay } from './same-day.ts';
import { mergeSettings, settingsOf, viewSettings } from './settings.ts';
import { Shop } from './shop.entity.ts';
import { lockCounters } from './sql/lock-counters.ts';
import { checkTaxRegistration } from './tax-registration.ts';
import { viewShop } from './view-shop.ts';

/** Changes the shop. Throws `not_found`, `version_conflict`, `already_exists`, `shop_has_orders`, `day_closed`. */
export async function updateShop(context: Context, shopId: string, change: ShopChange): Promise<Shop> {
  return await transact(context, async (tx) => {
    const shop = await lockShop(tx, shopId);
    const before = viewShop(shop);
    checkVersion(change.version, before);
    await changeIdentity(tx, shop, change);
    await requireNoEarlierDay(tx, shopId, shop, {
      timezone: change.timezone ?? shop.timezone,
      dayStart: change.dayStart ?? shop.dayStart,
    });
    shop.name = change.name ?? shop.name;
    shop.timezone = change.timezone ?? shop.timezone;
    if (change.dayStart !== undefined) shop.dayStart = `${change.dayStart}:00`;
    shop.updatedAt = tx.app.now();
    await tx.em.flush().catch((error) => {
      throw isUniqueViolation(error, 'shops_code_key') ? takenCode(shop.code) : error;
    });
    tx.record({ shopId, type: 'shop_updated', data: viewShop(shop), before });
    return shop;
  });
}

// A device with leased numbers may have sold offline under this code and in this currency.
const HAS_SOLD = `
  SELECT EXISTS (SELECT FROM orders WHERE shop_id = $1) AS "hasOrders",
    EXISTS (SELECT FROM number_leases WHERE shop_id = $1) AS "hasLeases"`;

/**
 * The code stands on every order, and every amount is in the currency: neither changes once there is an order. An order that
 * was priced before this commit and is written after it, which takes milliseconds, keeps the old code; `smoocho verify` names it.
 */
async function changeIdentity(
  { em }: Transaction,
  shop: Shop,
  { code, currency }: ShopChange,
): Promise<void> {
  const isNewCode = code !== undefined && code !== shop.code;
  const isNewCurrency = currency !== undefined && currency !== shop.currency;
  if (!isNewCode && !isNewCurrency) return;
  await lockCounters(em, shop.id);
  const sold = await queryRow<{ hasOrders: boolean; hasLeases: boolean }>(em, HAS_SOLD, [shop.id]);
  if (sold.hasOrders || sold.hasLeases) throw hasOrders(isNewCode ? 'code' : 'currency', sold.hasOrders);
  shop.code = code ?? shop.code;
  shop.currency = currency ?? shop.currency;
}

function hasOrders(field: 'code' | 'currency', isSold: boolean): ProblemError {
  const why = isSold ? 'has orders' : 'has lent bill numbers to a device, which may have sold offline';
  const instead = field === 'code' ? 'another code' : 'another currency';
  return fieldProblem(
    'shop_has_orders',
    `/${field}`,
    `stays as it is: the shop ${why}. For ${instead}, open another shop`,
  );
}

/** Changes settings by key. Throws `not_found`, `version_conflict`, `invalid_request`, `day_closed`. */
export async function updateSettings(
  context: Context,
  shopId: string,
  change: SettingsChange,
): Promise<Shop> {
  return await transact(context, async (tx) => {
    const shop = await lockShop(tx, shopId);
    const before = viewSettings(shop);
    checkVersion(change.version, before);
    const current = settingsOf(shop);
    const { dayStart, ...merged } = mergeSettings(current, change);
    const settings = { ...merged, tax: checkTaxRegistration(current, merged) };
    checkOwnLimit(tx.actor, current, settings);
    checkTaxClasses(settings.tax);
    checkRounding(shop.currency, change.rounding?.to);
    if (JSON.stringify(settings.custom).length > CUSTOM_MAX_BYTES) {
      throw fieldProblem('invalid_request', '/custom', 'is larger than 32 KiB');
    }
    await requireNoEarlierDay(tx, shopId, shop, { timezone: shop.timezone, dayStart });
    shop.settings = settings;
    shop.dayStart = `${dayStart}:00`;
    shop.updatedAt = tx.app.now();
    await tx.em.flush();
    tx.record({ shopId, type: 'settings_changed', data: viewSettings(shop), before });
    return shop;
  });
}

/** Nobody raises the limit that holds for themselves. */
function checkOwnLimit(
  actor: Actor,
  { discountLimits: before }: Pick<SettingsValues, 'discountLimits'>,
  { discountLimits: after }: Pick<SettingsValues, 'discountLimits'>,
): void {
  if (actor.kind === 'system' || actor.role === 'owner' || before.manager === after.manager) return;
  const detail = "Only an owner can change the managers' limit on discounts.";
  throw fieldProblem('forbidden', '/discountLimits/manager', detail);
}

/** Throws `invalid_request` for a step with decimals where the currency has none. */
function checkRounding(currency: string, to: SettingsValues['rounding']['to'] | undefined): void {
  const isWhole = to === undefined || to === 'none' || (parseMinor(to) as number) % smallestMinor(0) === 0;
  if (currencyDigits(currency) !== 0 || isWhole) return;
  throw fieldProblem(
    'invalid_request',
    '/rounding/to',
    `${currency} has no decimals, so nothing is rounded to ${to}. Round to none, 1.00, 5.00 or 10.00.`,
  );
}

// NO KEY: a sale under way, which refers to its shop, need not wait for the settings.
const LOCK_SHOP = 'SELECT FROM shops WHERE id = $1 FOR NO KEY UPDATE';

async function lockShop(tx: Transaction, shopId: string): Promise<Shop> {
  await query(tx.em, LOCK_SHOP, [shopId]);
  const shop = await tx.em.findOne(Shop, shopId, { refresh: true });
  if (!shop) throw new ProblemError('not_found', { detail: 'There is no such shop.' });
  return shop;
}

function checkTaxClasses({
  classes,
  defaultClass,
}: {
  classes: { code: string }[];
  defaultClass: string;
}): void {
  const codes = classes.map((taxClass) => taxClass.code);
  const twice = codes.findIndex((code, index) => codes.indexOf(code) !== index);
  if (twice >= 0) throw fieldProblem('invalid_request', `/tax/classes/${twice}/code`, 'stands twice');
  if (defaultClass !== '' && !codes.includes(defaultClass)) {
    throw fieldProblem('invalid_request', '/tax/defaultClass', 'is not one of the tax classes');
  }
}
