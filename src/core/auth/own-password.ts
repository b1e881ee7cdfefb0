import { recordSecurity } from '../audit/record-security.ts';
import { type Context, deviceOf, eventActor, type UserActor } from '../context.ts';
import { isNews, lookWithin, ownPasswordBounds, tooManyTries } from './login-throttle.ts';
import { verifyPassword } from './passwords.ts';

/**
 * Whether it is the password of who is signed in, so that a till left open can't be taken over; not by guessing either:
 * wrong ones delay the next. Not within a transaction. Throws `too_many_requests`, `too_busy`.
 */
export async function isOwnPassword(
  context: Context<UserActor>,
  passwordHash: string,
  password: string,
): Promise<boolean> {
  const { app, actor } = context;
  const bounds = ownPasswordBounds(app, actor.id, async (delay) => {
    const { waitSeconds } = delay;
    if (await isNews(app, delay)) await recordFailure(context, 'sign_in_delayed', { seconds: waitSeconds });
    return tooManyTries('Too many wrong passwords were tried here.', waitSeconds);
  });
  const isRight = await lookWithin(bounds, () => verifyPassword(password, passwordHash, 'known'));
  if (!isRight) await recordFailure(context, 'sign_in_failed', {});
  return isRight;
}

async function recordFailure(
  { app, em, actor }: Context<UserActor>,
  type: 'sign_in_failed' | 'sign_in_delayed',
  details: Record<string, unknown>,
): Promise<void> {
  await recordSecurity(em, {
    type,
    shopId: actor.shopId,
    at: app.now(),
    actor: eventActor(actor),
    deviceId: deviceOf(actor),
    details: { ...details, for: 'own password' },
  });
}
