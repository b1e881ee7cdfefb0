import type { EntityManager } from '@mikro-orm/postgresql';
import type { Role } from '../../contract/users.ts';
import { query } from '../../database/query.ts';

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

const DEVICE_NAME = `
  SELECT coalesce(d.name, s.device_name) AS name
  FROM sessions s LEFT JOIN devices d ON d.id::text = s.device_id WHERE s.id = $1`;

/** What the device of a session is called, if it is known. */
export async function deviceNameOf(em: EntityManager, sessionId: string): Promise<string | null> {
  const [row] = await query<{ name: string | null }>(em, DEVICE_NAME, [sessionId]);
  return row?.name ?? null;
}
