import type { Login, SignedIn } from '../../contract/auth.ts';
import { ProblemError } from '../../contract/problem.ts';
import { recordSecurity } from '../audit/record-security.ts';
import type { Context } from '../context.ts';
import { admitDevice } from '../devices/admit-device.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import { viewShop } from '../shops/view-shop.ts';
import { User } from '../users/user.entity.ts';
import { viewUser } from '../users/view-user.ts';
import { verifyPassword } from './passwords.ts';
import { forgetWrongPins } from './pin.ts';
import { renewHash } from './rehash.ts';
import { openSession } from './sessions.ts';

/**
 * Signs a person in and starts a session. Throws `wrong_credentials`, the same for an unknown account; `device_refused`
 * only to who knows the password.
 */
export async function signIn(
  { app, em }: Pick<Context, 'app' | 'em'>,
  login: Login,
  address: string | null = null,
): Promise<SignedIn> {
  const user = await em.findOne(User, { email: login.email, disabledAt: null });
  const isRight = await verifyPassword(login.password, user?.passwordHash);
  if (!user || !isRight) throw new ProblemError('wrong_credentials');
  const signedIn = await startSession({ app, em }, user, login.device, address, 'password');
  renewHash({ app, em }, user, login.password);
  return signedIn;
}

/** Starts a session for somebody who has shown who they are. Throws `device_refused`. */
export async function startSession(
  { app, em }: Pick<Context, 'app' | 'em'>,
  user: User,
  login: Login['device'],
  address: string | null,
  method: 'password' | 'pin',
): Promise<SignedIn> {
  const now = app.now();
  const tokens = await em.transactional(async (tx) => {
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
