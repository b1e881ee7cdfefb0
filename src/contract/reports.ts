import { z } from 'zod';
import { Count, Day, Id, Money } from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';

export const groupings = [
  'day',
  'week',
  'month',
  'hour',
  'weekday',
  'product',
  'variant',
  'category',
  'cashier',
  'paymentMethod',
  'orderType',
] as const;
export const Grouping = z.enum(groupings);
export type Grouping = z.output<typeof Grouping>;

/** Business dates, both ends included; left out, today in the shop. */
export const SalesReportQuery = z
  .strictObject({ from: Day.optional(), to: Day.optional(), groupBy: Grouping.default('day') })
  .refine((query) => !query.from || !query.to || query.from <= query.to, {
    path: ['to'],
    error: 'is before from',
  });
export type SalesReportQuery = z.output<typeof SalesReportQuery>;

export const SalesGroup = z.strictObject({
  /** 2015-07, 2015-W27, 12 (the hour), Friday, or the name of what it groups. */
  key: z.string(),
  /** The product, variant or cashier behind the name. */
  id: Id.nullable(),
  orders: z.int(),
  itemsSold: Count,
  gross: Money,
  discount: Money,
  tax: Money,
  refunds: Money,
  total: Money,
});
export type SalesGroup = z.output<typeof SalesGroup>;

/**
 * Stored figures added up: orders that are neither parked nor voided, less refunds of the same dates.
 * `gross` is before discounts, `total` is what was sold with tax less refunds, `itemsSold` is less what came back.
 */
export const SalesReport = z.strictObject({
  from: Day,
  to: Day,
  currency: z.string(),
  timezone: z.string(),
  groupBy: Grouping,
  totals: z.strictObject({
    orders: z.int(),
    itemsSold: Count,
    gross: Money,
    discount: Money,
    tax: Money,
    refunds: Money,
    total: Money,
    averageOrder: Money,
    /** Business days with at least one order. */
    days: z.int(),
  }),
  groups: z.array(SalesGroup),
});
export type SalesReport = z.output<typeof SalesReport>;

export const salesReport = defineRoute({
  name: 'salesReport',
  summary: 'Sales of a span of business dates, in groups',
  method: 'get',
  path: '/api/shops/:shopId/reports/sales',
  permission: 'manager',
  params: shopParams,
  query: SalesReportQuery,
  responses: { 200: SalesReport },
  formats: ['text/csv'],
  problems: ['not_found', 'not_acceptable'],
});
