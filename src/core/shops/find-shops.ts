import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { Shop } from './shop.entity.ts';

/** A shop by id. Throws `not_found`. */
export async function findShop(em: EntityManager, shopId: string): Promise<Shop> {
  const shop = await em.findOne(Shop, shopId);
  if (!shop) throw new ProblemError('not_found', { detail: 'There is no such shop.' });
  return shop;
}

/** A shop by its code, as people name it on the command line. Throws `not_found`. */
export async function findShopByCode(em: EntityManager, code: string): Promise<Shop> {
  const shop = await em.findOne(Shop, { code: code.toUpperCase() });
  if (!shop) {
    const codes = (await em.find(Shop, {}, { orderBy: { code: 'asc' } })).map((known) => known.code);
    const known = codes.length > 0 ? `Known are: ${codes.join(', ')}.` : 'There is no shop yet.';
    throw new ProblemError('not_found', { detail: `There is no shop with the code ${code}. ${known}` });
  }
  return shop;
}

/** The shops that somebody works in or owns, by name. */
export async function listShopsOf(
  em: EntityManager,
  user: { id: string; shopId?: string | null },
): Promise<Shop[]> {
  const own = user.shopId ? [{ id: user.shopId }] : [];
  return await em.find(
    Shop,
    { $or: [{ ownerId: user.id }, ...own] },
    { orderBy: { name: 'asc', id: 'asc' } },
  );
}

export async function listAllShops(em: EntityManager): Promise<Shop[]> {
  return await em.find(Shop, {}, { orderBy: { code: 'asc' } });
}

/** The one with which the installation began; null before that. */
export async function findFirstShop(em: EntityManager): Promise<Shop | null> {
  const [first] = await em.find(Shop, {}, { orderBy: { createdAt: 'asc', id: 'asc' }, limit: 1 });
  return first ?? null;
}
