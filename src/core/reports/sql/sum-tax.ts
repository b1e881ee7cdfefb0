import type { EntityManager } from '@mikro-orm/postgresql';
import type { TaxReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { money, quantity, rows } from './json.ts';
import { REFUNDED_LINES, type Span, spanParameters } from './span.ts';

const NET = `
  sum(quantity) AS quantity, sum(sold_taxable) AS sold_taxable, sum(sold_tax) AS sold_tax,
  sum(refunded_taxable) AS refunded_taxable, sum(refunded_tax) AS refunded_tax,
  sum(sold_taxable) - sum(refunded_taxable) AS taxable, sum(sold_tax) - sum(refunded_tax) AS tax,
  sum(half) AS half, sum(igst) AS igst, sum(other) AS other`;

const TAXES = [
  money('taxable'),
  money('cgst', 'half'),
  money('sgst', 'half'),
  money('igst'),
  money('otherTax', 'other'),
  money('tax'),
].join(', ');
const side = (name: string) =>
  `'${name}', json_build_object(${money('taxable', `${name}_taxable`)}, ${money('tax', `${name}_tax`)})`;
const SIDES = `${side('sold')}, ${side('refunded')}`;

// Lines alone: each has the rate and the split that it was sold with. Under GST each half of a line's tax is a whole
// number of paise, so half of a sum is exact.
const SUM_TAX = `
  WITH figures AS (
    SELECT tax_split, tax_percent, hsn, sum(quantity) AS quantity, sum(total - tax) AS sold_taxable,
           sum(tax) AS sold_tax, 0 AS refunded_taxable, 0 AS refunded_tax
    FROM order_lines WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND is_sold
    GROUP BY tax_split, tax_percent, hsn
    UNION ALL
    SELECT l.tax_split, l.tax_percent, l.hsn, -sum(l.quantity), 0, 0, sum(l.total - l.tax), sum(l.tax)
    FROM ${REFUNDED_LINES} GROUP BY l.tax_split, l.tax_percent, l.hsn
  ), split AS (
    SELECT f.*, CASE tax_split WHEN 'gst' THEN (sold_tax - refunded_tax) / 2 ELSE 0 END AS half,
           CASE tax_split WHEN 'igst' THEN sold_tax - refunded_tax ELSE 0 END AS igst,
           CASE tax_split WHEN 'none' THEN sold_tax - refunded_tax ELSE 0 END AS other
    FROM figures f
  ), rate AS (
    SELECT tax_split, tax_percent, ${NET} FROM split GROUP BY tax_split, tax_percent
  ), goods AS (
    SELECT hsn, tax_percent, ${NET} FROM split GROUP BY hsn, tax_percent
  )
  SELECT (SELECT json_build_object(${TAXES}, ${SIDES}) FROM (SELECT ${NET} FROM split) summed) AS totals,
         ${rows(
           `'taxSplit', tax_split, 'percent', trim_scale(tax_percent)::text, ${TAXES}, ${SIDES}`,
           'rate',
           'tax_split, tax_percent',
         )} AS rates,
         ${rows(
           `'hsn', hsn, 'percent', trim_scale(tax_percent)::text, ${quantity('quantity')}, ${TAXES}`,
           'goods',
           'hsn NULLS LAST, tax_percent',
         )} AS hsn`;

type Taxes = Pick<TaxReport, 'totals' | 'rates' | 'hsn'>;

/** Tax by rate and by HSN code, of bills of the span less credit notes of the span. */
export async function sumTax(em: EntityManager, span: Span): Promise<Taxes> {
  return await queryRow<Taxes>(em, SUM_TAX, spanParameters(span));
}
