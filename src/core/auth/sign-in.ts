import { v7 as uuidv7 } from 'uuid';
import type { Login, SignedIn } from '../../contract/auth.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { Context, Services } from '../context.ts';
import { admitDevice, touchDevice } from '../devices/admit-device.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import { viewShop } from '../shops/view-shop.ts';
import { User } from '../users/user.entity.ts';
import { viewUser } from '../users/view-user.ts';
import { verifyPassword } from './passwords.ts';
import { Session } from './session.entity.ts';
import { ACCESS_TOKEN_SECONDS, hashToken, newOpaqueToken, SESSION_DAYS, signAccessToken } from './tokens.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Signs a person in and starts a session. Throws `wrong_credentials`, the same for an unknown account; `device_refused`
 * only to who knows the password.
 */
export async function signIn({ app, em }: Pick<Context, 'app' | 'em'>, login: Login): Promise<SignedIn> {
  const user = await em.findOne(User, { email: login.email });
  const isRight = await verifyPassword(login.password, user?.passwordHash);
  if (!user || !isRight) throw new ProblemError('wrong_credentials');

  const now = app.now();
  const refresh = newOpaqueToken();
  const session = await em.transactional(async (tx) => {
    const device = await admitDevice(tx, login.device, user.id, now);
    return tx.create(Session, {
      id: uuidv7(),
      userId: user.id,
      refreshHash: refresh.hash,
      deviceId: device?.id ?? null,
      deviceName: device?.name ?? null,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + SESSION_DAYS * DAY_MS),
      endedAt: null,
    });
  });
  const shops = await listShopsOf(em, user);
  return { ...tokens(app, session, refresh.token), user: viewUser(user), shops: shops.map(viewShop) };
}

/** Trades a refresh token for new ones; the old one is spent. Throws `unauthenticated`. */
export async function refreshSession({ app, em }: Pick<Context, 'app' | 'em'>, refreshToken: string) {
  const refresh = newOpaqueToken();
  // One conditional update: of two that bring the same token, one wins.
  const renewed = await em.nativeUpdate(
    Session,
    { refreshHash: hashToken(refreshToken), endedAt: null, expiresAt: { $gt: app.now() } },
    { refreshHash: refresh.hash, lastSeenAt: app.now() },
  );
  const session = renewed === 1 ? await em.findOne(Session, { refreshHash: refresh.hash }) : null;
  if (!session)
    throw new ProblemError('unauthenticated', { detail: 'The refresh token is not valid. Sign in again.' });
  // The old token is spent by now: nothing that only notes the time may keep the new one back.
  await touchDevice(em, session.deviceId, app.now()).catch((error) =>
    app.log.warn({ err: error }, 'when a device was last seen could not be noted'),
  );
  return tokens(app, session, refresh.token);
}

/** Ends a session: its tokens are worth nothing from now on, and its sockets close. */
export async function signOut({ app, em }: Pick<Context, 'app' | 'em'>, sessionId: string): Promise<void> {
  await em.nativeUpdate(Session, { id: sessionId, endedAt: null }, { endedAt: app.now() });
  app.bus.tell({ kind: 'sessions' });
}

function tokens(app: Services, session: Session, refreshToken: string) {
  return {
    accessToken: signAccessToken(app, session.userId, session.id),
    refreshToken,
    expiresIn: ACCESS_TOKEN_SECONDS,
  };
}
