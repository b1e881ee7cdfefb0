import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import type { EndReason } from './session.entity.ts';

// Whoever ends several takes them in the order of their ids, so that no two wait for each other.
const END_OF_PERSON = `
  WITH theirs AS (
    SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $4::uuid
    ORDER BY id FOR UPDATE
  )
  UPDATE sessions s SET ended_at = $2, end_reason = $3 FROM theirs WHERE s.id = theirs.id RETURNING s.id`;

/**
 * Ends all sessions of somebody, but for `except`; gives how many. Inside a transaction; once it is committed,
 * `app.bus.tell({kind: 'sessions'})` closes their sockets at once.
 */
export async function endSessionsOf(
  em: EntityManager,
  userId: string,
  now: Date,
  reason: EndReason,
  except?: string,
): Promise<number> {
  return (await query(em, END_OF_PERSON, [userId, now, reason, except ?? null])).length;
}

const END_ON_DEVICE = `
  WITH there AS (
    SELECT id FROM sessions WHERE device_id = $1 AND ended_at IS NULL ORDER BY id FOR UPDATE
  )
  UPDATE sessions s SET ended_at = $2, end_reason = $3 FROM there WHERE s.id = there.id`;

/** Ends all sessions on a device that was revoked; otherwise as `endSessionsOf`. */
export async function endSessionsOn(em: EntityManager, deviceId: string, now: Date): Promise<void> {
  await query(em, END_ON_DEVICE, [deviceId, now, 'device' satisfies EndReason]);
}

/** Each PIN at a till starts another session, and nobody signs out: few of a person there are of use. */
const MAX_ON_DEVICE = 20;

// By when they were used, and never the new one itself: after the clock was put back it looks older than all others.
const END_OLDEST = `
  WITH oldest AS (
    SELECT id FROM sessions
    WHERE user_id = $1 AND device_id = $2 AND ended_at IS NULL AND expires_at > $3 AND id <> $5
    ORDER BY last_seen_at DESC, id DESC OFFSET $6
  ), theirs AS (
    SELECT id FROM sessions WHERE id IN (SELECT id FROM oldest) ORDER BY id FOR UPDATE
  )
  UPDATE sessions s SET ended_at = $3, end_reason = $4 FROM theirs WHERE s.id = theirs.id AND s.ended_at IS NULL`;

/** Ends somebody's sessions on a device that were used longest ago, so that no more than 20 stand with the one just made. */
export async function endOldest(
  em: EntityManager,
  { id, userId, deviceId }: { id: string; userId: string; deviceId: string },
  now: Date,
): Promise<void> {
  await query(em, END_OLDEST, [userId, deviceId, now, 'oldest' satisfies EndReason, id, MAX_ON_DEVICE - 1]);
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A session ends within 30 days of its start, so these ended 90 days ago or more: nothing looks at them any more. */
const FORGOTTEN_DAYS = 120;
/** As many as one sign-in may take along; each adds one, so they never pile up. */
const FORGOTTEN_AT_ONCE = 100;

// The key begins with the time, so that the oldest are found without reading the others.
const FORGET = `
  DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE id < $1 AND created_at < $2 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
  )`;

/** Forgets sessions, with their addresses, that ended months ago; a few at a time. */
export async function forgetOldSessions(em: EntityManager, now: Date): Promise<void> {
  const before = new Date(now.getTime() - FORGOTTEN_DAYS * DAY_MS);
  await query(em, FORGET, [firstIdOf(before), before, FORGOTTEN_AT_ONCE]);
}

/** Where the ids (UUIDv7) of that millisecond begin. */
function firstIdOf(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
