-- Up Migration

-- Answers of the last 24 hours to requests with an Idempotency-Key. A row is written in the transaction of the work that it
-- answers: where one is, the other is.
CREATE TABLE idempotency_keys (
  -- the shop of the address; of an address without a shop, the person
  scope_id     uuid         NOT NULL,
  user_id      uuid         NOT NULL REFERENCES users (id),
  -- by its name in the route table
  route        varchar(64)  NOT NULL,
  key          varchar(200) NOT NULL,
  -- keyed: a request may hold a password
  request_hash varchar(64)  NOT NULL,
  status       smallint     NOT NULL CHECK (status BETWEEN 200 AND 299),
  -- JSON, as it was sent
  body         text         NOT NULL,
  created_at   timestamptz  NOT NULL,
  PRIMARY KEY (scope_id, user_id, route, key)
);
-- The oldest of a shop, and of all.
CREATE INDEX idempotency_keys_scope_idx ON idempotency_keys (scope_id, created_at);
CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);

-- Down Migration

DROP TABLE idempotency_keys;
