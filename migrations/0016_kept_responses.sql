-- Up Migration

-- A keyed hash of the whole row, so that `smoocho verify` sees what was changed by hand. None in rows of the version
-- before, which last for a day.
ALTER TABLE idempotency_keys ADD COLUMN response_hash varchar(64);

-- Down Migration

ALTER TABLE idempotency_keys DROP COLUMN response_hash;
