import type { EntityManager } from '@mikro-orm/postgresql';
import { Shop } from '../shops/shop.entity.ts';
import { User } from './user.entity.ts';

/** The people of a shop, its owner among them, by name. */
export async function listUsersOf(em: EntityManager, shopId: string): Promise<User[]> {
  const shop = await em.findOneOrFail(Shop, shopId);
  const ids = shop.ownerId ? [{ id: shop.ownerId }] : [];
  return await em.find(User, { $or: [{ shopId }, ...ids] }, { orderBy: { name: 'asc', id: 'asc' } });
}
