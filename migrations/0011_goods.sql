-- Up Migration

-- The article of each SKU and barcode: unique in a shop, over products and variants. `code` is in its comparable form, a
-- GTIN padded to 14 digits; the product keeps the code as it was typed.
CREATE TABLE product_codes (
  shop_id    uuid        NOT NULL REFERENCES shops (id),
  kind       varchar(8)  NOT NULL CHECK (kind IN ('sku', 'barcode')),
  code       varchar(64) NOT NULL,
  -- null while several articles share the code, from before codes were unique
  product_id uuid,
  variant_id uuid,
  CONSTRAINT product_codes_key PRIMARY KEY (shop_id, kind, code),
  FOREIGN KEY (shop_id, product_id) REFERENCES products (shop_id, id),
  FOREIGN KEY (shop_id, product_id, variant_id) REFERENCES product_variants (shop_id, product_id, id),
  CHECK (product_id IS NOT NULL OR variant_id IS NULL)
);
CREATE INDEX product_codes_product_idx ON product_codes (shop_id, product_id) WHERE product_id IS NOT NULL;
INSERT INTO product_codes (shop_id, kind, code, product_id, variant_id)
SELECT shop_id, kind, code,
  CASE count(*) WHEN 1 THEN (array_agg(product_id))[1] END, CASE count(*) WHEN 1 THEN (array_agg(variant_id))[1] END
FROM (
  SELECT a.shop_id, c.kind, CASE WHEN c.kind = 'barcode' AND c.typed ~ '^[0-9]{12,14}$' THEN lpad(c.typed, 14, '0') ELSE c.typed END AS code,
    a.product_id, a.variant_id
  FROM (
    SELECT shop_id, id AS product_id, NULL::uuid AS variant_id, sku, barcode FROM products WHERE deleted_at IS NULL
    UNION ALL
    SELECT v.shop_id, v.product_id, v.id, v.sku, v.barcode
    FROM product_variants v JOIN products p ON p.shop_id = v.shop_id AND p.id = v.product_id
    WHERE v.deleted_at IS NULL AND p.deleted_at IS NULL
  ) a, LATERAL (VALUES ('sku', a.sku), ('barcode', a.barcode)) AS c (kind, typed)
  WHERE c.typed IS NOT NULL
) live
GROUP BY shop_id, kind, code;
DROP INDEX products_sku_key, products_barcode_key, product_variants_sku_key, product_variants_barcode_key;

-- Pieces are whole. Products that were sold in fractions so far were most likely weighed.
ALTER TABLE products
  ADD COLUMN sold_by varchar(8)  NOT NULL DEFAULT 'piece' CHECK (sold_by IN ('piece', 'weight', 'volume', 'length')),
  ADD COLUMN unit    varchar(16) NOT NULL DEFAULT 'pc' CHECK (unit <> '');
UPDATE products p SET sold_by = 'weight', unit = 'kg'
FROM (
  SELECT shop_id, product_id FROM order_lines WHERE quantity <> trunc(quantity)
  UNION SELECT shop_id, product_id FROM refund_lines WHERE quantity <> trunc(quantity)
) sold WHERE p.shop_id = sold.shop_id AND p.id = sold.product_id;
DO $$
DECLARE shop record;
BEGIN
  FOR shop IN
    SELECT s.name, count(*) AS products, string_agg(p.name, ', ' ORDER BY p.name) FILTER (WHERE p.place <= 20) AS names
    FROM (
      SELECT shop_id, name, row_number() OVER (PARTITION BY shop_id ORDER BY name) AS place
      FROM products WHERE sold_by = 'weight' AND deleted_at IS NULL
    ) p JOIN shops s ON s.id = p.shop_id GROUP BY s.id ORDER BY s.name
  LOOP
    -- SM003: a sentence that is shown to the person who runs the migration.
    RAISE NOTICE USING ERRCODE = 'SM003', MESSAGE = format(
      '%s: what was sold in fractions is sold by weight (kg) now, all else by the piece: %s%s. Check these products.',
      shop.name, shop.names, CASE WHEN shop.products > 20 THEN format(' and %s more', shop.products - 20) ELSE '' END);
  END LOOP;
END $$;

-- Down Migration

ALTER TABLE products DROP COLUMN sold_by, DROP COLUMN unit;

CREATE UNIQUE INDEX products_sku_key ON products (shop_id, sku) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX products_barcode_key ON products (shop_id, barcode) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX product_variants_sku_key ON product_variants (shop_id, sku) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX product_variants_barcode_key ON product_variants (shop_id, barcode) WHERE deleted_at IS NULL;
DROP TABLE product_codes;
