import { z } from 'zod';
import { Count, Money } from './primitives.ts';
import { reportHead, reportRoute, SpanQuery } from './report-parts.ts';
import { defineRoute } from './route.ts';

/** taxable + tax = what was charged for the goods, with their service charge and without the bill's rounding. */
const Charged = z.strictObject({ taxable: Money, tax: Money });

/** Net of credit notes. cgst + sgst + igst + otherTax = tax; under GST the halves are equal. */
const taxFigures = {
  taxable: Money,
  cgst: Money,
  sgst: Money,
  igst: Money,
  /** Of bills whose tax is one line, outside GST. */
  otherTax: Money,
  tax: Money,
};
/** The two sides of the net figures: bills of the span, and credit notes of the span, whenever their bills are from. */
const sides = { sold: Charged, refunded: Charged };

const TaxRate = z.strictObject({
  taxSplit: z.enum(['none', 'gst', 'igst']),
  /** `5`; untaxed goods have a row of their own, `0`. */
  percent: z.string(),
  ...taxFigures,
  ...sides,
});
export type TaxRate = z.output<typeof TaxRate>;

/** As table 12 of GSTR-1 asks for it: a code that was sold at two rates has two rows. */
const TaxedGoods = z.strictObject({
  /** None for goods that have no code. */
  hsn: z.string().nullable(),
  percent: z.string(),
  /** Less what came back. */
  quantity: Count,
  ...taxFigures,
});
export type TaxedGoods = z.output<typeof TaxedGoods>;

export const TaxReport = z.strictObject({
  ...reportHead,
  totals: z.strictObject({ ...taxFigures, ...sides }),
  rates: z.array(TaxRate),
  hsn: z.array(TaxedGoods),
});
export type TaxReport = z.output<typeof TaxReport>;

export const taxReport = defineRoute({
  ...reportRoute,
  name: 'taxReport',
  summary: 'Tax by rate and by HSN code, net of credit notes',
  path: '/api/shops/:shopId/reports/tax',
  query: SpanQuery,
  responses: { 200: TaxReport },
});
