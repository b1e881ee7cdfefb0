-- Up Migration

-- A shop's data begins a new epoch each time it is restored from a backup. The counters of earlier epochs are never counted
-- up again: what lies beyond them was given out after the backup, and is known to the tills alone.
CREATE TABLE shop_epochs (
  shop_id        uuid        NOT NULL REFERENCES shops (id),
  epoch          uuid        NOT NULL,
  -- 1 for the first, and so on
  number         integer     NOT NULL,
  began_at       timestamptz NOT NULL,
  -- reopened: a first one, of a shop whose code may stand on bills that were lost with an epoch before a restore
  reason         varchar(8)  NOT NULL CHECK (reason IN ('opened', 'reopened', 'restored', 'undone')),
  backup_id      varchar(64),
  backup_made_at timestamptz,
  -- shop_heads.series as the epoch began: series key → last number given
  series         jsonb       NOT NULL DEFAULT '{}',
  PRIMARY KEY (shop_id, epoch),
  CONSTRAINT shop_epochs_number_key UNIQUE (shop_id, number),
  CHECK ((number = 1) = (reason IN ('opened', 'reopened')))
);
INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason)
SELECT h.shop_id, h.epoch, 1, s.created_at, 'opened' FROM shop_heads h JOIN shops s ON s.id = h.shop_id;
ALTER TABLE shop_heads
  ALTER COLUMN epoch DROP DEFAULT,
  ADD CONSTRAINT shop_heads_epoch_fkey FOREIGN KEY (shop_id, epoch) REFERENCES shop_epochs (shop_id, epoch);

-- What stands in lent numbers where the fiscal year stood: in later epochs it is another one.
ALTER TABLE number_leases ADD COLUMN label varchar(9);
UPDATE number_leases SET label = fiscal_year;
ALTER TABLE number_leases
  ALTER COLUMN label SET NOT NULL,
  DROP CONSTRAINT number_leases_shop_id_series_fiscal_year_first_number_key,
  ADD CONSTRAINT number_leases_first_number_key UNIQUE (shop_id, series, label, first_number);

ALTER TABLE sessions
  DROP CONSTRAINT sessions_end_reason_check,
  ADD CONSTRAINT sessions_end_reason_check CHECK (
    end_reason IN ('signed_out', 'ended', 'oldest', 'reused', 'password', 'disabled', 'device', 'upgrade', 'restored'));

-- Down Migration

DO $$ BEGIN
  IF EXISTS (SELECT FROM shop_epochs WHERE reason <> 'opened') THEN
    RAISE EXCEPTION 'A shop was restored from a backup, and the version before can not account for the bill numbers since. Restore a backup that it made instead.'
      USING ERRCODE = 'SM002';
  END IF;
END $$;
UPDATE sessions SET end_reason = 'ended' WHERE end_reason = 'restored';
ALTER TABLE sessions
  DROP CONSTRAINT sessions_end_reason_check,
  ADD CONSTRAINT sessions_end_reason_check CHECK (
    end_reason IN ('signed_out', 'ended', 'oldest', 'reused', 'password', 'disabled', 'device', 'upgrade'));
ALTER TABLE number_leases
  DROP CONSTRAINT number_leases_first_number_key,
  DROP COLUMN label,
  ADD CONSTRAINT number_leases_shop_id_series_fiscal_year_first_number_key UNIQUE (shop_id, series, fiscal_year, first_number);
ALTER TABLE shop_heads DROP CONSTRAINT shop_heads_epoch_fkey, ALTER COLUMN epoch SET DEFAULT gen_random_uuid();
DROP TABLE shop_epochs;
