import { hashPassword } from '../auth/passwords.ts';
import type { Context } from '../context.ts';
import { checkOwnerPassword } from './create-user.ts';
import type { User } from './user.entity.ts';

/** Gives somebody a new password. Throws `invalid_request` when it is too short. */
export async function setPassword({ app, em }: Context, user: User, password: string): Promise<void> {
  checkOwnerPassword(user.role, password);
  user.passwordHash = await hashPassword(password);
  user.updatedAt = app.now();
  await em.flush();
}
