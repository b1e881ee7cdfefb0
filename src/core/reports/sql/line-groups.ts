import type { LineGrouping } from '../../../contract/reports.ts';

type LineGroups = {
  /** What lines `l` are grouped by. */
  columns: string;
  /** The column of `order_lines` that counts a bill once in each group. */
  firstOf: string;
  /** Key, id and the given sums of `figures`, one row a group. Goods have the names that the menu has now. */
  named: (sums: string) => string;
};

export const lineGroups: Record<LineGrouping, LineGroups> = {
  category: {
    columns: 'l.category',
    firstOf: 'first_of_category',
    named: (sums) =>
      `SELECT coalesce(category, '(none)') AS key, NULL::uuid AS id, ${sums} FROM figures GROUP BY category`,
  },
  product: {
    columns: 'l.product_id',
    firstOf: 'first_of_product',
    named: (sums) => `
      SELECT p.name AS key, s.* FROM (SELECT product_id AS id, ${sums} FROM figures GROUP BY product_id) s
      JOIN products p ON p.id = s.id`,
  },
  variant: {
    columns: 'l.product_id, l.variant_id',
    firstOf: 'first_of_variant',
    named: (sums) => `
      SELECT p.name || coalesce(' · ' || v.name, '') AS key, s.* FROM (
        SELECT coalesce(variant_id, product_id) AS id, product_id, variant_id, ${sums}
        FROM figures GROUP BY product_id, variant_id) s
      JOIN products p ON p.id = s.product_id LEFT JOIN product_variants v ON v.id = s.variant_id`,
  },
};
