import { listShopsOf } from '../shops/find-shops.ts';
import type { Transaction } from '../transact.ts';
import type { User } from './user.entity.ts';
import { viewColleague } from './view-user.ts';

/** Tells their shops when somebody has another name or role, or came or went. */
export async function recordColleague(
  { em, record }: Transaction,
  user: User,
  before: ReturnType<typeof viewColleague>,
): Promise<void> {
  const data = viewColleague(user);
  if (JSON.stringify({ ...before, version: data.version }) === JSON.stringify(data)) return;
  for (const { id } of await listShopsOf(em, user))
    record({ shopId: id, type: 'user_updated', data, before });
}
