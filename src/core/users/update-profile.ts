import type { ProfileChange } from '../../contract/auth.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { hashPassword, verifyPassword } from '../auth/passwords.ts';
import type { Context, UserActor } from '../context.ts';
import { checkVersion } from '../versions.ts';
import { checkOwnerPassword, saveUser } from './create-user.ts';
import { User } from './user.entity.ts';
import { viewUser } from './view-user.ts';

/**
 * Changes one's own name, e-mail or password; the last two ask for the current password, so that a till left open
 * can't be taken over. Throws `wrong_credentials`, `version_conflict`, `already_exists`.
 */
export async function updateProfile(
  { app, em, actor }: Context<UserActor>,
  change: ProfileChange,
): Promise<User> {
  const user = await em.findOneOrFail(User, actor.id);
  checkVersion(change.version, viewUser(user));
  const changesEmail = change.email !== undefined && change.email !== user.email;
  if (changesEmail || change.password !== undefined) {
    const isRight = await verifyPassword(change.currentPassword ?? '', user.passwordHash);
    if (!isRight) throw fieldProblem('wrong_credentials', '/currentPassword', 'is not your password');
  }
  if (change.password !== undefined) {
    checkOwnerPassword(user.role, change.password);
    user.passwordHash = await hashPassword(change.password);
  }
  if (change.email !== undefined) user.email = change.email;
  if (change.name !== undefined) user.name = change.name;
  user.updatedAt = app.now();
  await saveUser(em, user);
  return user;
}
