import type { Shop as ShopView } from '../../contract/shops.ts';
import type { Shop } from './shop.entity.ts';

export function viewShop(shop: Shop): ShopView {
  return {
    id: shop.id,
    name: shop.name,
    code: shop.code,
    currency: shop.currency,
    timezone: shop.timezone,
    dayStart: shop.dayStart.slice(0, 5),
    ownerId: shop.ownerId ?? null,
    version: shop.version,
    createdAt: shop.createdAt.toISOString(),
    updatedAt: shop.updatedAt.toISOString(),
  };
}
