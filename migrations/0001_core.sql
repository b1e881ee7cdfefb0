-- Up Migration

CREATE TABLE users (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email         varchar(255) NOT NULL UNIQUE CHECK (email = lower(email)),
  password_hash varchar(255) NOT NULL,
  name          varchar(255) NOT NULL,
  role          varchar(50)  NOT NULL DEFAULT 'cashier' CHECK (role IN ('cashier', 'manager', 'owner')),
  shop_id       uuid,
  created_at    timestamptz  NOT NULL DEFAULT now(),
  updated_at    timestamptz  NOT NULL DEFAULT now(),
  version       integer      NOT NULL DEFAULT 1
);

CREATE TABLE shops (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name       varchar(255) NOT NULL,
  owner_id   uuid REFERENCES users (id),
  settings   jsonb        NOT NULL DEFAULT '{}',
  created_at timestamptz  NOT NULL DEFAULT now(),
  updated_at timestamptz  NOT NULL DEFAULT now(),
  code       varchar(4)   NOT NULL UNIQUE CHECK (code ~ '^[A-Z]{2,4}$'),
  currency   char(3)      NOT NULL,
  timezone   varchar(64)  NOT NULL,
  day_start  time         NOT NULL DEFAULT '00:00',
  version    integer      NOT NULL DEFAULT 1
);
ALTER TABLE users ADD CONSTRAINT users_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops (id);
CREATE INDEX users_shop_id_idx ON users (shop_id);
CREATE INDEX shops_owner_id_idx ON shops (owner_id);

-- The counters of a shop, one row: whoever writes an event, an order number or a token locks it last.
CREATE TABLE shop_heads (
  shop_id      uuid PRIMARY KEY REFERENCES shops (id),
  epoch        uuid    NOT NULL DEFAULT gen_random_uuid(),
  seq          bigint  NOT NULL DEFAULT 0,
  -- series key (fiscal year, or C + fiscal year for credit notes) → last number given
  series       jsonb   NOT NULL DEFAULT '{}',
  token_date   date,
  token_number integer NOT NULL DEFAULT 0
);

