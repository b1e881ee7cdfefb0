import type { EntityManager } from '@mikro-orm/postgresql';
import type { Login, SignedIn } from '../../contract/auth.ts';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { recordSecurity, SOMEBODY } from '../audit/record-security.ts';
import type { Context } from '../context.ts';
import { admitDevice } from '../devices/admit-device.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import { viewShop } from '../shops/view-shop.ts';
import { User } from '../users/user.entity.ts';
import { viewUser } from '../users/view-user.ts';
import { findOrigin } from './find-origin.ts';
import { type Bounds, type Delay, isNews, lookWithin, signInBounds, tooManyTries } from './login-throttle.ts';
import { verifyPassword } from './passwords.ts';
import { forgetWrongPins } from './pin.ts';
import { renewHash } from './rehash.ts';
import { openSession } from './sessions.ts';

/**
 * Signs a person in and starts a session. Throws `wrong_credentials`, `too_many_requests`, `too_busy`, all the same, after
 * the same work, for an account that isn't there or is disabled; `device_refused` only to who knows the password.
 */
export async function signIn(
  { app, em }: Pick<Context, 'app' | 'em'>,
  login: Login,
  address: string | null = null,
): Promise<SignedIn> {
  const user = await em.findOne(User, { email: login.email });
  const origin = await findOrigin(em, login, address, app.now());
  const failure = { user, deviceId: origin.deviceId, address };
  const bounds = signInBounds(app, login.email, origin, (delay) => delayed({ app, em }, failure, delay));
  const lane = origin.isKnown ? 'known' : 'unknown';
  const isRight = await lookWithin(bounds, async () => {
    const isRight = await verifyPassword(login.password, user?.passwordHash, lane);
    return isRight && user?.disabledAt === null;
  });
  if (!user || !isRight) {
    await recordFailure({ app, em }, failure, 'sign_in_failed', {});
    throw new ProblemError('wrong_credentials');
  }
  const start = (as: User) => startSession({ app, em }, as, login.device, address, 'password');
  const signedIn = await start(user).catch(async (error) => await start(await lookAgain(em, login, error)));
  renewHash({ app, em }, user, login.password);
  return signedIn;
}

/**
 * Somebody whose password was right a moment ago, but is kept as another hash by now: it may have been hashed anew beside
 * another sign-in. Throws `error` when it is another password, or they were disabled; any other error at once.
 */
async function lookAgain(em: EntityManager, { email, password }: Login, error: unknown): Promise<User> {
  if (!(error instanceof ProblemError) || error.code !== 'wrong_credentials') throw error;
  const user = await em.findOne(User, { email }, { refresh: true });
  const isRight = await verifyPassword(password, user?.passwordHash, 'known');
  if (!user || !isRight || user.disabledAt !== null) throw error;
  return user;
}

type Failure = { user: User | null; deviceId: string | null; address: string | null };

/** Says how long to wait, and keeps it in the log once. */
async function delayed(
  context: Pick<Context, 'app' | 'em'>,
  failure: Failure,
  delay: Delay,
): ReturnType<Bounds['refuse']> {
  const { scope, waitSeconds } = delay;
  if (await isNews(context.app, delay)) {
    // Of a network over all accounts it says nothing of the one that happened to be tried.
    const isOfAccount = scope === 'place' || scope === 'shop' || scope === 'account';
    const about = isOfAccount ? failure : { ...failure, user: null };
    await recordFailure(context, about, 'sign_in_delayed', { scope, seconds: waitSeconds });
  }
  if (scope === 'place') return tooManyTries('Too many wrong passwords were tried here.', waitSeconds);
  if (scope === 'shop') {
    const what = "Too many wrong passwords were tried for this account on the shop's devices.";
    return tooManyTries(what, waitSeconds, ', or on a device of your own');
  }
  const what =
    scope === 'account'
      ? 'Too many wrong passwords were tried for this account.'
      : 'Too many wrong passwords were tried.';
  return tooManyTries(what, waitSeconds, ', or on a device on which you signed in before');
}

/**
 * One row, whether the account is there or not: both take the same time. What was typed as e-mail is kept only where it is
 * one of ours; it may be a password in the wrong field.
 */
async function recordFailure(
  { app, em }: Pick<Context, 'app' | 'em'>,
  { user, deviceId, address }: Failure,
  type: 'sign_in_failed' | 'sign_in_delayed',
  details: Record<string, unknown>,
): Promise<void> {
  await recordSecurity(em, {
    type,
    shopId: user?.shopId ?? null,
    at: app.now(),
    actor: SOMEBODY,
    deviceId,
    address,
    details: { ...details, ...(user && { email: user.email, isDisabled: user.disabledAt !== null }) },
  });
}

// Holds the row until the session is there: whoever disables the account or changes its password meanwhile waits, and then
// ends this session too; whoever was first is seen here.
const STILL_STANDS = `
  SELECT FROM users
  WHERE id = $1 AND password_hash = $2 AND pin_hash IS NOT DISTINCT FROM $3 AND disabled_at IS NULL FOR NO KEY UPDATE`;

/**
 * Starts a session for somebody who has shown who they are; `user` is as it was when they did.
 * Throws `device_refused`, and `wrong_credentials` when password or PIN changed meanwhile.
 */
export async function startSession(
  { app, em }: Pick<Context, 'app' | 'em'>,
  user: User,
  login: Login['device'],
  address: string | null,
  method: 'password' | 'pin',
): Promise<SignedIn> {
  const now = app.now();
  const tokens = await em.transactional(async (tx) => {
    const [standing] = await query(tx, STILL_STANDS, [user.id, user.passwordHash, user.pinHash ?? null]);
    if (!standing) throw new ProblemError('wrong_credentials');
    const device = await admitDevice(tx, login, user.id, now);
    if (method === 'password') await forgetWrongPins(tx, user.id);
    const tokens = await openSession(app, tx, user, { device, address });
    await recordSecurity(tx, {
      type: 'signed_in',
      shopId: user.shopId ?? null,
      at: now,
      actor: { kind: 'user', id: user.id, name: user.name },
      deviceId: device?.id ?? null,
      address,
      details: { method },
    });
    return tokens;
  });
  const shops = await listShopsOf(em, user);
  return { ...tokens, user: viewUser(user), shops: shops.map(viewShop) };
}
