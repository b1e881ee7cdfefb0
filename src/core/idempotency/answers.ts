import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';

/** A retry comes within minutes, from a till that was off over night within a day. */
export const KEPT_HOURS = 24;
/** Of one shop. Beyond it the oldest go, so that nobody who sends many keys stops the others from working. */
export const MAX_KEPT = 10_000;
/** As many as one request may take along: each adds one, so they never pile up. */
const REMOVED_AT_ONCE = 100;

/** A key is of one person, in one shop and for one route. */
export type KeyOf = { scopeId: string; userId: string; route: string; key: string };
export type Answered = { status: number; body: unknown };
export type KeptAnswer = { requestHash: string; status: number; body: string };

const placeOf = ({ scopeId, userId, route, key }: KeyOf) => [scopeId, userId, route, key];

/** Names the key as one text. */
export const nameOf = (of: KeyOf) => JSON.stringify(['idempotency', ...placeOf(of)]);

const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';

/** Holds the key until the end of the transaction: the same request in another process waits here. */
export async function lockKey(em: EntityManager, of: KeyOf): Promise<void> {
  await query(em, LOCK, [nameOf(of)]);
}

const FIND = `
  SELECT request_hash AS "requestHash", status, body FROM idempotency_keys
  WHERE scope_id = $1 AND user_id = $2 AND route = $3 AND key = $4 AND created_at > $5`;

export async function findAnswer(em: EntityManager, of: KeyOf, now: Date): Promise<KeptAnswer | undefined> {
  const [kept] = await query<KeptAnswer>(em, FIND, [...placeOf(of), oldestKept(now)]);
  return kept;
}

// One that is past its time and still there is replaced.
const KEEP = `
  INSERT INTO idempotency_keys (scope_id, user_id, route, key, request_hash, status, body, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (scope_id, user_id, route, key) DO UPDATE SET
    request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_at = excluded.created_at`;

// PostgreSQL locks the rows that an OFFSET skips, too: so it stands in a query of its own.
const REMOVE_BEYOND = `
  DELETE FROM idempotency_keys WHERE (scope_id, user_id, route, key) IN (
    SELECT scope_id, user_id, route, key FROM idempotency_keys
    WHERE scope_id = $1 AND created_at <= (
      SELECT created_at FROM idempotency_keys WHERE scope_id = $1 ORDER BY created_at DESC OFFSET $2 LIMIT 1)
    ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED)`;

/** Keeps an answer, in the transaction of the work that it is of. */
export async function keepAnswer(em: EntityManager, of: KeyOf, kept: KeptAnswer, now: Date): Promise<void> {
  await query(em, KEEP, [...placeOf(of), kept.requestHash, kept.status, kept.body, now]);
}

/** Removes the oldest responses beyond a shop's limit, and a few that are past their time, before a new one is kept. */
export async function makeRoom(em: EntityManager, { scopeId }: KeyOf, now: Date): Promise<void> {
  await query(em, REMOVE_BEYOND, [scopeId, MAX_KEPT - 1, REMOVED_AT_ONCE]);
  await forgetAnswers(em, now);
}

const FORGET = `
  DELETE FROM idempotency_keys WHERE (scope_id, user_id, route, key) IN (
    SELECT scope_id, user_id, route, key FROM idempotency_keys
    WHERE created_at <= $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

/** Removes answers that are past their time, of all shops, a few at a time. */
export async function forgetAnswers(em: EntityManager, now: Date): Promise<void> {
  await query(em, FORGET, [oldestKept(now), REMOVED_AT_ONCE]);
}

const oldestKept = (now: Date) => new Date(now.getTime() - KEPT_HOURS * 60 * 60 * 1000);