CREATE TABLE sessions (
  id           uuid PRIMARY KEY,
  user_id      uuid         NOT NULL REFERENCES users (id),
  refresh_hash varchar(64)  NOT NULL UNIQUE,
  device_id    varchar(100),
  device_name  varchar(100),
  created_at   timestamptz  NOT NULL,
  last_seen_at timestamptz  NOT NULL,
  expires_at   timestamptz  NOT NULL,
  ended_at     timestamptz
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

-- The claim of a new installation: one row, closed for ever once claimed.
CREATE TABLE setup (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  token_hash varchar(64),
  expires_at timestamptz,
  claimed_at timestamptz
);
INSERT INTO setup DEFAULT VALUES;

CREATE TABLE products (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  shop_id     uuid          NOT NULL REFERENCES shops (id),
  name        varchar(255)  NOT NULL,
  price       numeric(10,2) NOT NULL CHECK (price >= 0),
  category    varchar(100),
  description text,
  image_url   varchar(500),
  is_active   boolean       NOT NULL DEFAULT true,
  created_at  timestamptz   NOT NULL DEFAULT now(),
  updated_at  timestamptz   NOT NULL DEFAULT now(),
  sku         varchar(64),
  barcode     varchar(64),
  tax_class   varchar(32),
  sort_order  integer       NOT NULL DEFAULT 0,
  version     integer       NOT NULL DEFAULT 1,
  deleted_at  timestamptz,
  UNIQUE (shop_id, id)
);
CREATE UNIQUE INDEX products_sku_key ON products (shop_id, sku) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX products_barcode_key ON products (shop_id, barcode) WHERE deleted_at IS NULL;
CREATE INDEX products_menu_idx ON products (shop_id, sort_order, name, id) WHERE deleted_at IS NULL;

CREATE TABLE product_variants (
  id         uuid PRIMARY KEY,
  shop_id    uuid          NOT NULL,
  product_id uuid          NOT NULL,
  name       varchar(100)  NOT NULL,
  price      numeric(10,2) NOT NULL CHECK (price >= 0),
  sku        varchar(64),
  barcode    varchar(64),
  sort_order integer       NOT NULL DEFAULT 0,
  deleted_at timestamptz,
  UNIQUE (shop_id, product_id, id),
  FOREIGN KEY (shop_id, product_id) REFERENCES products (shop_id, id)
);
CREATE UNIQUE INDEX product_variants_name_key ON product_variants (product_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX product_variants_sku_key ON product_variants (shop_id, sku) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX product_variants_barcode_key ON product_variants (shop_id, barcode) WHERE deleted_at IS NULL;

CREATE TABLE modifier_groups (
  id         uuid PRIMARY KEY,
  shop_id    uuid         NOT NULL,
  product_id uuid         NOT NULL,
  name       varchar(100) NOT NULL,
  min        integer      NOT NULL DEFAULT 0 CHECK (min >= 0),
  max        integer      NOT NULL DEFAULT 1 CHECK (max >= 1),
  sort_order integer      NOT NULL DEFAULT 0,
  UNIQUE (shop_id, id),
  FOREIGN KEY (shop_id, product_id) REFERENCES products (shop_id, id)
);
CREATE INDEX modifier_groups_product_idx ON modifier_groups (shop_id, product_id);

CREATE TABLE modifiers (
  id         uuid PRIMARY KEY,
  shop_id    uuid          NOT NULL,
  group_id   uuid          NOT NULL,
  name       varchar(100)  NOT NULL,
  price      numeric(10,2) NOT NULL CHECK (price >= 0),
  sort_order integer       NOT NULL DEFAULT 0,
  FOREIGN KEY (shop_id, group_id) REFERENCES modifier_groups (shop_id, id) ON DELETE CASCADE
);
CREATE INDEX modifiers_group_idx ON modifiers (shop_id, group_id);

CREATE TABLE inventory_items (
  id            uuid PRIMARY KEY,
  shop_id       uuid          NOT NULL REFERENCES shops (id),
  name          varchar(255)  NOT NULL,
  unit          varchar(16)   NOT NULL,
  quantity      numeric(12,3) NOT NULL DEFAULT 0,
  cost          numeric(10,2) NOT NULL DEFAULT 0 CHECK (cost >= 0),
  reorder_level numeric(12,3) NOT NULL DEFAULT 0,
  policy        varchar(8)    NOT NULL CHECK (policy IN ('deny', 'warn', 'allow')),
  created_at    timestamptz   NOT NULL DEFAULT now(),
  updated_at    timestamptz   NOT NULL DEFAULT now(),
  version       integer       NOT NULL DEFAULT 1,
  UNIQUE (shop_id, id)
);
CREATE UNIQUE INDEX inventory_items_name_key ON inventory_items (shop_id, lower(name));

CREATE TABLE recipes (
  id                uuid PRIMARY KEY,
  shop_id           uuid          NOT NULL,
  product_id        uuid          NOT NULL,
  variant_id        uuid,
  inventory_item_id uuid          NOT NULL,
  quantity          numeric(12,3) NOT NULL CHECK (quantity > 0),
  FOREIGN KEY (shop_id, product_id) REFERENCES products (shop_id, id),
  FOREIGN KEY (shop_id, product_id, variant_id) REFERENCES product_variants (shop_id, product_id, id),
  FOREIGN KEY (shop_id, inventory_item_id) REFERENCES inventory_items (shop_id, id)
);
CREATE INDEX recipes_product_idx ON recipes (shop_id, product_id);

CREATE TABLE orders (
  id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  shop_id        uuid          NOT NULL REFERENCES shops (id),
  order_number   varchar(50)   NOT NULL UNIQUE,
  items          jsonb         NOT NULL,
  subtotal       numeric(10,2) NOT NULL,
  tax            numeric(10,2) NOT NULL DEFAULT 0,
  discount       numeric(10,2) NOT NULL DEFAULT 0,
  total          numeric(10,2) NOT NULL,
  payment_method varchar(50),
  payment_status varchar(50)   NOT NULL DEFAULT 'completed' CHECK (payment_status IN ('pending', 'partial', 'completed')),
  cashier_id     uuid REFERENCES users (id),
  customer_name  varchar(255),
  order_type     varchar(50)   NOT NULL DEFAULT 'dine_in' CHECK (order_type IN ('dine_in', 'takeaway', 'delivery')),
  created_at     timestamptz   NOT NULL DEFAULT now(),
  updated_at     timestamptz   NOT NULL DEFAULT now(),
  status         varchar(16)   NOT NULL CHECK (status IN ('open', 'preparing', 'ready', 'completed', 'voided')),
  business_date  date          NOT NULL,
  token_number   integer,
  device_id      varchar(100),
  notes          varchar(2000) NOT NULL DEFAULT '',
  discount_given jsonb,
  tax_lines      jsonb         NOT NULL DEFAULT '[]',
  tax_mode       varchar(10)   NOT NULL DEFAULT 'inclusive' CHECK (tax_mode IN ('inclusive', 'exclusive')),
  void_reason    varchar(500),
  -- the till's request as it came, hashed: the same id and body again is a retry, another body is a conflict
  request_hash   varchar(64)   NOT NULL,
  source         varchar(8)    NOT NULL DEFAULT 'till' CHECK (source IN ('till', 'import')),
  version        integer       NOT NULL DEFAULT 1,
  -- the sum over its lines, so that reports need not read them again
  item_quantity  numeric(12,3) NOT NULL,
  UNIQUE (shop_id, id),
  CHECK ((status = 'voided') = (void_reason IS NOT NULL))
);
CREATE INDEX orders_list_idx ON orders (shop_id, created_at DESC, id DESC);
CREATE INDEX orders_business_date_idx ON orders (shop_id, business_date);

CREATE TABLE order_lines (
  id           uuid PRIMARY KEY,
  shop_id      uuid          NOT NULL,
  order_id     uuid          NOT NULL,
  line_no      integer       NOT NULL,
  product_id   uuid          NOT NULL,
  variant_id   uuid,
  name         varchar(255)  NOT NULL,
  variant_name varchar(100),
  category     varchar(100),
  quantity     numeric(12,3) NOT NULL CHECK (quantity > 0),
  unit_price   numeric(10,2) NOT NULL,
  subtotal     numeric(10,2) NOT NULL,
  discount     numeric(10,2) NOT NULL,
  tax          numeric(10,2) NOT NULL,
  total        numeric(10,2) NOT NULL,
  -- the bill's own date, and whether it counts (neither parked nor voided): reports by product read lines alone
  business_date date         NOT NULL,
  is_sold      boolean       NOT NULL,
  -- whether it is the bill's first line of its product, variant, category: what counts each bill once in a group
  first_of_product  boolean  NOT NULL,
  first_of_variant  boolean  NOT NULL,
  first_of_category boolean  NOT NULL,
  UNIQUE (shop_id, order_id, line_no),
  FOREIGN KEY (shop_id, order_id) REFERENCES orders (shop_id, id),
  FOREIGN KEY (shop_id, product_id) REFERENCES products (shop_id, id),
  FOREIGN KEY (shop_id, product_id, variant_id) REFERENCES product_variants (shop_id, product_id, id)
);

CREATE INDEX order_lines_business_date_idx ON order_lines (shop_id, business_date);

CREATE TABLE payments (
  id        uuid PRIMARY KEY,
  shop_id   uuid          NOT NULL,
  order_id  uuid          NOT NULL,
  method    varchar(50)   NOT NULL,
  amount    numeric(10,2) NOT NULL CHECK (amount >= 0),
  tendered  numeric(10,2) NOT NULL,
  change    numeric(10,2) NOT NULL DEFAULT 0 CHECK (change >= 0),
  reference varchar(255),
  at        timestamptz   NOT NULL,
  FOREIGN KEY (shop_id, order_id) REFERENCES orders (shop_id, id)
);
CREATE INDEX payments_order_idx ON payments (shop_id, order_id);

CREATE TABLE refunds (
  id                 uuid PRIMARY KEY,
  shop_id            uuid          NOT NULL REFERENCES shops (id),
  -- none when the bill that goods came back from is not known, as in imported returns
  order_id           uuid,
  credit_note_number varchar(50)   NOT NULL UNIQUE,
  business_date      date          NOT NULL,
  subtotal           numeric(10,2) NOT NULL,
  tax                numeric(10,2) NOT NULL DEFAULT 0,
  total              numeric(10,2) NOT NULL,
  method             varchar(50)   NOT NULL,
  reason             varchar(500)  NOT NULL,
  source             varchar(8)    NOT NULL DEFAULT 'till' CHECK (source IN ('till', 'import')),
  request_hash       varchar(64)   NOT NULL,
  cashier_id         uuid REFERENCES users (id),
  order_type         varchar(50)   NOT NULL DEFAULT 'dine_in',
  created_at         timestamptz   NOT NULL,
  UNIQUE (shop_id, id),
  FOREIGN KEY (shop_id, order_id) REFERENCES orders (shop_id, id)
);
CREATE INDEX refunds_business_date_idx ON refunds (shop_id, business_date);

CREATE TABLE refund_lines (
  id            uuid PRIMARY KEY,
  shop_id       uuid          NOT NULL,
  refund_id     uuid          NOT NULL,
  -- the line of the bill that came back, if the bill is known
  order_id      uuid,
  order_line_no integer,
  line_no       integer       NOT NULL,
  product_id    uuid          NOT NULL,
  variant_id    uuid,
  name          varchar(255)  NOT NULL,
  variant_name  varchar(100),
  category      varchar(100),
  quantity      numeric(12,3) NOT NULL CHECK (quantity > 0),
  unit_price    numeric(10,2) NOT NULL,
  tax           numeric(10,2) NOT NULL,
  total         numeric(10,2) NOT NULL,
  UNIQUE (shop_id, refund_id, line_no),
  FOREIGN KEY (shop_id, refund_id) REFERENCES refunds (shop_id, id),
  FOREIGN KEY (shop_id, order_id, order_line_no) REFERENCES order_lines (shop_id, order_id, line_no),
  FOREIGN KEY (shop_id, product_id) REFERENCES products (shop_id, id),
  FOREIGN KEY (shop_id, product_id, variant_id) REFERENCES product_variants (shop_id, product_id, id)
);

-- A ledger: rows are added, never changed. An item's quantity is their sum.
CREATE TABLE stock_movements (
  id       uuid PRIMARY KEY,
  shop_id  uuid          NOT NULL,
  item_id  uuid          NOT NULL,
  quantity numeric(12,3) NOT NULL,
  reason   varchar(16)   NOT NULL CHECK (reason IN ('opening', 'sale', 'void', 'refund', 'purchase', 'waste', 'correction', 'count')),
  order_id uuid,
  note     varchar(500),
  actor    jsonb         NOT NULL,
  at       timestamptz   NOT NULL,
  FOREIGN KEY (shop_id, item_id) REFERENCES inventory_items (shop_id, id),
  FOREIGN KEY (shop_id, order_id) REFERENCES orders (shop_id, id)
);
CREATE INDEX stock_movements_item_idx ON stock_movements (shop_id, item_id, at DESC, id DESC);
CREATE INDEX stock_movements_order_idx ON stock_movements (shop_id, order_id) WHERE order_id IS NOT NULL;

-- Lets a statement refuse its own work: whatever it wrote before is undone, without another round trip.
CREATE FUNCTION refuse(problem text, detail jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'SM001', MESSAGE = problem, DETAIL = detail::text;
END $$;

CREATE TABLE events (
  shop_id   uuid        NOT NULL REFERENCES shops (id),
  seq       bigint      NOT NULL,
  type      varchar(32) NOT NULL,
  at        timestamptz NOT NULL,
  actor     jsonb       NOT NULL,
  device_id varchar(100),
  data      jsonb       NOT NULL,
  PRIMARY KEY (shop_id, seq)
);

-- Down Migration

DROP TABLE events, stock_movements, refund_lines, refunds, payments, order_lines, orders, recipes,
  inventory_items, modifiers, modifier_groups, product_variants, products, setup, sessions, shop_heads CASCADE;
DROP FUNCTION refuse;
ALTER TABLE users DROP CONSTRAINT users_shop_id_fkey;
DROP TABLE shops;
DROP TABLE users;
