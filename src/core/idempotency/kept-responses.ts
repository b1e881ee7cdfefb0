import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import type { Keys } from '../keys/keys.ts';

/** A client retries within minutes, one that was off overnight within a day. */
export const KEPT_HOURS = 24;
/** Per shop. Beyond it the oldest responses are removed, so that a client that sends many keys can't stop the others. */
export const MAX_KEPT = 10_000;
/** Rows that one request removes at most. Each request adds one row, so expired rows don't pile up. */
export const REMOVE_BATCH = 100;

/** The scope of an Idempotency-Key: one user, in one shop, on one route. */
export type KeyScope = { scopeId: string; userId: string; route: string; key: string };
export type KeyedResponse = { status: number; body: unknown };
export type KeptResponse = { requestHash: string; status: number; body: string };

const keyColumns = ({ scopeId, userId, route, key }: KeyScope) => [scopeId, userId, route, key];

/** The scope as one string, the name of its lock and its queue. */
export const scopeName = (scope: KeyScope) => JSON.stringify(['idempotency', ...keyColumns(scope)]);

const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';

/** Locks the key until the end of the transaction: the same request in another process waits here. */
export async function lockKey(em: EntityManager, scope: KeyScope): Promise<void> {
  await query(em, LOCK, [scopeName(scope)]);
}

const FIND = `
  SELECT request_hash AS "requestHash", status, body FROM idempotency_keys
  WHERE scope_id = $1 AND user_id = $2 AND route = $3 AND key = $4 AND created_at > $5`;

export async function findResponse(
  em: EntityManager,
  scope: KeyScope,
  now: Date,
): Promise<KeptResponse | undefined> {
  const [kept] = await query<KeptResponse>(em, FIND, [...keyColumns(scope), expiresBefore(now)]);
  return kept;
}

// Replaces a response that expired and isn't removed yet.
const KEEP = `
  INSERT INTO idempotency_keys (scope_id, user_id, route, key, request_hash, status, body, created_at, response_hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (scope_id, user_id, route, key) DO UPDATE SET
    request_hash = excluded.request_hash, status = excluded.status, body = excluded.body,
    created_at = excluded.created_at, response_hash = excluded.response_hash`;

/** Proves to `smoocho verify` that a kept response is unchanged: without the keys nobody can make one for another response or time. */
export const responseHashOf = (
  keys: Keys,
  scope: KeyScope,
  { requestHash, status, body }: KeptResponse,
  at: Date,
): string => {
  const parts = [...keyColumns(scope), requestHash, String(status), body, at.toISOString()];
  return keys.hmac('idempotency', 'response', ...parts).toString('base64url');
};

/** Keeps a response, in the transaction of the work that it answers. */
export async function keepResponse(
  { keys, em }: { keys: Keys; em: EntityManager },
  scope: KeyScope,
  kept: KeptResponse,
  now: Date,
): Promise<void> {
  const hash = responseHashOf(keys, scope, kept, now);
  await query(em, KEEP, [...keyColumns(scope), kept.requestHash, kept.status, kept.body, now, hash]);
}

// The OFFSET is in a subquery without FOR UPDATE, since PostgreSQL locks the rows that an OFFSET skips, too.
const REMOVE_BEYOND_LIMIT = `
  DELETE FROM idempotency_keys WHERE (scope_id, user_id, route, key) IN (
    SELECT scope_id, user_id, route, key FROM idempotency_keys
    WHERE scope_id = $1 AND created_at <= (
      SELECT created_at FROM idempotency_keys WHERE scope_id = $1 ORDER BY created_at DESC OFFSET $2 LIMIT 1)
    ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED)`;

/** Removes the oldest responses beyond a shop's limit, and a batch of expired ones, before a new one is kept. */
export async function makeRoom(em: EntityManager, { scopeId }: KeyScope, now: Date): Promise<void> {
  await query(em, REMOVE_BEYOND_LIMIT, [scopeId, MAX_KEPT - 1, REMOVE_BATCH]);
  await removeExpired(em, now);
}

const REMOVE_EXPIRED = `
  DELETE FROM idempotency_keys WHERE (scope_id, user_id, route, key) IN (
    SELECT scope_id, user_id, route, key FROM idempotency_keys
    WHERE created_at <= $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

/** Removes one batch of expired responses, of any shop. */
export async function removeExpired(em: EntityManager, now: Date): Promise<void> {
  await query(em, REMOVE_EXPIRED, [expiresBefore(now), REMOVE_BATCH]);
}

const expiresBefore = (now: Date) => new Date(now.getTime() - KEPT_HOURS * 60 * 60 * 1000);
