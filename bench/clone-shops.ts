/**
 * SQL that copies the only shop, with its menu and orders, under ids derived from the original ones. Call it with `SELECT
 * pg_temp.clone_shops(47)` on the same connection.
 */
export const CLONE_SHOPS = `
  CREATE FUNCTION pg_temp.copied(id uuid, i int) RETURNS uuid LANGUAGE sql IMMUTABLE AS 'SELECT md5(id::text || i)::uuid';
  CREATE FUNCTION pg_temp.clone_shops(times int) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE shop uuid := (SELECT id FROM shops); code text; name text; names text; copied text;
  BEGIN
    FOR i IN 1..times LOOP
      code := 'C' || chr(65 + i / 26) || chr(65 + i % 26);
      FOREACH name IN ARRAY '{shops,shop_epochs,shop_heads,audit_chains,products,product_variants,orders,order_lines,payments,events}'::text[] LOOP
        CONTINUE WHEN to_regclass(name) IS NULL;
        SELECT string_agg(quote_ident(column_name), ','), string_agg(CASE
            WHEN name = 'shops' AND column_name = 'code' THEN quote_literal(code)
            WHEN column_name IN ('shop_id', 'product_id', 'variant_id', 'order_id', 'epoch') OR (column_name = 'id' AND data_type = 'uuid')
              THEN format('pg_temp.copied(%I, %s)', column_name, i)
            WHEN column_name = 'order_number' THEN format('replace(order_number, %L, %L)', 'PIZA/', code || '/')
            ELSE quote_ident(column_name) END, ',')
        INTO names, copied FROM information_schema.columns WHERE table_schema = 'public' AND table_name = name;
        EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM %I WHERE %I = %L', name, names, copied, name,
          CASE WHEN name = 'shops' THEN 'id' ELSE 'shop_id' END, shop);
      END LOOP;
    END LOOP;
  END $$`;
