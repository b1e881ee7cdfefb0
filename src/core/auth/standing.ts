import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import type { Role } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import type { Context } from '../context.ts';

/** As what somebody was let in. */
export type Standing = { sessionId: string; shopId: string; role: Role };

const FALLEN = `
  SELECT n::int AS n
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS s (session_id, shop_id, role, n)
  WHERE NOT EXISTS (
    SELECT FROM sessions x JOIN users u ON u.id = x.user_id
    JOIN shops ON shops.id = s.shop_id AND (shops.id = u.shop_id OR shops.owner_id = u.id)
    WHERE x.id = s.session_id AND x.ended_at IS NULL AND x.expires_at > $4 AND u.role = s.role
      AND u.disabled_at IS NULL)`;

/** Those who would not be let in so any more: their session ended, or they lost the shop or the role. */
export async function findFallen<S extends Standing>(
  em: EntityManager,
  standings: S[],
  now: Date,
): Promise<S[]> {
  const rows = await query<{ n: number }>(em, FALLEN, [
    standings.map(({ sessionId }) => sessionId),
    standings.map(({ shopId }) => shopId),
    standings.map(({ role }) => role),
    now,
  ]);
  return rows.map(({ n }) => standings[n - 1] as S);
}

const LOCK_STANDING = `
  SELECT FROM sessions x JOIN users u ON u.id = x.user_id
  JOIN shops ON shops.id = $2 AND (shops.id = u.shop_id OR shops.owner_id = u.id)
  WHERE x.id = $1 AND x.ended_at IS NULL AND x.expires_at > $3 AND u.role = $4 AND u.disabled_at IS NULL
  FOR SHARE OF u`;

/**
 * Looks again whether somebody may do what they were let in for: who has waited, for passwords to be hashed or for something to
 * happen, may have been shut out meanwhile. In a transaction, nobody disables or demotes them until its end. Throws `unauthenticated`.
 */
export async function requireStanding(
  { app, em, actor }: Pick<Context, 'app' | 'em' | 'actor'>,
  shopId: string,
): Promise<void> {
  if (actor.kind !== 'user') return;
  const [row] = await query(em, LOCK_STANDING, [actor.sessionId, shopId, app.now(), actor.role]);
  if (!row) {
    throw new ProblemError('unauthenticated', {
      detail: 'Your session or your role changed meanwhile. Sign in again.',
    });
  }
}

const DEVICE_NAME = `
  SELECT coalesce(d.name, s.device_name) AS name
  FROM sessions s LEFT JOIN devices d ON d.id::text = s.device_id WHERE s.id = $1`;

/** What the device of a session is called, if it is known. */
export async function deviceNameOf(em: EntityManager, sessionId: string): Promise<string | null> {
  const [row] = await query<{ name: string | null }>(em, DEVICE_NAME, [sessionId]);
  return row?.name ?? null;
}
