import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { User } from './user.entity.ts';

const noSuchPerson = () => new ProblemError('not_found', { detail: 'There is no such person.' });

/** Throws `not_found`. */
export async function findUser(em: EntityManager, userId: string): Promise<User> {
  const user = await em.findOne(User, userId);
  if (!user) throw noSuchPerson();
  return user;
}

/**
 * Somebody whom nobody else changes until the end of the transaction. Not FOR UPDATE: that person's sales, which only name
 * them, go on meanwhile. Throws `not_found`.
 */
export async function lockUser(em: EntityManager, userId: string): Promise<User> {
  await query(em, 'SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
  const user = await em.findOne(User, userId, { refresh: true });
  if (!user) throw noSuchPerson();
  return user;
}

/** Somebody by e-mail, as the command line names people. Throws `not_found`. */
export async function findUserByEmail(em: EntityManager, email: string): Promise<User> {
  const user = await em.findOne(User, { email: email.trim().toLowerCase() });
  if (!user) throw new ProblemError('not_found', { detail: `There is nobody with the e-mail ${email}.` });
  return user;
}

/** The owner with this e-mail, or the only one there is. Throws `not_found`, `invalid_request`. */
export async function findOwner(em: EntityManager, email: string | undefined): Promise<User> {
  if (email !== undefined) return await findUserByEmail(em, email);
  const owners = await listOwners(em);
  if (owners.length === 1) return owners[0] as User;
  const detail =
    owners.length === 0
      ? 'There is no owner yet. Run: smoocho init'
      : `There are several owners (${owners.map((owner) => owner.email).join(', ')}): say which with --owner.`;
  throw new ProblemError('invalid_request', { detail });
}

/** What people are called, by their ids; nulls stand for nobody. */
export async function namesOf(em: EntityManager, ids: (string | null)[]): Promise<Map<string, string>> {
  const known = ids.filter((id) => id !== null);
  const people = await em.find(User, { id: { $in: known } });
  return new Map(people.map((person) => [person.id, person.name]));
}

/** Those who can sign in. */
export async function listOwners(em: EntityManager): Promise<User[]> {
  return await em.find(User, { role: 'owner', disabledAt: null }, { orderBy: { email: 'asc' } });
}
