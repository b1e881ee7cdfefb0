-- Up Migration

-- The keys of tokens, seals and fields, each encrypted with the master key, which is never in the database.
CREATE TABLE keys (
  -- stands in what was signed or sealed with it
  id         varchar(16) PRIMARY KEY,
  purpose    varchar(16) NOT NULL,
  wrapped    bytea       NOT NULL,
  created_at timestamptz NOT NULL,
  -- nothing new is made with it from then on
  retired_at timestamptz
);

-- What servers on one database have in common, and others not.
ALTER TABLE setup ADD COLUMN installation_id uuid NOT NULL DEFAULT gen_random_uuid();

-- Phone numbers are encrypted, and found by a keyed hash. SQL has no key: the program does it right after this, in steps.
ALTER TABLE customers
  ALTER COLUMN phone DROP NOT NULL,
  ADD COLUMN phone_sealed bytea,
  ADD COLUMN phone_hash   bytea,
  DROP CONSTRAINT customers_phone_key,
  ADD CONSTRAINT customers_phone_key UNIQUE (shop_id, phone_hash),
  ADD CONSTRAINT customers_phone_check CHECK (
    (phone IS NULL) = (phone_sealed IS NOT NULL) AND (phone_sealed IS NULL) = (phone_hash IS NULL));
-- what was typed as a phone number on a sale made offline and can't be read as one
ALTER TABLE orders ADD COLUMN typed_phone_sealed bytea;
ALTER TABLE setup ADD COLUMN has_plain_phones boolean NOT NULL DEFAULT false;
UPDATE setup SET has_plain_phones = EXISTS (SELECT FROM customers)
  OR EXISTS (SELECT FROM orders WHERE flags @> '[{"code": "customer_unclear"}]');

-- Down Migration

DO $$ BEGIN
  IF EXISTS (SELECT FROM customers WHERE phone_sealed IS NOT NULL)
    OR EXISTS (SELECT FROM orders WHERE typed_phone_sealed IS NOT NULL) THEN
    RAISE EXCEPTION 'The phone numbers of customers are encrypted, and the version before could not read them. Restore a backup that it made instead.'
      USING ERRCODE = 'SM002';
  END IF;
  -- Without them it would look for ever as if somebody had been at the records.
  IF EXISTS (SELECT FROM audit_seals) THEN
    RAISE EXCEPTION 'The records of who did what are sealed with keys that the version before does not have. Restore a backup that it made instead.'
      USING ERRCODE = 'SM002';
  END IF;
END $$;
ALTER TABLE orders DROP COLUMN typed_phone_sealed;
ALTER TABLE customers
  DROP CONSTRAINT customers_phone_check,
  DROP CONSTRAINT customers_phone_key,
  DROP COLUMN phone_sealed,
  DROP COLUMN phone_hash,
  ALTER COLUMN phone SET NOT NULL,
  ADD CONSTRAINT customers_phone_key UNIQUE (shop_id, phone);
ALTER TABLE setup DROP COLUMN installation_id, DROP COLUMN has_plain_phones;
-- With the keys goes what only they can check: the PINs.
UPDATE users SET pin_hash = NULL, pin_failures = 0;
DROP TABLE keys;
