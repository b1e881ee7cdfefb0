-- Up Migration

-- Encrypted, as the phone number is.
ALTER TABLE customers
  ADD COLUMN email_sealed   bytea,
  ADD COLUMN address_sealed bytea;

-- Down Migration

ALTER TABLE customers
  DROP COLUMN email_sealed,
  DROP COLUMN address_sealed;
