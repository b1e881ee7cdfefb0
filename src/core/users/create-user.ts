import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isAtLeast, type NewUser, OWNER_PASSWORD_MIN, type Role } from '../../contract/users.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { hashPassword } from '../auth/passwords.ts';
import type { Actor, Context } from '../context.ts';
import { transact } from '../transact.ts';
import { User } from './user.entity.ts';
import { viewColleague } from './view-user.ts';

/** Adds a staff member to a shop. A manager adds cashiers, an owner anybody. Throws `forbidden`, `already_exists`. */
export async function createUser(context: Context, shopId: string, newUser: NewUser): Promise<User> {
  if (!mayAppoint(context.actor, newUser.role)) {
    throw new ProblemError('forbidden', { detail: `Only an owner can add somebody as ${newUser.role}.` });
  }
  const passwordHash = await hashNewPassword(newUser);
  return await transact(context, async (tx) => {
    const user = userOf(tx.em, newUser, passwordHash, tx.app.now());
    user.shopId = shopId;
    await saveUser(tx.em, user);
    tx.record({ shopId, type: 'user_created', data: viewColleague(user) });
    return user;
  });
}

function mayAppoint(actor: Actor, role: Role): boolean {
  if (actor.kind === 'system' || actor.role === 'owner') return true;
  return isAtLeast(actor.role, 'manager') && role === 'cashier';
}

/** A user with a hashed password, not saved yet. */
export async function buildUser(em: EntityManager, newUser: NewUser, now: Date): Promise<User> {
  return userOf(em, newUser, await hashNewPassword(newUser), now);
}

async function hashNewPassword({ role, password }: NewUser): Promise<string> {
  checkOwnerPassword(role, password);
  return await hashPassword(password);
}

function userOf(em: EntityManager, newUser: NewUser, passwordHash: string, now: Date): User {
  return em.create(
    User,
    {
      id: uuidv7(),
      email: newUser.email,
      name: newUser.name,
      role: newUser.role,
      passwordHash,
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
