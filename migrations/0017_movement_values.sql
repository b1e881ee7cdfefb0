-- Up Migration

-- What moved is worth what it cost then, and is of the business day of then: neither another cost of the item, nor another
-- start of the shop's day, changes the inventory report of a day that has ended. `value` has the sign of `quantity`; three
-- decimals of a quantity times two of a cost are exact in five.
ALTER TABLE stock_movements
  ADD COLUMN value         numeric(22,5),
  ADD COLUMN business_date date;
DROP INDEX stock_movements_time_idx;

-- What moved before is worth the cost of now, by the clock and the day start of now: reports say what they said. The wall
-- clock shows a day's start twice where it is put back over it; the day has begun with the first time.
UPDATE stock_movements m
SET value = m.quantity * i.cost,
  business_date = CASE
    WHEN (m.at - interval '2 hours') AT TIME ZONE s.timezone > m.at AT TIME ZONE s.timezone - interval '2 hours' THEN (
      SELECT max(((m.at - minutes * interval '1 minute') AT TIME ZONE s.timezone - s.day_start)::date)
      FROM generate_series(0, 120) minutes)
    ELSE (m.at AT TIME ZONE s.timezone - s.day_start)::date
  END
FROM inventory_items i JOIN shops s ON s.id = i.shop_id
WHERE i.shop_id = m.shop_id AND i.id = m.item_id;

ALTER TABLE stock_movements
  ALTER COLUMN value SET NOT NULL,
  ALTER COLUMN business_date SET NOT NULL;
CREATE INDEX stock_movements_business_date_idx ON stock_movements (shop_id, business_date);

-- Down Migration

DROP INDEX stock_movements_business_date_idx;
ALTER TABLE stock_movements DROP COLUMN value, DROP COLUMN business_date;
CREATE INDEX stock_movements_time_idx ON stock_movements (shop_id, at);
