/** The columns of `order_lines` in the order in which `linesOf` gives them. */
export const LINE_COLUMNS = `(
  shop_id, order_id, business_date, is_sold, tax_split, id, line_no, product_id, variant_id, name, variant_name, category,
  hsn, quantity, unit_price, subtotal, discount, service_charge, tax_percent, tax, total, recipe, cost, first_of_product,
  first_of_variant, first_of_category)`;

type LineSource = {
  items: string;
  /** An array of `LineStock`, in the order of the items. */
  lineStock: string;
  shopId: string;
  orderId: string;
  businessDate: string;
  isSold: string;
  taxSplit: string;
  from?: string;
};

/**
 * Rows for `order_lines` from a bill's frozen items; each part is an SQL expression over `from`. The `first_of` columns
 * let a report count a bill once in each group without comparing lines.
 */
export const linesOf = ({
  items,
  lineStock,
  shopId,
  orderId,
  businessDate,
  isSold,
  taxSplit,
  from,
}: LineSource) => `
  SELECT ${shopId}, ${orderId}, ${businessDate}, ${isSold}, ${taxSplit}, line.id, line.number, line."productId",
    line."variantId", line.name, line."variantName", line.category, line.hsn, line.quantity, line."unitPrice",
    line.subtotal, line.discount, line."serviceCharge", line."taxPercent", line.tax, line.total, line.recipe, line.cost,
    row_number() OVER (PARTITION BY line."productId" ORDER BY line.number) = 1,
    row_number() OVER (PARTITION BY line."productId", line."variantId" ORDER BY line.number) = 1,
    row_number() OVER (PARTITION BY line.category ORDER BY line.number) = 1
  FROM ${from ? `${from}, ` : ''}ROWS FROM (
    jsonb_to_recordset(${items}) AS (
      id uuid, "productId" uuid, "variantId" uuid, name text, "variantName" text, category text, hsn text,
      quantity numeric, "unitPrice" numeric, subtotal numeric, discount numeric, "serviceCharge" numeric,
      "taxPercent" numeric, tax numeric, total numeric),
    jsonb_to_recordset(${lineStock}) AS (recipe jsonb, cost numeric)) WITH ORDINALITY
    AS line (id, "productId", "variantId", name, "variantName", category, hsn, quantity, "unitPrice", subtotal, discount,
    "serviceCharge", "taxPercent", tax, total, recipe, cost, number)`;
