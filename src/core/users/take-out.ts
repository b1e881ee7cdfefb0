import type { User as UserView } from '../../contract/users.ts';
import { endSessionsOf } from '../auth/session-ends.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import type { Transaction } from '../transact.ts';
import { recordColleague } from './record-colleague.ts';
import type { User } from './user.entity.ts';
import { viewColleague, viewUser } from './view-user.ts';

/**
 * Takes somebody out of a shop who owns another one: from now on they work in that. Their account stays as it is; they are
 * signed out, for they may be so on devices of the shop. The shop sees them without a shop: which one it is now is not its
 * business. Their own shops are told of the change as of any other.
 */
export async function takeOut(
  tx: Transaction,
  shopId: string,
  user: User,
): Promise<{ user: UserView; endedSessions: number }> {
  const { em, app, record } = tx;
  const before = viewColleague(user);
  const [own] = await listShopsOf(em, { id: user.id });
  if (!own) throw new Error('Only who owns a shop is taken out of another one.');
  user.shopId = own.id;
  user.updatedAt = app.now();
  await em.flush();
  const endedSessions = await endSessionsOf(em, user.id, app.now(), 'ended');
  record({ shopId, type: 'user_updated', data: { ...viewColleague(user), shopId: null }, before });
  await recordColleague(tx, user, before);
  return { user: { ...viewUser(user), shopId: null }, endedSessions };
}
