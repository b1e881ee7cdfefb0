import { inShop } from './request-parts.ts';
import type { Builder } from './valid-requests.ts';

/** Valid requests about the feed and who hears it. */
export const feedRequests: Record<string, Builder[]> = {
  listEvents: [
    async (world) => {
      const { rows } = await world.db.query('SELECT epoch FROM shop_heads WHERE shop_id = $1', [
        world.shop.id,
      ]);
      return { params: inShop(world), query: { after: `${rows[0].epoch}:1`, limit: '10', wait: '0' } };
    },
  ],
  listActivity: [async (world) => ({ params: inShop(world) })],
};
