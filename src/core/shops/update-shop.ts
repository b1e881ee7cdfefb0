import { currencyDigits, smallestMinor } from '../../contract/currencies.ts';
import { parseMinor } from '../../contract/money.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { CUSTOM_MAX_BYTES, type SettingsChange, type SettingsValues } from '../../contract/settings.ts';
import type { ShopChange } from '../../contract/shops.ts';
import { query } from '../../database/query.ts';
import type { Actor, Context } from '../context.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { mergeSettings, settingsOf, viewSettings } from './settings.ts';
import { Shop } from './shop.entity.ts';
import { viewShop } from './view-shop.ts';

/** Changes what the shop is. Throws `not_found`, `version_conflict`. */
export async function updateShop(context: Context, shopId: string, change: ShopChange): Promise<Shop> {
  return await transact(context, async (tx) => {
    const shop = await lockShop(tx, shopId);
    const before = viewShop(shop);
    checkVersion(change.version, before);
    shop.name = change.name ?? shop.name;
    shop.timezone = change.timezone ?? shop.timezone;
    if (change.dayStart !== undefined) shop.dayStart = `${change.dayStart}:00`;
    shop.updatedAt = tx.app.now();
    await tx.em.flush();
    tx.record({ shopId, type: 'shop_updated', data: viewShop(shop), before });
    return shop;
  });
}

/** Changes settings by key. Throws `not_found`, `version_conflict`, `invalid_request`. */
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
    const { dayStart, ...settings } = mergeSettings(current, change);
    checkOwnLimit(tx.actor, current, settings);
    checkTaxClasses(settings.tax);
    checkRounding(shop.currency, change.rounding?.to);
    if (JSON.stringify(settings.custom).length > CUSTOM_MAX_BYTES) {
      throw fieldProblem('invalid_request', '/custom', 'is larger than 32 KiB');
    }
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

/** A currency without decimals has no coin of 0.50. */
function checkRounding(currency: string, to: SettingsValues['rounding']['to'] | undefined): void {
  const isWhole = to === undefined || to === 'none' || (parseMinor(to) as number) % smallestMinor(0) === 0;
  if (currencyDigits(currency) !== 0 || isWhole) return;
  throw fieldProblem(
    'invalid_request',
    '/rounding/to',
    `is ${to}, but ${currency} has no decimals; send none, 1.00, 5.00 or 10.00`,
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
