import type { EntityManager } from '@mikro-orm/postgresql';
import type { SellerMeasure, SellersReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { money, quantity, rows } from './json.ts';
import { REFUNDED_LINES, type Span, spanParameters } from './span.ts';

const FIELDS = `'id', id, 'name', name, 'category', category, ${quantity('quantity')}, ${money('total')}`;

const list = (where: string, order: string) =>
  rows(FIELDS, `(SELECT * FROM products_sold WHERE ${where} ORDER BY ${order} LIMIT $4) listed`, order);

/** What ties in one measure is told apart by the other. */
const statement = (by: SellerMeasure, then: SellerMeasure) => `
  WITH figures AS (
    SELECT product_id, sum(quantity) AS quantity, sum(total) AS total
    FROM order_lines WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND is_sold GROUP BY product_id
    UNION ALL
    SELECT l.product_id, -sum(l.quantity), -sum(l.total) FROM ${REFUNDED_LINES} GROUP BY l.product_id
  ), sums AS MATERIALIZED (
    SELECT product_id, sum(quantity) AS quantity, sum(total) AS total FROM figures GROUP BY product_id
  ), products_sold AS MATERIALIZED (
    SELECT p.id, p.name, p.category, p.is_active AND p.deleted_at IS NULL AS is_on_menu,
           coalesce(s.quantity, 0) AS quantity, coalesce(s.total, 0) AS total
    FROM products p LEFT JOIN sums s ON s.product_id = p.id WHERE p.shop_id = $1
  )
  SELECT ${list('quantity > 0', `${by} DESC, ${then} DESC, name, id`)} AS best,
         ${list('is_on_menu', `${by}, ${then}, name, id`)} AS worst`;

const statements: Record<SellerMeasure, string> = {
  quantity: statement('quantity', 'total'),
  total: statement('total', 'quantity'),
};

type Sellers = Pick<SellersReport, 'best' | 'worst'>;

/** The products of a span that sold most, and those on the menu that sold least, at most `limit` each. */
export async function rankSellers(
  em: EntityManager,
  span: Span,
  { by, limit }: { by: SellerMeasure; limit: number },
): Promise<Sellers> {
  return await queryRow<Sellers>(em, statements[by], [...spanParameters(span), limit]);
}
