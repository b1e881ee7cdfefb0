import type { EventData } from '../../contract/events.ts';
import type { User as UserView } from '../../contract/users.ts';
import type { User } from './user.entity.ts';

/** A person as the wire shows them; never the password's hash. */
export function viewUser(user: User): UserView {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: user.role,
    shopId: user.shopId ?? null,
    hasPin: user.pinHash != null,
    disabledAt: user.disabledAt?.toISOString() ?? null,
    version: user.version,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  };
}

/** A person as every till of the shop may know them. */
export function viewColleague(user: User): EventData<'user_updated'> {
  return {
    id: user.id,
    name: user.name,
    role: user.role,
    shopId: user.shopId ?? null,
    disabledAt: user.disabledAt?.toISOString() ?? null,
    version: user.version,
  };
}
