import type { EntityManager } from '@mikro-orm/postgresql';
import type { Digits } from '../../../contract/currencies.ts';
import type { InventoryReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { count, money, quantity, rows } from './json.ts';
import { type Span, spanParameters, startOfDay } from './span.ts';

const moved = (...reasons: string[]) =>
  `coalesce(sum(quantity) FILTER (WHERE reason IN (${reasons.map((reason) => `'${reason}'`).join(', ')})), 0)`;

const FIELDS = [
  "'id', id, 'name', name, 'unit', unit",
  quantity('quantity'),
  money('cost'),
  money('value'),
  "'isLow', is_low",
  ...['opened', 'sold', 'purchased', 'wasted', 'corrected', 'counted'].map((name) => quantity(name)),
  money('usageCost', 'usage_cost'),
  money('wasteCost', 'waste_cost'),
].join(', ');

// Movements have a time and no business date: the span is bounded by the clock on the shop's wall. They are read once,
// whatever the planner makes of a table that grew today: left to itself it read them again for each item.
const SUM_INVENTORY = `
  WITH by_reason AS MATERIALIZED (
    SELECT item_id, reason, sum(quantity) AS quantity FROM stock_movements
    WHERE shop_id = $1 AND at >= ${startOfDay('$2::date')} AND at < ${startOfDay('($3::date + 1)')}
    GROUP BY item_id, reason
  ), moved AS (
    SELECT item_id, ${moved('opening')} AS opened, -${moved('sale', 'void', 'refund')} AS sold,
           ${moved('purchase')} AS purchased, -${moved('waste')} AS wasted, ${moved('correction')} AS corrected,
           ${moved('count')} AS counted
    FROM by_reason GROUP BY item_id
  ), items AS (
    SELECT i.id, i.name, i.unit, i.quantity, i.cost, i.quantity <= i.reorder_level AS is_low, m.*,
           round(i.quantity * i.cost, $4::int) AS value, round(m.sold * i.cost, $4::int) AS usage_cost,
           round(m.wasted * i.cost, $4::int) AS waste_cost
    FROM inventory_items i LEFT JOIN moved m ON m.item_id = i.id WHERE i.shop_id = $1
  )
  SELECT (SELECT json_build_object(
            ${count('items', 'count(*)')}, ${count('lowItems', 'count(*) FILTER (WHERE is_low)')},
            ${money('value', 'sum(value)')}, ${money('usageCost', 'sum(usage_cost)')},
            ${money('wasteCost', 'sum(waste_cost)')})
          FROM items) AS totals,
         ${rows(FIELDS, 'items', 'lower(name), id')} AS items`;

type Inventory = Pick<InventoryReport, 'totals' | 'items'>;

/** What the stock is worth now, and what moved it in a span. */
export async function sumInventory(em: EntityManager, span: Span, digits: Digits): Promise<Inventory> {
  return await queryRow<Inventory>(em, SUM_INVENTORY, [...spanParameters(span), digits]);
}
