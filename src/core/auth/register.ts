import type { Register } from '../../contract/auth.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { SettingsChange } from '../../contract/settings.ts';
import { isAtLeast } from '../../contract/users.ts';
import type { Actor, Context } from '../context.ts';
import { claimWithToken } from '../shops/claim-installation.ts';
import { listShopsOf } from '../shops/find-shops.ts';
import type { Shop } from '../shops/shop.entity.ts';
import { createUser } from '../users/create-user.ts';
import type { User } from '../users/user.entity.ts';

type Registered = { user: User; shop: Shop | null };

/**
 * Without a token: the first owner, with the setup token; `settings` are what the shop starts with. With an owner's or manager's token: a staff member.
 * Throws `unauthenticated`, `forbidden`, `setup_refused`, `already_exists`, `invalid_request`, `too_many_requests`.
 */
export async function register(
  context: Pick<Context, 'app' | 'em'> & { actor: Actor | null },
  body: Register,
  address: string | null = null,
  settings: SettingsChange = {},
): Promise<Registered> {
  const { actor } = context;
  if (body.setupToken !== undefined) {
    const { email, name, password, pin, shop } = body;
    return await claimWithToken(
      context,
      body.setupToken,
      { email, name, password, pin },
      shop,
      address,
      settings,
    );
  }
  if (actor?.kind !== 'user') {
    throw new ProblemError('unauthenticated', { detail: 'Sign in as an owner or manager to add staff.' });
  }
  if (!isAtLeast(actor.role, 'manager')) {
    throw new ProblemError('forbidden', { detail: 'Only an owner or a manager can add staff.' });
  }
  if (body.shop) throw fieldProblem('invalid_request', '/shop', 'goes with a setup token only');
  const shopId = body.shopId ?? actor.shopId;
  if (!shopId) throw fieldProblem('invalid_request', '/shopId', 'is missing: say which shop');
  const own = await listShopsOf(context.em, actor);
  const shop = own.find((mine) => mine.id === shopId);
  if (!shop) throw fieldProblem('not_found', '/shopId', 'is not one of your shops');
  const { email, name, password, pin, role = 'cashier' } = body;
  const user = await createUser({ ...context, actor }, shopId, { email, name, password, pin, role });
  return { user, shop };
}
