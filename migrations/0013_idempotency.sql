-- Up Migration

-- Responses of the last 24 hours to requests with an Idempotency-Key. Each row is written in the transaction of the work
-- that it answers, so that neither exists without the other.
CREATE TABLE idempotency_keys (
  -- the shop in the path, or the user for a path without a shop
  scope_id     uuid         NOT NULL,
  user_id      uuid         NOT NULL REFERENCES users (id),
  -- its name in the route table
  route        varchar(64)  NOT NULL,
  key          varchar(200) NOT NULL,
  -- a keyed hash, because a request may hold a password
  request_hash varchar(64)  NOT NULL,
  status       smallint     NOT NULL CHECK (status BETWEEN 200 AND 299),
  -- JSON text, as it was sent
  body         text         NOT NULL,
  created_at   timestamptz  NOT NULL,
  PRIMARY KEY (scope_id, user_id, route, key)
);
-- To find the oldest of a shop, and the oldest of all.
CREATE INDEX idempotency_keys_scope_idx ON idempotency_keys (scope_id, created_at);
CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);

-- Down Migration

DROP TABLE idempotency_keys;
