-- Up Migration

-- Number of people at the table.
ALTER TABLE orders ADD COLUMN guests smallint CHECK (guests BETWEEN 1 AND 999);

ALTER TABLE payments
  -- A return lowers the paid sum. Its amount is positive, too.
  ADD COLUMN kind varchar(8) NOT NULL DEFAULT 'payment' CHECK (kind IN ('payment', 'return')),
  -- The payment of the same order that a return gives back. No foreign key, which would cost each sale one more index:
  -- `smoocho verify` checks it.
  ADD COLUMN payment_id uuid,
  ADD CONSTRAINT payments_return_check CHECK ((kind = 'return') = (payment_id IS NOT NULL));

-- The part of the total that was paid out. The rest lowered the debt.
ALTER TABLE refunds ADD COLUMN paid_out numeric(10,2) NOT NULL DEFAULT 0;
UPDATE refunds SET paid_out = total;
ALTER TABLE refunds ADD CONSTRAINT refunds_paid_out_check CHECK (paid_out BETWEEN 0 AND total);

-- Whether the goods of a void went back to stock, and if not, what was wasted: [{"itemId": …, "quantity": "0.250"}].
ALTER TABLE voids
  ADD COLUMN restock boolean NOT NULL DEFAULT true,
  ADD COLUMN wasted  jsonb   NOT NULL DEFAULT '[]',
  ADD CONSTRAINT voids_wasted_check CHECK (NOT restock OR wasted = '[]'),
  ADD CONSTRAINT voids_shop_id_id_key UNIQUE (shop_id, id);
-- Deferred, because stock is moved before the void is written.
ALTER TABLE stock_movements ADD COLUMN void_id uuid,
  ADD FOREIGN KEY (shop_id, void_id) REFERENCES voids (shop_id, id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX stock_movements_void_idx ON stock_movements (void_id) WHERE void_id IS NOT NULL;

-- For the count of late orders in reports, which reads only orders that were made offline.
CREATE INDEX orders_late_idx ON orders (shop_id, business_date) WHERE received_at IS NOT NULL;

-- Down Migration

DO $$
BEGIN
  IF EXISTS (SELECT FROM payments WHERE kind = 'return') OR EXISTS (SELECT FROM refunds WHERE paid_out <> total) THEN
    RAISE EXCEPTION 'Payments were given back, or goods on the book came back, which the version before can not tell from payments. Restore a backup that it made instead.'
      USING ERRCODE = 'SM002';
  END IF;
END
$$;
DROP INDEX orders_late_idx;

ALTER TABLE refunds DROP COLUMN paid_out;
ALTER TABLE payments DROP COLUMN kind, DROP COLUMN payment_id;
ALTER TABLE orders DROP COLUMN guests;
ALTER TABLE stock_movements DROP COLUMN void_id;
ALTER TABLE voids DROP COLUMN restock, DROP COLUMN wasted, DROP CONSTRAINT voids_shop_id_id_key;
