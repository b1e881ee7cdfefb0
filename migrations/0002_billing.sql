-- Up Migration

ALTER TABLE products ADD COLUMN hsn varchar(8) CHECK (hsn ~ '^[0-9]{2,8}$');

-- Whoever gave a phone number. It stands in this table alone.
CREATE TABLE customers (
  id         uuid PRIMARY KEY,
  shop_id    uuid         NOT NULL REFERENCES shops (id),
  phone      varchar(20)  NOT NULL,
  name       varchar(255) NOT NULL DEFAULT '',
  notes      varchar(500) NOT NULL DEFAULT '',
  created_at timestamptz  NOT NULL,
  updated_at timestamptz  NOT NULL,
  version    integer      NOT NULL DEFAULT 1,
  UNIQUE (shop_id, id),
  CONSTRAINT customers_phone_key UNIQUE (shop_id, phone)
);
CREATE INDEX customers_list_idx ON customers (shop_id, name, id);

-- A drawer from its float to its count. device_id none is the shop's main drawer. Sums may pass numeric(10,2).
CREATE TABLE shifts (
  id            uuid PRIMARY KEY,
  shop_id       uuid          NOT NULL REFERENCES shops (id),
  device_id     varchar(100),
  opened_by     uuid REFERENCES users (id),
  opened_at     timestamptz   NOT NULL,
  business_date date          NOT NULL,
  opening_float numeric(10,2) NOT NULL CHECK (opening_float >= 0),
  closed_by     uuid REFERENCES users (id),
  closed_at     timestamptz,
  z_number      integer,
  denominations jsonb,
  expected      numeric(14,2),
  counted       numeric(14,2),
  variance      numeric(14,2),
  note          varchar(500)  NOT NULL DEFAULT '',
  -- the Z report as it was when the drawer was counted
  report        jsonb,
  request_hash  varchar(64)   NOT NULL,
  close_hash    varchar(64),
  UNIQUE (shop_id, id),
  CONSTRAINT shifts_z_number_key UNIQUE (shop_id, z_number),
  CHECK ((closed_at IS NULL) = (z_number IS NULL)),
  CHECK ((closed_at IS NULL) = (report IS NULL)),
  CHECK (variance = counted - expected)
);
CREATE UNIQUE INDEX shifts_open_key ON shifts (shop_id, coalesce(device_id, '')) WHERE closed_at IS NULL;
CREATE INDEX shifts_list_idx ON shifts (shop_id, opened_at DESC, id DESC);

CREATE TABLE cash_movements (
  id           uuid PRIMARY KEY,
  shop_id      uuid          NOT NULL,
  shift_id     uuid          NOT NULL,
  type         varchar(3)    NOT NULL CHECK (type IN ('in', 'out')),
  amount       numeric(10,2) NOT NULL CHECK (amount > 0),
  reason       varchar(500)  NOT NULL,
  cashier_id   uuid REFERENCES users (id),
  at           timestamptz   NOT NULL,
  FOREIGN KEY (shop_id, shift_id) REFERENCES shifts (shop_id, id)
);
CREATE INDEX cash_movements_shift_idx ON cash_movements (shop_id, shift_id);

ALTER TABLE orders
  ADD COLUMN customer_id            uuid,
  ADD COLUMN table_number           varchar(20),
  -- the shift in which it was paid, or put on the book
  ADD COLUMN shift_id               uuid,
  ADD COLUMN pay_later              boolean       NOT NULL DEFAULT false,
  ADD COLUMN service_charge         numeric(10,2) NOT NULL DEFAULT 0,
  ADD COLUMN waives_service_charge  boolean       NOT NULL DEFAULT false,
  ADD COLUMN rounding               numeric(10,2) NOT NULL DEFAULT 0,
  ADD COLUMN tax_split              varchar(4)    NOT NULL DEFAULT 'none' CHECK (tax_split IN ('none', 'gst', 'igst')),
  ADD COLUMN place_of_supply        varchar(64),
  ADD COLUMN approved_by            uuid REFERENCES users (id),
  ADD COLUMN refunded               numeric(10,2) NOT NULL DEFAULT 0,
  ADD CONSTRAINT orders_refunded_check CHECK (refunded BETWEEN 0 AND total),
  ADD FOREIGN KEY (shop_id, customer_id) REFERENCES customers (shop_id, id),
  ADD FOREIGN KEY (shop_id, shift_id) REFERENCES shifts (shop_id, id);
