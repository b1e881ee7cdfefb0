import type { EntityManager } from '@mikro-orm/postgresql';
import type { Login } from '../../contract/auth.ts';
import { Id } from '../../contract/primitives.ts';
import { type Fault, ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { hashToken } from '../auth/tokens.ts';

/** On what somebody signs in, as the session keeps it. */
type SessionDevice = { id: string; name: string };

// Holds the row until the session is there: revoking the device waits for it, and then ends that session too.
const ADMIT = `
  UPDATE devices d SET last_seen_at = $3
  WHERE d.id = $1 AND d.token_hash = $2 AND d.revoked_at IS NULL
    AND EXISTS (SELECT FROM shops s JOIN users u ON u.id = $4
                WHERE s.id = d.shop_id AND (s.id = u.shop_id OR s.owner_id = u.id))
  RETURNING d.id, d.name`;

/**
 * The device that somebody signs in on: a paired one by its token, which only the shop's own people may use, or any
 * other by what it calls itself. In the transaction that makes the session. Throws `device_refused`.
 */
export async function admitDevice(
  em: EntityManager,
  login: Login['device'],
  userId: string,
  now: Date,
): Promise<SessionDevice | null> {
  if (!login) return null;
  if ('token' in login) {
    const [device] = await query<SessionDevice>(em, ADMIT, [login.id, hashToken(login.token), now, userId]);
    if (device) return device;
    throw refused(
      '/device/id',
      'This device is not paired with a shop of yours, or was revoked. Pair it anew.',
    );
  }
  const id = Id.safeParse(login.id);
  const [paired] = id.success ? await query(em, 'SELECT FROM devices WHERE id = $1', [id.data]) : [];
  if (!paired) return { id: login.id, name: login.name };
  throw refused('/device/id', 'This is the id of a paired device. Sign in with its token.');
}

/** What a paired device shows of itself. */
export type PairedLogin = { id: string; token: string };

const FIND_PAIRED = `
  SELECT shop_id AS "shopId" FROM devices WHERE id = $1 AND token_hash = $2 AND revoked_at IS NULL`;

/** The shop of a device that is paired, whoever stands at it. Throws `device_refused`. */
export async function findPaired(em: EntityManager, { id, token }: PairedLogin): Promise<{ shopId: string }> {
  const [device] = await query<{ shopId: string }>(em, FIND_PAIRED, [id, hashToken(token)]);
  if (device) return device;
  throw refused('/device/id', 'This device is not paired with a shop, or was revoked. Pair it anew.');
}

function refused(pointer: string, detail: string): ProblemError {
  const fault: Fault = { pointer, detail };
  return new ProblemError('device_refused', { detail, errors: [fault] });
}

/** Notes that a device is in use; what is no paired device's id is passed over. */
export async function touchDevice(em: EntityManager, deviceId: string | null | undefined, now: Date) {
  const id = Id.safeParse(deviceId);
  if (id.success) await query(em, 'UPDATE devices SET last_seen_at = $2 WHERE id = $1', [id.data, now]);
}
