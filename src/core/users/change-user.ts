import type { EntityManager } from '@mikro-orm/postgresql';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { OWNER_PASSWORD_MIN, type UserChange, type User as UserView } from '../../contract/users.ts';
import { query, queryRow } from '../../database/query.ts';
import { endSessionsOf } from '../auth/session-ends.ts';
import { requireStanding } from '../auth/standing.ts';
import type { Actor, Context } from '../context.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import { type Transaction, transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { mayAppoint, saveUser } from './create-user.ts';
import {
  applyHashes,
  fromSomebodyElse,
  type Hashes,
  hashCredentials,
  recordCredentials,
  replacesWayIn,
} from './credentials.ts';
import { recordColleague } from './record-colleague.ts';
import { takeOut } from './take-out.ts';
import { User } from './user.entity.ts';
import { viewColleague, viewUser } from './view-user.ts';

/** Whose people: those of one shop, or everybody's for a program. */
type Where = { shopId: string | null; address?: string | null };

/**
 * Changes somebody else: name, e-mail, role, password, PIN, and whether they may sign in. All of it acts at once: another
 * password, another PIN or being disabled ends their sessions, another role closes their sockets. Gives how many sessions
 * ended. A new password takes the PIN away, unless there is a new one with it.
 * Who owns another shop is not disabled by the owner of this one, but taken out of it.
 * Throws `not_found`, `forbidden`, `version_conflict`, `already_exists`, `invalid_request`, `too_busy`.
 */
export async function changeUser(
  context: Context,
  { shopId, address = null }: Where,
  userId: string,
  change: UserChange,
): Promise<{ user: UserView; endedSessions: number }> {
  const hashes = await prepare(context, shopId, userId, change);
  const changed = await transact(context, async (tx) => {
    if (shopId) await requireStanding(tx, shopId);
    const { user, leavesShop } = await findAndCheck(tx, shopId, userId, change);
    checkVersion(change.version, viewUser(user));
    if (leavesShop) return await takeOut(tx, leavesShop, user);
    const before = { view: viewUser(user), colleague: viewColleague(user) };
    const set = fromSomebodyElse(user, hashes);
    const wayInGoes = replacesWayIn(user, set);
    apply(user, change, set, tx.app.now());
    const isSame = JSON.stringify(before.view) === JSON.stringify(viewUser(user));
    if (isSame && Object.keys(set).length === 0) return { user: before.view, endedSessions: 0 };
    user.updatedAt = tx.app.now();
    await saveUser(tx.em, user);
    const endedSessions = await endSessions(tx, user, wayInGoes);
    const where = { ...tx, shopId: shopId ?? user.shopId ?? null, address };
    await recordCredentials(where, user, { ...set, emailBefore: before.view.email });
    await recordColleague(tx, user, before.colleague);
    return { user: viewUser(user), endedSessions };
  });
  context.app.bus.tell({ kind: 'sessions' });
  return changed;
}

/** Hashes what there is to hash, once it is clear that the actor may set it: the server works for nobody else. */
async function prepare(
  context: Context,
  shopId: string | null,
  userId: string,
  change: UserChange,
): Promise<Hashes> {
  const em = context.em.fork();
  const { user } = await findAndCheck({ ...context, em }, shopId, userId, change);
  checkVersion(change.version, viewUser(user));
  if (change.role === 'owner' && user.role !== 'owner' && change.password === undefined) {
    const detail = `is missing: an owner's has ${OWNER_PASSWORD_MIN} characters or more, so who becomes one gets another`;
    throw fieldProblem('invalid_request', '/password', detail);
  }
  const { name = user.name, email = user.email, role = user.role } = change;
  const shops = await listShopsOf(em, user);
  return await hashCredentials(context, userId, change, { name, email, role, shops });
}

// Not FOR UPDATE: that person's sales, which only name them, go on meanwhile.
const LOCK = `
  SELECT FROM users u
  WHERE u.id = $1 AND ($2::uuid IS NULL OR u.shop_id = $2
    OR EXISTS (SELECT FROM shops WHERE id = $2 AND owner_id = u.id))
  FOR NO KEY UPDATE OF u`;

// Apart, and after the lock: who waited for it would not see the shop that this person opened meanwhile.
const FIND_SHOPS = `
  SELECT EXISTS (SELECT FROM shops WHERE owner_id = $1) AS "ownsShop",
    (SELECT owner_id FROM shops WHERE id = $2) AS "ownerId"`;
type Found = { ownsShop: boolean; ownerId: string | null };

/** Somebody who may be changed so; `leavesShop` is the shop that they are to be taken out of instead. */
async function findAndCheck(
  { em, actor }: { em: EntityManager; actor: Actor },
  shopId: string | null,
  userId: string,
  change: UserChange,
): Promise<{ user: User; leavesShop: string | null }> {
  const [locked] = await query(em, LOCK, [userId, shopId]);
  if (!locked) throw new ProblemError('not_found', { detail: 'There is no such person.' });
  const found = await queryRow<Found>(em, FIND_SHOPS, [userId, shopId]);
  const user = await em.findOneOrFail(User, userId, { refresh: true });
  // They keep their account, in whose other shops this actor has no say.
  const isOwner = actor.kind === 'user' && actor.id === found.ownerId && actor.id !== userId;
  if (isOwner && found.ownsShop && isOnlyDisabling(change)) return { user, leavesShop: shopId };
  const refusal = refusalOf(actor, user, change, found.ownsShop);
  if (refusal) throw new ProblemError('forbidden', { detail: refusal });
  return { user, leavesShop: null };
}

const isOnlyDisabling = (change: UserChange) =>
  change.isDisabled === true && Object.keys(change).every((key) => ['isDisabled', 'version'].includes(key));

/** Why an actor may not make this change, in a sentence; null when they may. */
function refusalOf(actor: Actor, user: User, change: UserChange, ownsShop: boolean): string | null {
  if (actor.kind === 'user') {
    if (actor.id === user.id)
      return 'Nobody changes their own role or disables themselves; for everything else there is your profile.';
    if (!mayAppoint(actor, user.role)) return `Only an owner can change somebody who is ${user.role}.`;
    if (change.role && !mayAppoint(actor, change.role))
      return `Only an owner can make somebody ${change.role}.`;
    // They may own other shops too, in which this actor has no say.
    if (ownsShop) return `${user.name} owns a shop: nobody else changes their account.`;
  }
  const leaves = change.isDisabled === true || (change.role !== undefined && change.role !== 'owner');
  return ownsShop && leaves ? `${user.name} owns a shop, and a shop keeps its owner.` : null;
}

function apply(user: User, change: UserChange, hashes: Hashes, now: Date): void {
  user.name = change.name ?? user.name;
  user.email = change.email ?? user.email;
  user.role = change.role ?? user.role;
  if (change.isDisabled === true) user.disabledAt ??= now;
  if (change.isDisabled === false) user.disabledAt = null;
  applyHashes(user, hashes);
}

async function endSessions({ em, app }: Transaction, user: User, wayInGoes: boolean): Promise<number> {
  if (user.disabledAt) return await endSessionsOf(em, user.id, app.now(), 'disabled');
  if (wayInGoes) return await endSessionsOf(em, user.id, app.now(), 'password');
  return 0;
}
