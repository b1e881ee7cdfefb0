-- Up Migration

-- What a change replaced: the fields that differ, as they were. None where nothing was there before.
ALTER TABLE events ADD COLUMN before jsonb;

-- One chain a shop, and one of the installation itself (the nil UUID) for what belongs to no shop.
CREATE TABLE audit_chains (
  id      uuid PRIMARY KEY,
  shop_id uuid UNIQUE REFERENCES shops (id),
  -- counts the rows of its security log
  log_seq bigint NOT NULL DEFAULT 0,
  CHECK (shop_id IS NULL OR shop_id = id)
);
INSERT INTO audit_chains (id, shop_id) SELECT id, id FROM shops
UNION ALL SELECT '00000000-0000-0000-0000-000000000000', NULL;

-- What is no change of the shop's data: sign-ins, refusals, exports. Rows are added, never changed.
CREATE TABLE security_log (
  chain_id  uuid        NOT NULL REFERENCES audit_chains (id),
  seq       bigint      NOT NULL,
  type      varchar(32) NOT NULL,
  at        timestamptz NOT NULL,
  actor     jsonb       NOT NULL,
  device_id varchar(100),
  address   varchar(45),
  details   jsonb       NOT NULL,
  PRIMARY KEY (chain_id, seq)
);
CREATE INDEX security_log_list_idx ON security_log (chain_id, at DESC, seq DESC);
CREATE INDEX events_list_idx ON events (shop_id, at DESC, seq DESC);
-- What people did beyond selling, so that a rare thing is found among a million bills. A plain sale isn't in it. Of bills that
-- somebody allowed it asks for a UUID's length: of "is not null" PostgreSQL would expect that most have it, and read the other index.
CREATE INDEX events_by_hand_idx ON events (shop_id, at DESC, seq DESC)
  WHERE before IS NOT NULL OR type NOT IN ('order_created', 'inventory_updated', 'stock_low')
    OR length(data->>'approvedBy') = 36;

-- A seal closes what came since the one before: its hash goes over that one's hash and over the hash of each record.
CREATE TABLE audit_seals (
  chain_id  uuid        NOT NULL REFERENCES audit_chains (id),
  seal_no   bigint      NOT NULL,
  -- the last event and the last row of the log that it covers
  event_seq bigint      NOT NULL,
  log_seq   bigint      NOT NULL,
  -- whether it took all that was there when it was made
  is_all    boolean     NOT NULL,
  -- of each record its kind (0 event, 1 log), its seq and its SHA-256, 41 bytes: what was changed can be named
  records   bytea       NOT NULL,
  hash      bytea       NOT NULL,
  key_id    varchar(64) NOT NULL,
  signature bytea       NOT NULL,
  sealed_at timestamptz NOT NULL,
  PRIMARY KEY (chain_id, seal_no)
);
-- Which seal closed a record.
CREATE INDEX audit_seals_event_idx ON audit_seals (chain_id, event_seq, seal_no);
CREATE INDEX audit_seals_log_idx ON audit_seals (chain_id, log_seq, seal_no);
-- Hashes don't get smaller.
ALTER TABLE audit_seals ALTER COLUMN records SET STORAGE EXTERNAL;

-- Down Migration

DROP TABLE audit_seals, security_log, audit_chains;
DROP INDEX events_by_hand_idx, events_list_idx;
ALTER TABLE events DROP COLUMN before;
