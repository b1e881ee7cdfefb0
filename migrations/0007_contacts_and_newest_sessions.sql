-- Up Migration

-- Encrypted, as the phone number is.
ALTER TABLE customers
  ADD COLUMN email_sealed   bytea,
  ADD COLUMN address_sealed bytea;

-- Where somebody is known is read off their newest sessions, however many there are.
CREATE INDEX sessions_newest_idx ON sessions (user_id, created_at);
DROP INDEX sessions_user_id_idx;

-- Down Migration

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
DROP INDEX sessions_newest_idx;
ALTER TABLE customers
  DROP COLUMN email_sealed,
  DROP COLUMN address_sealed;
