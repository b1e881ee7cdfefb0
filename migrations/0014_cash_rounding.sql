-- Up Migration

-- The step of cash rounding at the time: amount, tip and change are multiples of it. Null for other methods, without
-- rounding, and where it isn't known: older rows, imported ones, and orders that a till rounded differently offline.
ALTER TABLE payments ADD COLUMN cash_step numeric(10,2) CHECK (cash_step > 0);
ALTER TABLE refunds ADD COLUMN cash_step numeric(10,2) CHECK (cash_step > 0);

-- An order paid by card to the cent is refunded in cash in multiples of the step, up to a step more. `smoocho verify`
-- checks the bound.
ALTER TABLE orders DROP CONSTRAINT orders_refunded_check, ADD CONSTRAINT orders_refunded_check CHECK (refunded >= 0);

-- Down Migration

DO $$
BEGIN
  IF EXISTS (SELECT FROM orders WHERE refunded > total) THEN
    RAISE EXCEPTION 'What a card paid was refunded in cash, in coins that came to more than the order, which the version before can not account for. Restore a backup that it made instead.'
      USING ERRCODE = 'SM002';
  END IF;
END
$$;
ALTER TABLE orders DROP CONSTRAINT orders_refunded_check,
  ADD CONSTRAINT orders_refunded_check CHECK (refunded BETWEEN 0 AND total);
ALTER TABLE refunds DROP COLUMN cash_step;
ALTER TABLE payments DROP COLUMN cash_step;
