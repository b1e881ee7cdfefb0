/**
 * Common table expressions that name the orders of `candidates` (SQL with `id` and `items`) made by a version whose lines did
 * not keep how their goods were sold: `made_before`. The event of the sale has to say so, too: an order's row alone can be
 * edited, its event is sealed. Events are read only where a row claims it.
 */
export const madeBefore = (candidates: string): string => `
  claimed AS MATERIALIZED (
    SELECT id FROM (${candidates}) candidate WHERE NOT coalesce(items -> 0 ? 'soldBy', false)
  ), made_before AS MATERIALIZED (
    SELECT id FROM claimed WHERE id NOT IN (
      SELECT (data->>'id')::uuid FROM events
      WHERE shop_id = $1 AND type = 'order_created' AND data -> 'items' -> 0 ? 'soldBy' AND EXISTS (SELECT FROM claimed)
    )
  )`;
