-- Up Migration

-- What an owner has to know about the whole installation. One row is open of each code; those that ended stay for a while.
CREATE TABLE attention (
  id        uuid PRIMARY KEY,
  code      varchar(48)   NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]*$'),
  severity  varchar(8)    NOT NULL CHECK (severity IN ('warning', 'problem')),
  -- a sentence for people
  detail    varchar(1000) NOT NULL,
  since     timestamptz   NOT NULL,
  ended_at  timestamptz,
  -- numbers all changes in the order of their commits: who knows the last one reads what came after it
  change_no bigint        NOT NULL UNIQUE
);
CREATE UNIQUE INDEX attention_open_idx ON attention (code) WHERE ended_at IS NULL;

-- Backups that were made, read back and restored for trial, and those of them that failed.
CREATE TABLE backup_runs (
  id         uuid PRIMARY KEY,
  kind       varchar(8)  NOT NULL CHECK (kind IN ('create', 'verify', 'drill')),
  started_at timestamptz NOT NULL,
  ended_at   timestamptz NOT NULL,
  file       varchar(1000),
  size_bytes bigint CHECK (size_bytes >= 0),
  -- why it failed; null when it did not
  error      varchar(1000)
);
CREATE INDEX backup_runs_last_idx ON backup_runs (kind, started_at DESC);

-- What a server's schedule has done, so that another server, or the same one after a restart, goes on from there.
CREATE TABLE scheduled_jobs (
  name         varchar(32) PRIMARY KEY,
  -- when it was first looked at
  since        timestamptz NOT NULL,
  started_at   timestamptz,
  -- before started_at, or null: it is running, or was cut off
  ended_at     timestamptz,
  -- when the last run that succeeded was started
  succeeded_at timestamptz,
  -- of the time that it is due for
  tries        integer     NOT NULL DEFAULT 0
);

-- Down Migration

DROP TABLE scheduled_jobs, backup_runs, attention;
