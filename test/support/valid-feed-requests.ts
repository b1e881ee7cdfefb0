import { cursorOf, inShop } from './request-parts.ts';
import type { Builder } from './valid-requests.ts';

/** Valid requests to the feed, activity, attention and audit routes. */
export const feedRequests: Record<string, Builder[]> = {
  listEvents: [
    async (world) => {
      const { rows } = await world.db.query('SELECT epoch FROM shop_heads WHERE shop_id = $1', [
        world.shop.id,
      ]);
      return { params: inShop(world), query: { after: `${rows[0].epoch}:1`, limit: '10', wait: '0' } };
    },
  ],
  listAttention: [() => ({})],
  listActivity: [async (world) => ({ params: inShop(world) })],
  listAudit: [
    async (world, { id }) => ({
      params: inShop(world),
      query: {
        limit: '10',
        cursor: await cursorOf(world, '/audit', world.shop.owner),
        from: '2026-01-01T00:00:00Z',
        to: '2099-12-31T23:59:59.999Z',
        type: 'order_updated',
        action: 'voided',
        userId: id,
        deviceId: 'till-1',
      },
    }),
  ],
};
