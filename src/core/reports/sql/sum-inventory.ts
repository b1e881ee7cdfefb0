import type { EntityManager } from '@mikro-orm/postgresql';
import type { Digits } from '../../../contract/currencies.ts';
import type { InventoryReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { count, money, quantity, rows } from './json.ts';
import { type Span, spanParameters } from './span.ts';

const sumOf = (column: 'quantity' | 'value', ...reasons: string[]) =>
  `coalesce(sum(${column}) FILTER (WHERE reason IN (${reasons.map((reason) => `'${reason}'`).join(', ')})), 0)`;
const moved = (...reasons: string[]) => sumOf('quantity', ...reasons);
const worth = (...reasons: string[]) => `-round(${sumOf('value', ...reasons)}, $4::int)`;

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

// Movements are read once, whatever the planner makes of a table that grew today: left to itself it read them again for each
// item. What is there, and what it is worth, is of now; what moved is worth what it cost when it moved.
const SUM_INVENTORY = `
  WITH by_reason AS MATERIALIZED (
    SELECT item_id, reason, sum(quantity) AS quantity, sum(value) AS value FROM stock_movements
    WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3
    GROUP BY item_id, reason
  ), moved AS (
    SELECT item_id, ${moved('opening')} AS opened, -${moved('sale', 'void', 'refund')} AS sold,
           ${moved('purchase')} AS purchased, -${moved('waste')} AS wasted, ${moved('correction')} AS corrected,
           ${moved('count')} AS counted, ${worth('sale', 'void', 'refund')} AS usage_cost,
           ${worth('waste')} AS waste_cost
    FROM by_reason GROUP BY item_id
  ), items AS (
    SELECT i.id, i.name, i.unit, i.quantity, i.cost, i.quantity <= i.reorder_level AS is_low, m.*,
           round(i.quantity * i.cost, $4::int) AS value
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
