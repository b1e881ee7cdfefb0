import type { EntityManager } from '@mikro-orm/postgresql';
import type { ProfileChange } from '../../contract/auth.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { hashPassword, verifyPassword } from '../auth/passwords.ts';
import type { Context, UserActor } from '../context.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import { transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { checkOwnerPassword, saveUser } from './create-user.ts';
import { User } from './user.entity.ts';
import { viewColleague, viewUser } from './view-user.ts';

/**
 * Changes one's own name, e-mail or password; the last two ask for the current password, so that a till left open
 * can't be taken over. Another name is told to the shops. Throws `wrong_credentials`, `version_conflict`,
 * `already_exists`.
 */
export async function updateProfile(context: Context<UserActor>, change: ProfileChange): Promise<User> {
  const passwordHash = await checkAndHash(context, change);
  return await transact(context, async (tx) => {
    const user = await lockUser(tx.em, context.actor.id);
    checkVersion(change.version, viewUser(user));
    const before = viewColleague(user);
    const isRenamed = change.name !== undefined && change.name !== user.name;
    user.name = change.name ?? user.name;
    user.email = change.email ?? user.email;
    user.passwordHash = passwordHash ?? user.passwordHash;
    user.updatedAt = tx.app.now();
    await saveUser(tx.em, user);
    const shops = isRenamed ? await listShopsOf(tx.em, user) : [];
    for (const { id } of shops)
      tx.record({ shopId: id, type: 'user_updated', data: viewColleague(user), before });
    return user;
  });
}

/** The hash of the new password, if there is one. Before the transaction: nobody waits while passwords are hashed. */
async function checkAndHash({ em, actor }: Context<UserActor>, change: ProfileChange) {
  const user = await em.fork().findOneOrFail(User, actor.id);
  checkVersion(change.version, viewUser(user));
  const changesEmail = change.email !== undefined && change.email !== user.email;
  if (changesEmail || change.password !== undefined) {
    const isRight = await verifyPassword(change.currentPassword ?? '', user.passwordHash);
    if (!isRight) throw fieldProblem('wrong_credentials', '/currentPassword', 'is not your password');
  }
  if (change.password === undefined) return undefined;
  checkOwnerPassword(user.role, change.password);
  return await hashPassword(change.password);
}

/** Not FOR UPDATE: that person's sales, which only name them, go on meanwhile. */
async function lockUser(em: EntityManager, userId: string): Promise<User> {
  await query(em, 'SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
  return await em.findOneOrFail(User, userId, { refresh: true });
}
