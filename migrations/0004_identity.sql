-- Up Migration

ALTER TABLE users
  -- argon2id over a keyed hash of the PIN: without the key file, ten thousand guesses find nothing
  ADD COLUMN pin_hash     varchar(255),
  -- wrong PINs since the last right one; signing in with the password begins anew
  ADD COLUMN pin_failures integer NOT NULL DEFAULT 0,
  ADD COLUMN disabled_at  timestamptz;

-- A refresh token is session.family.secret. The family part stays, so that an old token is known as one of the session's.
-- Sessions from before have none: their people sign in again.
ALTER TABLE sessions
  ADD COLUMN family_hash   varchar(64) NOT NULL DEFAULT '',
  -- of the secret before the current one, which is as good as the current one until that has been used
  ADD COLUMN previous_hash varchar(64),
  -- the current secret is the keyed hash of the one before with this: who asks again gets the same
  ADD COLUMN refresh_salt  varchar(64),
  -- counts the refreshes; and the highest one whose tokens somebody used
  ADD COLUMN generation      integer NOT NULL DEFAULT 1,
  ADD COLUMN generation_used integer NOT NULL DEFAULT 1,
  ADD COLUMN address       varchar(45),
  ADD COLUMN end_reason    varchar(16) CHECK (end_reason IN ('signed_out', 'ended', 'oldest', 'reused', 'password', 'disabled', 'device', 'upgrade'));
UPDATE sessions SET ended_at = now(), end_reason = 'upgrade' WHERE ended_at IS NULL;
ALTER TABLE sessions ALTER COLUMN family_hash DROP DEFAULT;

-- Down Migration

-- The version before knows no sessions of this kind.
DELETE FROM sessions;
ALTER TABLE sessions DROP COLUMN family_hash, DROP COLUMN previous_hash, DROP COLUMN refresh_salt,
  DROP COLUMN generation, DROP COLUMN generation_used, DROP COLUMN address, DROP COLUMN end_reason;
-- It knows nobody who is disabled either.
UPDATE users SET password_hash = '$argon2id$v=19$m=47104,t=1,p=1$' || repeat('A', 22) || '$' || repeat('A', 43)
WHERE disabled_at IS NOT NULL;
ALTER TABLE users DROP COLUMN pin_hash, DROP COLUMN pin_failures, DROP COLUMN disabled_at;
