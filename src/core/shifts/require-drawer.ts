import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { type Context, deviceOf } from '../context.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';

const IS_PAIRED = 'SELECT FROM devices WHERE shop_id = $1 AND id::text = $2';

/**
 * Keeps cashiers away from the drawer of another paired device, unless `settings.shifts.anyDrawer` lets them. `deviceId` is
 * whose drawer it is, null the shop's main one. Throws `forbidden`.
 */
export async function requireDrawer(
  { em, actor }: Pick<Context, 'em' | 'actor'>,
  shopId: string,
  deviceId: string | null,
): Promise<void> {
  const isOwn = deviceId === null || deviceId === deviceOf(actor);
  if (actor.kind === 'system' || actor.role !== 'cashier' || isOwn) return;
  const paired = await query(em, IS_PAIRED, [shopId, deviceId]);
  if (paired.length === 0 || settingsOf(await findShop(em, shopId)).shifts.anyDrawer) return;
  throw new ProblemError('forbidden', {
    detail:
      'This is the drawer of another device. Open and count it there, or ask a manager. A manager can let cashiers do it everywhere: settings.shifts.anyDrawer.',
  });
}
