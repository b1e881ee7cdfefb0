import { z } from 'zod';
import { Count, Id, Money, queryInt } from './primitives.ts';
import {
  BACKWARDS,
  isForwards,
  LineGrouping,
  reportHead,
  reportRoute,
  SpanQuery,
  span,
} from './report-parts.ts';
import { defineRoute } from './route.ts';

const StockedItem = z.strictObject({
  id: Id,
  name: z.string(),
  unit: z.string(),
  /** Now, as are cost and value. */
  quantity: Count,
  cost: Money,
  /** quantity × cost, rounded half up; negative while more was sold than there was. */
  value: Money,
  isLow: z.boolean(),
  // What moved in the span: opened + purchased − sold − wasted + corrected + counted is what it changed by.
  /** The first figure of an item that was new. */
  opened: Count,
  /** Less what voids and refunds brought back; parked bills have taken theirs already. */
  sold: Count,
  purchased: Count,
  wasted: Count,
  corrected: Count,
  /** What stock takes found more (or, negative, less) than there should have been. */
  counted: Count,
  /** sold × cost and wasted × cost, at the cost of now; what goods cost when they were sold is in the margins. */
  usageCost: Money,
  wasteCost: Money,
});
export type StockedItem = z.output<typeof StockedItem>;

export const InventoryReport = z.strictObject({
  ...reportHead,
  totals: z.strictObject({
    items: z.int(),
    lowItems: z.int(),
    value: Money,
    usageCost: Money,
    wasteCost: Money,
  }),
  items: z.array(StockedItem),
});
export type InventoryReport = z.output<typeof InventoryReport>;

export const inventoryReport = defineRoute({
  ...reportRoute,
  name: 'inventoryReport',
  summary: 'What the stock is worth now, and what moved it in the span',
  path: '/api/shops/:shopId/reports/inventory',
  query: SpanQuery,
  responses: { 200: InventoryReport },
});

export const MarginsReportQuery = z
  .strictObject({ ...span, groupBy: LineGrouping.default('product') })
  .refine(isForwards, BACKWARDS);
export type MarginsReportQuery = z.output<typeof MarginsReportQuery>;

const marginFigures = {
  itemsSold: Count,
  /** Without tax and the bill's rounding, after discounts, with service charge, less refunds. */
  revenue: Money,
  /** How much of the revenue is of goods without a recipe: nobody knows what they cost, so they stay out of the margin. */
  revenueWithoutCost: Money,
  /** What the goods cost when they were sold, less those that went back to stock. */
  cost: Money,
  /** revenue − revenueWithoutCost − cost. */
  margin: Money,
  /** Of the revenue whose cost is known, `62.5`; none when that isn't above 0. */
  marginPercent: z
    .string()
    .regex(/^-?\d+\.\d$/)
    .nullable(),
};

const MarginGroup = z.strictObject({
  /** The name, or `(none)` for goods without a category. */
  key: z.string(),
  /** The product or variant. */
  id: Id.nullable(),
  ...marginFigures,
});
export type MarginGroup = z.output<typeof MarginGroup>;

export const MarginsReport = z.strictObject({
  ...reportHead,
  groupBy: LineGrouping,
  totals: z.strictObject(marginFigures),
  groups: z.array(MarginGroup),
});
export type MarginsReport = z.output<typeof MarginsReport>;

export const marginsReport = defineRoute({
  ...reportRoute,
  name: 'marginsReport',
  summary: 'What goods brought in and what they cost',
  path: '/api/shops/:shopId/reports/margins',
  query: MarginsReportQuery,
  responses: { 200: MarginsReport },
});

export const sellerMeasures = ['quantity', 'total'] as const;
export const SellerMeasure = z.enum(sellerMeasures);
export type SellerMeasure = z.output<typeof SellerMeasure>;

export const SellersReportQuery = z
  .strictObject({
    ...span,
    /** Of each list. */
    limit: queryInt(1, 100, 10),
    by: SellerMeasure.default('total'),
  })
  .refine(isForwards, BACKWARDS);
export type SellersReportQuery = z.output<typeof SellersReportQuery>;

/** Less what came back. */
const Seller = z.strictObject({
  id: Id,
  name: z.string(),
  category: z.string().nullable(),
  quantity: Count,
  /** With tax, after discounts. */
  total: Money,
});
export type Seller = z.output<typeof Seller>;

export const SellersReport = z.strictObject({
  ...reportHead,
  by: SellerMeasure,
  /** Products that sold most. */
  best: z.array(Seller),
  /** Products that are on the menu and sold least, those first that did not sell at all. */
  worst: z.array(Seller),
});
export type SellersReport = z.output<typeof SellersReport>;

export const sellersReport = defineRoute({
  ...reportRoute,
  name: 'sellersReport',
  summary: 'What sells best and what sells worst',
  path: '/api/shops/:shopId/reports/sellers',
  query: SellersReportQuery,
  responses: { 200: SellersReport },
});
