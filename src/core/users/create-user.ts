import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isAtLeast, type NewUser, OWNER_PASSWORD_MIN, type Role } from '../../contract/users.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { hashPassword } from '../auth/passwords.ts';
import type { Actor, Context } from '../context.ts';
import { User } from './user.entity.ts';

/** Adds a staff member to a shop. A manager adds cashiers, an owner anybody. Throws `forbidden`, `already_exists`. */
export async function createUser(context: Context, shopId: string, newUser: NewUser): Promise<User> {
  const { app, em, actor } = context;
  if (!mayAppoint(actor, newUser.role)) {
    throw new ProblemError('forbidden', { detail: `Only an owner can add somebody as ${newUser.role}.` });
  }
  const user = await buildUser(em, newUser, app.now());
  user.shopId = shopId;
  await saveUser(em, user);
  return user;
}

function mayAppoint(actor: Actor, role: Role): boolean {
  if (actor.kind === 'system' || actor.role === 'owner') return true;
  return isAtLeast(actor.role, 'manager') && role === 'cashier';
}

/** A user with a hashed password, not saved yet. */
export async function buildUser(em: EntityManager, newUser: NewUser, now: Date): Promise<User> {
  checkOwnerPassword(newUser.role, newUser.password);
  return em.create(
    User,
    {
      id: uuidv7(),
      email: newUser.email,
      name: newUser.name,
      role: newUser.role,
      passwordHash: await hashPassword(newUser.password),
      shopId: null,
      createdAt: now,
      updatedAt: now,
    },
    { persist: false },
  );
}

/** An owner can do everything, so an owner's password is longer. */
export function checkOwnerPassword(role: Role, password: string): void {
  if (role !== 'owner' || password.length >= OWNER_PASSWORD_MIN) return;
  throw fieldProblem(
    'invalid_request',
    '/password',
    `is shorter than ${OWNER_PASSWORD_MIN} characters, an owner's least`,
  );
}

export async function saveUser(em: EntityManager, user: User): Promise<void> {
  try {
    await em.persist(user).flush();
  } catch (error) {
    if (!isUniqueViolation(error, 'users_email_key')) throw error;
    throw fieldProblem('already_exists', '/email', 'belongs to somebody already');
  }
}
