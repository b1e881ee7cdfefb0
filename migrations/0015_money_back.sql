-- Up Migration

-- By which methods a refund went back: a row for each, with the tips that went with it. A refund that moved no money has none.
CREATE TABLE refund_payments (
  shop_id   uuid          NOT NULL,
  refund_id uuid          NOT NULL,
  method    varchar(50)   NOT NULL,
  amount    numeric(10,2) NOT NULL CHECK (amount >= 0),
  tip       numeric(10,2) NOT NULL DEFAULT 0 CHECK (tip >= 0),
  PRIMARY KEY (shop_id, refund_id, method),
  FOREIGN KEY (shop_id, refund_id) REFERENCES refunds (shop_id, id),
  CHECK (amount + tip > 0)
);
-- Imports since 0012 left out that their returns were paid.
UPDATE refunds SET paid_out = total WHERE source = 'import' AND paid_out = 0;
INSERT INTO refund_payments (shop_id, refund_id, method, amount)
SELECT shop_id, id, method, paid_out FROM refunds WHERE paid_out > 0;

ALTER TABLE payments
  -- What of the amount is rounding to coins that belongs to the payment's day: of an order whose own day is closed.
  ADD COLUMN rounding numeric(10,2) NOT NULL DEFAULT 0,
  -- How it was booked before it was corrected, so that the request that booked it is known again.
  ADD COLUMN booked_as jsonb;
-- For reports by day; `smoocho verify` reads all of a shop. The sum of a shift is served by payments_shift_idx and
-- payments_returned_shift_idx: "$2 IN (shift_id, returned_shift_id)" is an OR to PostgreSQL, which joins their bitmaps.
CREATE INDEX payments_rounding_idx ON payments (shop_id, business_date) WHERE rounding <> 0;

-- Pay-outs of a shift that were refused are counted.
CREATE INDEX security_log_payouts_idx ON security_log (chain_id, (details->>'shiftId')) WHERE type = 'payout_refused';

-- Down Migration

DO $$
BEGIN
  IF EXISTS (SELECT FROM payments WHERE rounding <> 0)
    OR EXISTS (SELECT FROM refunds WHERE method = 'split')
    OR EXISTS (SELECT FROM refund_payments WHERE tip > 0) THEN
    RAISE EXCEPTION 'Refunds went back by several methods or with tips, or payments keep a rounding of their own, which the version before does not know. Restore a backup that it made instead.'
      USING ERRCODE = 'SM002';
  END IF;
END
$$;
DROP INDEX security_log_payouts_idx, payments_rounding_idx;
-- `booked_as` goes without asking: no amount depends on it. The version before refuses a request that is sent again after its
-- payment was corrected, as it always did; to refuse here would bind every shop that ever corrected a payment.
ALTER TABLE payments DROP COLUMN rounding, DROP COLUMN booked_as;
DROP TABLE refund_payments;
