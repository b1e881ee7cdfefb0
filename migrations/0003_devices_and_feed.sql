-- Up Migration

-- Tills, tablets and screens that were paired with a shop. A revoked one stays for the records.
CREATE TABLE devices (
  id           uuid PRIMARY KEY,
  shop_id      uuid         NOT NULL REFERENCES shops (id),
  name         varchar(100) NOT NULL,
  -- SHA-256 of the token that the device got when it was paired
  token_hash   varchar(64)  NOT NULL,
  -- the letters of its own number series, from its first lease on
  series       varchar(3)   CHECK (series ~ '^[A-Z]{1,3}$'),
  paired_at    timestamptz  NOT NULL,
  paired_by    uuid REFERENCES users (id),
  last_seen_at timestamptz  NOT NULL,
  revoked_at   timestamptz,
  version      integer      NOT NULL DEFAULT 1,
  UNIQUE (shop_id, id)
);
CREATE INDEX devices_list_idx ON devices (shop_id, paired_at DESC, id DESC);

-- A code pairs one device, once, for some minutes.
CREATE TABLE pairing_codes (
  code_hash  varchar(64)  PRIMARY KEY,
  shop_id    uuid         NOT NULL REFERENCES shops (id),
  name       varchar(100) NOT NULL,
  created_by uuid REFERENCES users (id),
  created_at timestamptz  NOT NULL,
  expires_at timestamptz  NOT NULL,
  used_at    timestamptz
);
CREATE INDEX pairing_codes_shop_idx ON pairing_codes (shop_id);

-- Numbers lent to a device for the bills that it prints while it is offline: first to last of a series of its own.
CREATE TABLE number_leases (
  id           uuid PRIMARY KEY,
  shop_id      uuid        NOT NULL,
  device_id    uuid        NOT NULL,
  series       varchar(3)  NOT NULL,
  fiscal_year  varchar(9)  NOT NULL,
  first_number integer     NOT NULL CHECK (first_number >= 1),
  last_number  integer     NOT NULL,
  leased_at    timestamptz NOT NULL,
  CHECK (last_number >= first_number),
  UNIQUE (shop_id, series, fiscal_year, first_number),
  FOREIGN KEY (shop_id, device_id) REFERENCES devices (shop_id, id)
);
CREATE INDEX number_leases_device_idx ON number_leases (shop_id, device_id);

ALTER TABLE orders
  -- when a bill came in that was made offline; created_at is then the device's own time
  ADD COLUMN received_at timestamptz,
  -- what somebody should look at: [{"code": …, "detail": …}]
  ADD COLUMN flags       jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN reviewed_by uuid REFERENCES users (id),
  ADD COLUMN reviewed_at timestamptz;
CREATE INDEX orders_flagged_idx ON orders (shop_id, created_at DESC, id DESC) WHERE flags <> '[]' AND reviewed_at IS NULL;
CREATE INDEX orders_lent_number_idx ON orders (shop_id, order_number) WHERE order_number LIKE '%-%';

CREATE INDEX sessions_device_id_idx ON sessions (device_id) WHERE ended_at IS NULL;

-- Down Migration

DROP INDEX sessions_device_id_idx;
DROP INDEX orders_lent_number_idx;
ALTER TABLE orders DROP COLUMN received_at, DROP COLUMN flags, DROP COLUMN reviewed_by, DROP COLUMN reviewed_at;
DROP TABLE number_leases, pairing_codes, devices;
