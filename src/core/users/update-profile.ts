import type { ProfileChange } from '../../contract/auth.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { isOwnPassword } from '../auth/own-password.ts';
import { endSessionsOf } from '../auth/session-ends.ts';
import type { Context, UserActor } from '../context.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import { transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { saveUser } from './create-user.ts';
import {
  applyHashes,
  type Hashes,
  hashCredentials,
  recordCredentials,
  replacesWayIn,
} from './credentials.ts';
import { lockUser } from './find-user.ts';
import { recordColleague } from './record-colleague.ts';
import { User } from './user.entity.ts';
import { viewColleague, viewUser } from './view-user.ts';

/**
 * Changes one's own name, e-mail, password or PIN; the last three ask for the current password, so that a till left open
 * can't be taken over. Another password or PIN ends all other sessions. Another name is told to the shops.
 * Throws `wrong_credentials`, `version_conflict`, `already_exists`, `invalid_request`, `too_many_requests`, `too_busy`.
 */
export async function updateProfile(
  context: Context<UserActor>,
  change: ProfileChange,
  address: string | null = null,
): Promise<User> {
  const save = async () => await saveChecked(context, change, await checkAndHash(context, change), address);
  // The password may have been hashed anew meanwhile, beside a sign-in: looked at once more, it is still right.
  const user = (await save()) ?? (await save());
  if (!user) throw notYours();
  return user;
}

/** Null when the password is not kept as the hash any more that was looked at. */
async function saveChecked(
  context: Context<UserActor>,
  change: ProfileChange,
  { checked, hashes }: Checked,
  address: string | null,
): Promise<User | null> {
  const { id, sessionId } = context.actor;
  const changed = await transact(context, async (tx) => {
    const user = await lockUser(tx.em, id);
    checkVersion(change.version, viewUser(user));
    if (checked !== undefined && checked !== user.passwordHash) return null;
    const [emailBefore, colleague] = [user.email, viewColleague(user)];
    user.name = change.name ?? user.name;
    user.email = change.email ?? user.email;
    const endsOthers = replacesWayIn(user, hashes);
    applyHashes(user, hashes);
    user.updatedAt = tx.app.now();
    await saveUser(tx.em, user);
    if (endsOthers) await endSessionsOf(tx.em, id, tx.app.now(), 'password', sessionId);
    const where = { ...tx, shopId: user.shopId ?? null, address };
    await recordCredentials(where, user, { ...hashes, emailBefore });
    await recordColleague(tx, user, colleague);
    return user;
  });
  if (Object.keys(hashes).length > 0) context.app.bus.tell({ kind: 'sessions' });
  return changed;
}

type Checked = {
  /** The hash of the password that was found right, when it was asked for. */
  checked?: string;
  hashes: Hashes;
};

/** Before the transaction: nobody waits while passwords are hashed. */
async function checkAndHash(context: Context<UserActor>, change: ProfileChange): Promise<Checked> {
  const { em, actor } = context;
  const user = await em.fork().findOneOrFail(User, actor.id);
  checkVersion(change.version, viewUser(user));
  const { email = user.email, name = user.name, password, pin } = change;
  if (email === user.email && password === undefined && pin === undefined) return { hashes: {} };
  const isRight = await isOwnPassword(context, user.passwordHash, change.currentPassword ?? '');
  if (!isRight) throw notYours();
  const owner = { role: user.role, name, email, shops: await listShopsOf(em.fork(), user) };
  return {
    checked: user.passwordHash,
    hashes: await hashCredentials(context, user.id, { password, pin }, owner),
  };
}

const notYours = () => fieldProblem('wrong_credentials', '/currentPassword', 'is not your password');
