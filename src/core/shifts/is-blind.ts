import type { Context } from '../context.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';

/** Whether somebody counts drawers blind: who doesn't know what should be in one can't make the count fit. */
export async function isBlind(
  { actor, em }: Pick<Context, 'actor' | 'em'>,
  shopId: string,
): Promise<boolean> {
  if (actor.kind !== 'user' || actor.role !== 'cashier') return false;
  return settingsOf(await findShop(em, shopId)).shifts.blindCount;
}