UPDATE orders SET tax_split = 'gst' WHERE jsonb_path_exists(tax_lines, '$[*] ? (@.name starts with "CGST")');
CREATE INDEX orders_customer_idx ON orders (shop_id, customer_id, created_at DESC) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_open_idx ON orders (shop_id, created_at DESC) WHERE status = 'open' OR payment_status <> 'completed';
CREATE INDEX orders_shift_idx ON orders (shop_id, shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX orders_rounding_idx ON orders (shop_id, business_date) WHERE rounding <> 0;

ALTER TABLE order_lines
  ADD COLUMN service_charge numeric(10,2) NOT NULL DEFAULT 0,
  ADD COLUMN tax_percent    numeric(6,3)  NOT NULL DEFAULT 0,
  -- the bill's own, so that the tax report reads lines alone
  ADD COLUMN tax_split      varchar(4)    NOT NULL DEFAULT 'none' CHECK (tax_split IN ('none', 'gst', 'igst')),
  ADD COLUMN hsn            varchar(8),
  -- what one unit took from stock, and what that cost, when the line came onto the bill:
  -- [{"itemId": …, "quantity": "0.250", "cost": "40.00"}]
  ADD COLUMN recipe         jsonb         NOT NULL DEFAULT '[]',
  -- what the goods cost by that recipe; none when the product has no recipe
  ADD COLUMN cost           numeric(14,2),
  ADD COLUMN returned       numeric(12,3) NOT NULL DEFAULT 0,
  ADD CONSTRAINT order_lines_returned_check CHECK (returned BETWEEN 0 AND quantity);
UPDATE order_lines l SET tax_percent = (o.items -> (l.line_no - 1) ->> 'taxPercent')::numeric, tax_split = o.tax_split
FROM orders o WHERE o.shop_id = l.shop_id AND o.id = l.order_id AND l.tax <> 0;
-- Bills that may still be edited took their stock by the recipes of today, as far as anybody can tell.
UPDATE order_lines l SET recipe = coalesce((
  SELECT jsonb_agg(jsonb_build_object('itemId', i.id, 'quantity', r.quantity::text, 'cost', i.cost::text))
  FROM recipes r JOIN inventory_items i ON i.shop_id = r.shop_id AND i.id = r.inventory_item_id
  WHERE r.shop_id = l.shop_id AND r.product_id = l.product_id
    AND (r.variant_id IS NULL OR r.variant_id = l.variant_id)), '[]')
FROM orders o WHERE o.shop_id = l.shop_id AND o.id = l.order_id
  AND o.status IN ('open', 'preparing', 'ready') AND o.payment_status <> 'completed' AND o.source = 'till';

ALTER TABLE payments
  ADD COLUMN tip               numeric(10,2) NOT NULL DEFAULT 0 CHECK (tip >= 0),
  ADD COLUMN cashier_id        uuid REFERENCES users (id),
  ADD COLUMN shift_id          uuid,
  ADD COLUMN business_date     date,
  -- when its bill was voided and the money given back
  ADD COLUMN returned_at       timestamptz,
  ADD COLUMN returned_on       date,
  ADD COLUMN returned_shift_id uuid,
  ADD FOREIGN KEY (shop_id, shift_id) REFERENCES shifts (shop_id, id),
  ADD FOREIGN KEY (shop_id, returned_shift_id) REFERENCES shifts (shop_id, id),
  ADD CHECK ((returned_at IS NULL) = (returned_on IS NULL));
UPDATE payments p SET business_date = o.business_date, cashier_id = o.cashier_id,
  returned_at = CASE WHEN o.status = 'voided' THEN o.updated_at END,
  returned_on = CASE WHEN o.status = 'voided' THEN o.business_date END
FROM orders o WHERE o.shop_id = p.shop_id AND o.id = p.order_id;
ALTER TABLE payments ALTER COLUMN business_date SET NOT NULL;
CREATE INDEX payments_business_date_idx ON payments (shop_id, business_date);
CREATE INDEX payments_shift_idx ON payments (shop_id, shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX payments_returned_idx ON payments (shop_id, returned_on) WHERE returned_on IS NOT NULL;
CREATE INDEX payments_returned_shift_idx ON payments (shop_id, returned_shift_id) WHERE returned_shift_id IS NOT NULL;

ALTER TABLE refunds
  ADD COLUMN rounding numeric(10,2) NOT NULL DEFAULT 0,
  ADD COLUMN restock  boolean       NOT NULL DEFAULT false,
  ADD COLUMN shift_id uuid,
  ADD FOREIGN KEY (shop_id, shift_id) REFERENCES shifts (shop_id, id);
CREATE INDEX refunds_order_idx ON refunds (shop_id, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX refunds_shift_idx ON refunds (shop_id, shift_id) WHERE shift_id IS NOT NULL;

ALTER TABLE refund_lines
  ADD COLUMN tax_percent numeric(6,3)  NOT NULL DEFAULT 0,
  ADD COLUMN tax_split   varchar(4)    NOT NULL DEFAULT 'none' CHECK (tax_split IN ('none', 'gst', 'igst')),
  ADD COLUMN hsn         varchar(8),
  -- what the goods that went back to stock had cost; none when they did not, or it isn't known
  ADD COLUMN cost        numeric(14,2);

-- What was taken off a bill after it was typed: a line, or with line_id none all of it.
CREATE TABLE voids (
  id            uuid PRIMARY KEY,
  shop_id       uuid          NOT NULL,
  order_id      uuid          NOT NULL,
  line_id       uuid,
  name          varchar(255),
  variant_name  varchar(100),
  quantity      numeric(12,3) NOT NULL CHECK (quantity > 0),
  amount        numeric(10,2) NOT NULL CHECK (amount >= 0),
  reason        varchar(500)  NOT NULL,
  cashier_id    uuid REFERENCES users (id),
  approved_by   uuid REFERENCES users (id),
  shift_id      uuid,
  business_date date          NOT NULL,
  at            timestamptz   NOT NULL,
  FOREIGN KEY (shop_id, order_id) REFERENCES orders (shop_id, id),
  FOREIGN KEY (shop_id, shift_id) REFERENCES shifts (shop_id, id)
);
CREATE INDEX voids_business_date_idx ON voids (shop_id, business_date);
CREATE INDEX voids_shift_idx ON voids (shop_id, shift_id) WHERE shift_id IS NOT NULL;
INSERT INTO voids (id, shop_id, order_id, quantity, amount, reason, business_date, at)
SELECT gen_random_uuid(), shop_id, id, item_quantity, total, void_reason, business_date, updated_at
FROM orders WHERE status = 'voided';

-- Deferred: stock is locked before the counter row that numbers the credit note.
ALTER TABLE stock_movements ADD COLUMN refund_id uuid,
  ADD FOREIGN KEY (shop_id, refund_id) REFERENCES refunds (shop_id, id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX stock_movements_time_idx ON stock_movements (shop_id, at);

-- Down Migration

DROP INDEX stock_movements_time_idx;
ALTER TABLE stock_movements DROP COLUMN refund_id;
DROP TABLE voids;
ALTER TABLE refund_lines DROP COLUMN tax_percent, DROP COLUMN tax_split, DROP COLUMN hsn, DROP COLUMN cost;
DROP INDEX refunds_order_idx;
ALTER TABLE refunds DROP COLUMN rounding, DROP COLUMN restock, DROP COLUMN shift_id;
DROP INDEX payments_business_date_idx;
ALTER TABLE payments DROP COLUMN tip, DROP COLUMN cashier_id, DROP COLUMN shift_id, DROP COLUMN business_date,
  DROP COLUMN returned_at, DROP COLUMN returned_on, DROP COLUMN returned_shift_id;
ALTER TABLE order_lines DROP COLUMN service_charge, DROP COLUMN tax_percent, DROP COLUMN tax_split, DROP COLUMN hsn,
  DROP COLUMN recipe, DROP COLUMN cost, DROP COLUMN returned;
DROP INDEX orders_open_idx;
ALTER TABLE orders DROP COLUMN customer_id, DROP COLUMN table_number, DROP COLUMN shift_id, DROP COLUMN pay_later,
  DROP COLUMN service_charge, DROP COLUMN waives_service_charge, DROP COLUMN rounding, DROP COLUMN tax_split,
  DROP COLUMN place_of_supply, DROP COLUMN approved_by, DROP COLUMN refunded;
DROP TABLE cash_movements, shifts, customers;
ALTER TABLE products DROP COLUMN hsn;
