import { z } from 'zod';
import { Count, Day, Id, Money } from './primitives.ts';
import { BACKWARDS, isForwards, lineGroupings, reportHead, reportRoute, span } from './report-parts.ts';
import { defineRoute } from './route.ts';

export const groupings = [
  'day',
  'week',
  'month',
  'hour',
  'weekday',
  ...lineGroupings,
  'cashier',
  'paymentMethod',
  'orderType',
] as const;
export const Grouping = z.enum(groupings);
export type Grouping = z.output<typeof Grouping>;

export const SalesReportQuery = z
  .strictObject({
    ...span,
    groupBy: Grouping.default('day'),
    /** Adds the totals of the span of the same length just before. */
    compare: z.enum(['previous']).optional(),
  })
  .refine(isForwards, BACKWARDS);
export type SalesReportQuery = z.output<typeof SalesReportQuery>;

/** gross − discount + serviceCharge + tax, where it comes on top of prices, + rounding − refunds = total. */
const salesFigures = {
  orders: z.int(),
  /** Less what came back. */
  itemsSold: Count,
  /** Before discounts, with the tax if prices contain it. */
  gross: Money,
  discount: Money,
  serviceCharge: Money,
  /** What was charged on sales, in prices or on top of them; not less what refunds gave back: see the tax report. */
  tax: Money,
  /** What rounding added to bills, or took from them. */
  rounding: Money,
  /** With their tax and rounding. */
  refunds: Money,
  total: Money,
};

export const SalesGroup = z.strictObject({
  /**
   * 2015-07, 2015-W27, 12 (the hour), Friday, or the name of what it groups. Goods have one more group, `(rounding)`,
   * when bills of the span were rounded: rounding is the bill's and no line's.
   */
  key: z.string(),
  /** The product, variant or cashier behind the name. */
  id: Id.nullable(),
  ...salesFigures,
});
export type SalesGroup = z.output<typeof SalesGroup>;

export const SalesTotals = z.strictObject({
  ...salesFigures,
  /** Total by orders, rounded half up. */
  averageOrder: Money,
  /** Business days with at least one order. */
  days: z.int(),
});
export type SalesTotals = z.output<typeof SalesTotals>;

/**
 * Stored figures added up: orders that are neither parked nor voided, less refunds of the same dates. The groups add up
 * to the totals, except that a bill counts as an order in each group of goods that it has lines in.
 */
export const SalesReport = z.strictObject({
  ...reportHead,
  groupBy: Grouping,
  totals: SalesTotals,
  /** None unless asked for, or where the calendar has no such days. */
  previous: z.strictObject({ from: Day, to: Day, totals: SalesTotals }).nullable(),
  groups: z.array(SalesGroup),
  /** Days with orders that are neither paid nor on the book: their figures may still change. */
  openDays: z.array(Day),
  /** Offline orders that arrived after their day had ended. They are in the totals. */
  late: z.strictObject({ orders: z.int(), total: Money }),
});
export type SalesReport = z.output<typeof SalesReport>;

export const salesReport = defineRoute({
  ...reportRoute,
  name: 'salesReport',
  summary: 'Sales of a span of business dates, in groups; `compare=previous` adds the span just before',
  path: '/api/shops/:shopId/reports/sales',
  query: SalesReportQuery,
  responses: { 200: SalesReport },
});
