import type { EntityManager } from '@mikro-orm/postgresql';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { Shop } from './shop.entity.ts';

/** A shop by id. Throws `not_found`. */
export async function findShop(em: EntityManager, shopId: string): Promise<Shop> {
  const shop = await em.findOne(Shop, shopId);
  if (!shop) throw new ProblemError('not_found', { detail: 'There is no such shop.' });
  return shop;
}

/**
 * A shop by its code in any case, as the command line names it; without a code, the only shop there is. Throws `not_found`,
 * `invalid_request` (several shops).
 */
export async function findShopByCode(em: EntityManager, code: string | undefined): Promise<Shop> {
  const shops = await listAllShops(em);
  const codes = shops.map((shop) => shop.code).join(', ');
  const [first] = shops;
  if (!first) throw new ProblemError('not_found', { detail: 'There is no shop yet. Run: smoocho init' });
  if (code === undefined) {
    if (shops.length === 1) return first;
    throw fieldProblem(
      'invalid_request',
      '/shop',
      `There are several shops (${codes}): say which with --shop.`,
    );
  }
  const shop = shops.find((known) => known.code === code.trim().toUpperCase());
  if (shop) return shop;
  const detail = `There is no shop with the code ${code}. Known are: ${codes}.`;
  throw new ProblemError('not_found', { detail });
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
