/** The columns of `order_lines` in the order in which `linesOf` gives them. */
export const LINE_COLUMNS = `(
  shop_id, order_id, business_date, is_sold, id, line_no, product_id, variant_id, name, variant_name, category, quantity,
  unit_price, subtotal, discount, tax, total, first_of_product, first_of_variant, first_of_category)`;

type LineSource = {
  items: string;
  shopId: string;
  orderId: string;
  businessDate: string;
  isSold: string;
  from?: string;
};

/**
 * Rows for `order_lines` from a bill's frozen items; each part is an SQL expression over `from`. The `first_of` columns
 * let a report count a bill once in each group without comparing lines.
 */
export const linesOf = ({ items, shopId, orderId, businessDate, isSold, from }: LineSource) => `
  SELECT ${shopId}, ${orderId}, ${businessDate}, ${isSold}, line.id, line.number, line."productId", line."variantId",
    line.name, line."variantName", line.category, line.quantity, line."unitPrice", line.subtotal, line.discount, line.tax,
    line.total,
    row_number() OVER (PARTITION BY line."productId" ORDER BY line.number) = 1,
    row_number() OVER (PARTITION BY line."productId", line."variantId" ORDER BY line.number) = 1,
    row_number() OVER (PARTITION BY line.category ORDER BY line.number) = 1
  FROM ${from ? `${from}, ` : ''}ROWS FROM (jsonb_to_recordset(${items}) AS (
    id uuid, "productId" uuid, "variantId" uuid, name text, "variantName" text, category text, quantity numeric,
    "unitPrice" numeric, subtotal numeric, discount numeric, tax numeric, total numeric)) WITH ORDINALITY
    AS line (id, "productId", "variantId", name, "variantName", category, quantity, "unitPrice", subtotal, discount,
    tax, total, number)`;
