import { sqlCheck } from '../check.ts';

/** What lines repeat of their bill, so that reports read lines alone, and which of them count the bill in a group. */
export const lineMarks = sqlCheck({
  name: 'line-marks',
  holds: 'Each line counts in the reports as its bill does',
  counts: 'lines',
  checked: 'SELECT count(*) FROM order_lines WHERE shop_id = $1',
  faults: `
    SELECT order_number AS subject, format('Line %s %s.', line_no, detail) AS detail FROM (
      SELECT o.order_number, l.line_no, concat_ws(', ',
        CASE WHEN l.business_date <> o.business_date
          THEN format('is of %s, its bill of %s', l.business_date, o.business_date) END,
        CASE WHEN l.is_sold <> (o.status NOT IN ('open', 'voided'))
          THEN format('%s, but its bill is %s', CASE WHEN l.is_sold THEN 'counts' ELSE 'does not count' END, o.status) END,
        CASE WHEN l.tax_split <> o.tax_split
          THEN format('has its tax split by %s, its bill by %s', l.tax_split, o.tax_split) END,
        CASE WHEN l.first_of_product <>
            (row_number() OVER (PARTITION BY l.order_id, l.product_id ORDER BY l.line_no) = 1)
          OR l.first_of_variant <>
            (row_number() OVER (PARTITION BY l.order_id, l.product_id, l.variant_id ORDER BY l.line_no) = 1)
          OR l.first_of_category <>
            (row_number() OVER (PARTITION BY l.order_id, l.category ORDER BY l.line_no) = 1)
          THEN 'counts its bill in the wrong groups' END) AS detail
      FROM order_lines l JOIN orders o ON o.shop_id = l.shop_id AND o.id = l.order_id
      WHERE l.shop_id = $1
    ) marked WHERE detail <> ''`,
});
