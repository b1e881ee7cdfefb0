import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isAtLeast, type NewUser, type Role } from '../../contract/users.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import type { PasswordOwner } from '../auth/password-rules.ts';
import { requireStanding } from '../auth/standing.ts';
import type { Actor, Context, Services } from '../context.ts';
import { findShop } from '../shops/find-shops.ts';
import { transact } from '../transact.ts';
import { hashCredentials } from './credentials.ts';
import { User } from './user.entity.ts';
import { viewColleague } from './view-user.ts';

/**
 * Adds a staff member to a shop. A manager adds cashiers, an owner anybody.
 * Throws `forbidden`, `already_exists`, `invalid_request`, `too_busy`.
 */
export async function createUser(context: Context, shopId: string, newUser: NewUser): Promise<User> {
  if (!mayAppoint(context.actor, newUser.role)) {
    throw new ProblemError('forbidden', { detail: `Only an owner can add somebody as ${newUser.role}.` });
  }
  const shop = await findShop(context.em, shopId);
  const fields = await fieldsOf(context, newUser, [shop]);
  return await transact(context, async (tx) => {
    await requireStanding(tx, shopId);
    const user = tx.em.create(User, { ...fields, shopId }, { persist: false });
    await saveUser(tx.em, user);
    tx.record({
      shopId,
      type: 'user_created',
      data: viewColleague(user),
      kept: { email: user.email, hasPin: user.pinHash !== null },
    });
    return user;
  });
}

/** Whether this actor may make somebody this. */
export function mayAppoint(actor: Actor, role: Role): boolean {
  if (actor.kind === 'system' || actor.role === 'owner') return true;
  return isAtLeast(actor.role, 'manager') && role === 'cashier';
}

/** A person with hashed password and PIN, not saved yet. Throws `invalid_request`, `too_busy`. */
export async function buildUser(
  { app, em }: Pick<Context, 'app' | 'em'>,
  newUser: NewUser,
  shops: PasswordOwner['shops'],
): Promise<User> {
  return em.create(User, await fieldsOf({ app, actor: null }, newUser, shops), { persist: false });
}

/** Who sets the password; null before there is anybody. */
type By = { app: Services; actor: Actor | null };

async function fieldsOf(by: By, newUser: NewUser, shops: PasswordOwner['shops']) {
  const { password, pin, ...person } = newUser;
  const id = uuidv7();
  const { passwordHash = '', pinHash = null } = await hashCredentials(
    by,
    id,
    { password, pin },
    { ...person, shops },
  );
  const now = by.app.now();
  return { ...person, id, passwordHash, pinHash, shopId: null, createdAt: now, updatedAt: now };
}

/** Throws `already_exists` for an e-mail that somebody has. */
export async function saveUser(em: EntityManager, user: User): Promise<void> {
  try {
    await em.persist(user).flush();
  } catch (error) {
    if (!isUniqueViolation(error, 'users_email_key')) throw error;
    throw fieldProblem('already_exists', '/email', 'belongs to somebody already');
  }
}
