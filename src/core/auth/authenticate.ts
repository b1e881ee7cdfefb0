import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import type { Role } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import { takesChanges } from '../../database/standby-watch.ts';
import type { Services, UserActor } from '../context.ts';
import type { AccessClaims } from './tokens.ts';

type Row = {
  id: string;
  name: string;
  role: Role;
  shop_id: string | null;
  device_id: string | null;
  has_shop: boolean;
  generation: number;
  generation_used: number;
};

// One look-up says whether the session still stands and whether the shop is this person's: signing out, a change of
// role or of shop act on the very next request.
const FIND_SESSION = `
  SELECT u.id, u.name, u.role, u.shop_id, s.device_id, s.generation, s.generation_used,
         EXISTS (SELECT FROM shops WHERE shops.id = $4 AND (shops.id = u.shop_id OR shops.owner_id = u.id)) AS has_shop
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3
    AND u.disabled_at IS NULL`;

// Once after each refresh, or as soon as the database takes changes: from now on the refresh token before is an old one.
const USE = 'UPDATE sessions SET generation_used = $2 WHERE id = $1 AND generation = $2';

/**
 * Whose session a token is of that was read, and whether `shopId` is one of their shops.
 * Throws `unauthenticated` when the session is not valid.
 */
export async function authenticate(
  app: Services,
  em: EntityManager,
  { userId, sessionId, generation }: AccessClaims,
  shopId: string | null,
): Promise<{ actor: UserActor; hasShop: boolean }> {
  const [row] = await query<Row>(em, FIND_SESSION, [sessionId, userId, app.now(), shopId]);
  if (!row) throw new ProblemError('unauthenticated', { detail: 'This session has ended. Sign in again.' });
  const isNew = row.generation === generation && row.generation_used < generation;
  if (isNew && takesChanges(app.standby.state())) {
    await query(em, USE, [sessionId, generation]);
  }
  const { id, name, role } = row;
  const actor: UserActor = {
    kind: 'user',
    id,
    name,
    role,
    shopId: row.shop_id,
    sessionId,
    deviceId: row.device_id,
  };
  return { actor, hasShop: row.has_shop };
}
