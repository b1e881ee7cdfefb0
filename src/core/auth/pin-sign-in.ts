import type { EntityManager } from '@mikro-orm/postgresql';
import type { PinLogin, SignedIn } from '../../contract/auth.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { Role } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import type { Limit } from '../../redis/limits.ts';
import { recordSecurity, SOMEBODY } from '../audit/record-security.ts';
import type { Context } from '../context.ts';
import { findPaired, type PairedLogin } from '../devices/admit-device.ts';
import { User } from '../users/user.entity.ts';
import { consumeAttempt } from './consume-attempt.ts';
import { MAX_PIN_FAILURES, verifyPin } from './pin.ts';
import { startSession } from './sign-in.ts';

const FIVE_MINUTES = 5 * 60;
/** Wrong ones of a person on a device: who mistypes needs fewer. */
const PER_PERSON: Limit = { name: 'pin', times: 5, seconds: FIVE_MINUTES };
/** Of all people on a device: whoever tries each colleague in turn is as slow. */
const PER_DEVICE: Limit = { name: 'pin-device', times: 20, seconds: FIVE_MINUTES };

// Counted as wrong, and committed, before the PIN is looked at: of however many that come at once, no more are looked at
// than may be wrong, and neither a crash nor a lost Redis forgets one.
const COUNT = `
  UPDATE users u SET pin_failures = pin_failures + 1
  FROM shops s
  WHERE u.id = $1 AND s.id = $2 AND (s.id = u.shop_id OR s.owner_id = u.id)
    AND u.pin_hash IS NOT NULL AND u.pin_failures < $3 AND u.disabled_at IS NULL
  RETURNING u.name, u.pin_hash AS "pinHash", u.pin_failures AS failures`;
type Counted = { name: string; pinHash: string; failures: number };

const UNCOUNT = 'UPDATE users SET pin_failures = pin_failures - 1 WHERE id = $1 AND pin_failures > 0';

// Holds the row until the session is there: who disables this person or sets another PIN waits, and then ends it too.
const ACCEPT = `
  UPDATE users SET pin_failures = 0 WHERE id = $1 AND pin_hash = $2 AND disabled_at IS NULL RETURNING id`;

/**
 * Signs somebody in on a paired device by their PIN. Throws `device_refused` before anything else; `wrong_credentials`, the
 * same for a wrong PIN, a wrong person, none set, disabled and locked; `too_many_requests`; `too_busy`.
 */
export async function signInWithPin(
  { app, em }: Pick<Context, 'app' | 'em'>,
  { userId, pin, device }: PinLogin,
  address: string | null = null,
): Promise<SignedIn> {
  const { shopId } = await findPaired(em, device);
  const attempt = await consumeAttempt(
    app,
    [
      [PER_DEVICE, device.id],
      [PER_PERSON, `${device.id} ${userId}`],
    ],
    tooMany,
  );
  const [counted] = await query<Counted>(em, COUNT, [userId, shopId, MAX_PIN_FAILURES]);
  const isRight = await verifyPin(app, userId, pin, counted?.pinHash).catch(async (error) => {
    // It was not looked at.
    if (counted) await query(em, UNCOUNT, [userId]);
    await attempt.reward();
    throw error;
  });
  if (!counted || !isRight) {
    await recordWrong({ app, em }, { userId, shopId, deviceId: device.id, address, counted });
    throw wrong();
  }
  await attempt.reward();
  return await em.transactional(async (tx) => {
    const accepted = await query(tx, ACCEPT, [userId, counted.pinHash]);
    if (accepted.length === 0) throw wrong();
    const user = await tx.findOneOrFail(User, userId, { refresh: true });
    return await startSession({ app, em: tx }, user, device, address, 'pin');
  });
}

const wrong = () =>
  new ProblemError('wrong_credentials', {
    detail: 'This PIN is wrong or does not count any more. Try again, or sign in with e-mail and password.',
  });

function tooMany(retryAfter: number): ProblemError {
  const wait = retryAfter <= 60 ? 'in a minute' : `in ${Math.ceil(retryAfter / 60)} minutes`;
  const detail = `Too many wrong PINs were tried here. Try again ${wait}, or sign in with e-mail and password.`;
  return new ProblemError('too_many_requests', { detail, extra: { retryAfter } });
}

type Wrong = {
  userId: string;
  shopId: string;
  deviceId: string;
  address: string | null;
  counted: Counted | undefined;
};

async function recordWrong(
  { app, em }: Pick<Context, 'app' | 'em'>,
  { userId, counted, ...place }: Wrong,
): Promise<void> {
  const who = { userId, ...(counted ? { name: counted.name } : {}) };
  const record = { ...place, at: app.now(), actor: SOMEBODY };
  await recordSecurity(em, { ...record, type: 'sign_in_failed', details: { method: 'pin', ...who } });
  if (counted?.failures !== MAX_PIN_FAILURES) return;
  await recordSecurity(em, {
    ...record,
    type: 'pin_locked',
    details: { ...who, failures: counted.failures },
  });
}

const PEOPLE = `
  SELECT u.id, u.name, u.role FROM users u
  JOIN shops s ON s.id = $1 AND (s.id = u.shop_id OR s.owner_id = u.id)
  WHERE u.pin_hash IS NOT NULL AND u.disabled_at IS NULL
  ORDER BY u.name, u.id`;

/** Who can sign in by PIN on this device, for its lock screen. Throws `device_refused`. */
export async function listPinPeople(
  em: EntityManager,
  device: PairedLogin,
): Promise<{ id: string; name: string; role: Role }[]> {
  const { shopId } = await findPaired(em, device);
  return await query(em, PEOPLE, [shopId]);
}
