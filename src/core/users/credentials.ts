import type { EntityManager } from '@mikro-orm/postgresql';
import type { SecurityType } from '../../contract/audit.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { hashInLine } from '../auth/login-throttle.ts';
import { checkPassword, type PasswordOwner } from '../auth/password-rules.ts';
import { hashPassword } from '../auth/passwords.ts';
import { checkPin, hashPin } from '../auth/pin.ts';
import { type Actor, deviceOf, eventActor, type Services } from '../context.ts';
import type { User } from './user.entity.ts';

/** Null takes the PIN away; what is not named stays. */
type Credentials = { password?: string | undefined; pin?: string | null | undefined };
export type Hashes = { passwordHash?: string; pinHash?: string | null };

/**
 * Looks whether a password and a PIN may be had, and hashes them, in the line of who sets them. A program has none, and
 * neither has the first owner, before whom there is nobody. Outside a transaction: nobody waits for it.
 * Throws `invalid_request`, `too_busy`.
 */
export async function hashCredentials(
  { app, actor }: { app: Services; actor: Actor | null },
  userId: string,
  { password, pin }: Credentials,
  owner: PasswordOwner,
): Promise<Hashes> {
  if (typeof pin === 'string') checkPin(pin);
  if (password !== undefined) await checkPassword(password, owner);
  const hash = async () => ({
    ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
    ...(pin === undefined ? {} : { pinHash: pin === null ? null : await hashPin(app, userId, pin) }),
  });
  const isWork = password !== undefined || typeof pin === 'string';
  return isWork && actor?.kind === 'user' ? await hashInLine(actor.id, hash) : await hash();
}

/** A new PIN begins without the wrong ones of the old. */
export function applyHashes(user: User, { passwordHash, pinHash }: Hashes): void {
  if (passwordHash !== undefined) user.passwordHash = passwordHash;
  if (pinHash === undefined) return;
  user.pinHash = pinHash;
  user.pinFailures = 0;
}

/** A new password from somebody else takes the old PIN along, which may be known to who should be shut out. */
export function fromSomebodyElse(user: User, hashes: Hashes): Hashes {
  const keepsPin = hashes.passwordHash === undefined || hashes.pinHash !== undefined || user.pinHash == null;
  return keepsPin ? hashes : { ...hashes, pinHash: null };
}

/** Whether a password or a PIN goes with which sessions may have been started; asked before it is gone. */
export const replacesWayIn = (user: User, { passwordHash, pinHash }: Hashes): boolean =>
  passwordHash !== undefined || (pinHash !== undefined && user.pinHash != null);

type CredentialChange = Hashes & { emailBefore: string };
type Origin = {
  app: Services;
  em: EntityManager;
  actor: Actor;
  shopId: string | null;
  address: string | null;
};

/** Records which of these changed and who changed them, never a password or a PIN; at the end of the transaction. */
export async function recordCredentials(
  { app, em, actor, shopId, address }: Origin,
  { id, name, email, pinHash }: User,
  change: CredentialChange,
): Promise<void> {
  const record = async (type: SecurityType, details: object) =>
    await recordSecurity(em, {
      type,
      shopId,
      at: app.now(),
      actor: eventActor(actor),
      deviceId: deviceOf(actor),
      address,
      details: { userId: id, name, ...details },
    });
  if (change.passwordHash !== undefined) await record('password_changed', {});
  if (change.pinHash !== undefined) await record('pin_changed', { hasPin: pinHash != null });
  if (change.emailBefore !== email)
    await record('email_changed', { before: change.emailBefore, after: email });
}
