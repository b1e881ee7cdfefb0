-- Up Migration

-- Whether the goods of a void went back to stock, and if not, what was wasted: [{"itemId": …, "quantity": "0.250"}].
ALTER TABLE voids
  ADD COLUMN restock boolean NOT NULL DEFAULT true,
  ADD COLUMN wasted  jsonb   NOT NULL DEFAULT '[]',
  ADD CHECK (NOT restock OR wasted = '[]');
-- Deferred: stock is locked and moved before the void is written.
ALTER TABLE stock_movements ADD COLUMN void_id uuid REFERENCES voids (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX stock_movements_void_idx ON stock_movements (void_id) WHERE void_id IS NOT NULL;

-- Down Migration

ALTER TABLE stock_movements DROP COLUMN void_id;
ALTER TABLE voids DROP COLUMN restock, DROP COLUMN wasted;
