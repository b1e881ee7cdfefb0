import { LIVE_CODES } from '../../catalog/sql/product-codes.ts';
import { sqlCheck } from '../check.ts';

const LABEL = `CASE kind WHEN 'sku' THEN 'SKU ' ELSE 'Barcode ' END || code`;

/** `product_codes` against the menu: each code of one article is that article's, and no other is in the table. */
export const productCodes = sqlCheck({
  name: 'product-codes',
  holds: 'A scan finds the article that has the code',
  counts: 'codes',
  checked: 'SELECT count(*) FROM product_codes WHERE shop_id = $1',
  faults: `
    WITH live AS (${LIVE_CODES}), menu AS (
      SELECT kind, code, string_agg(name, ' and ' ORDER BY name) AS names,
        CASE count(*) WHEN 1 THEN (array_agg(product_id))[1] END AS product_id,
        CASE count(*) WHEN 1 THEN (array_agg(variant_id))[1] END AS variant_id
      FROM live GROUP BY kind, code
    )
    SELECT ${LABEL} AS subject,
      CASE WHEN menu.code IS NULL THEN 'No article has it, and a scan finds one.'
        WHEN known.code IS NULL THEN format('A scan does not find %s.', menu.names)
        ELSE format('A scan finds another article than %s.', menu.names) END AS detail
    FROM menu FULL JOIN (SELECT * FROM product_codes WHERE shop_id = $1) known USING (kind, code)
    WHERE menu.code IS NULL OR known.code IS NULL
      OR (menu.product_id, menu.variant_id) IS DISTINCT FROM (known.product_id, known.variant_id)`,
});

/** Codes of before they were unique: two articles under one, or the number that a spreadsheet made of one. */
export const sharedCodes = sqlCheck({
  name: 'shared-codes',
  severity: 'warning',
  holds: 'Each SKU and each barcode belongs to one article',
  counts: 'codes',
  checked: `SELECT count(*) FROM (${LIVE_CODES}) live`,
  faults: `
    WITH live AS (${LIVE_CODES})
    SELECT ${LABEL} AS subject,
      format('Two articles have it: %s. Give each its own.', string_agg(name, ' and ' ORDER BY name)) AS detail
    FROM live GROUP BY kind, code HAVING count(*) > 1
    UNION ALL
    SELECT ${LABEL}, format('It is a number as a spreadsheet shortens it. Give %s its code.', name)
    FROM live WHERE typed ~ '^[0-9]+([.,][0-9]+)?[eE][+][0-9]+$'`,
});
