import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../../database/query.ts';
import type { Order } from '../order.entity.ts';

/** The feed's number of an order's first event. An order that came in late was recorded then, and not when it was sold. */
const recordedAs = (order: string) => `(
  SELECT min(e.seq) FROM events e
  WHERE e.shop_id = ${order}.shop_id AND e.at = coalesce(${order}.received_at, ${order}.created_at)
    AND e.type = 'order_created' AND e.data->>'id' = ${order}.id::text)`;

// events.seq counts up whatever the clock says. An order of a clock that was ahead says nothing about those made after it.
const HAS_DAY_ENDED = `
  SELECT EXISTS (
    SELECT FROM orders o, orders later
    WHERE o.shop_id = $1 AND o.id = $2 AND later.shop_id = $1 AND later.business_date > o.business_date
      AND later.received_at IS NULL AND later.source = 'till'
      AND ${recordedAs('later')} > coalesce(${recordedAs('o')}, 0)
  ) AS "hasEnded"`;

/** Whether the shop sold on a later day after it had recorded this order, whatever day the clock says it is now. */
export async function hasDayEnded(
  em: EntityManager,
  { shopId, id }: Pick<Order, 'shopId' | 'id'>,
): Promise<boolean> {
  return (await queryRow<{ hasEnded: boolean }>(em, HAS_DAY_ENDED, [shopId, id])).hasEnded;
}
