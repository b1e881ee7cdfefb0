import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import type { SettingsChange } from '../../contract/settings.ts';
import type { NewShop } from '../../contract/shops.ts';
import type { NewUser } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import type { Limit } from '../../redis/limits.ts';
import { inOneTransaction } from '../after-commit.ts';
import { recordSecurity, SOMEBODY } from '../audit/record-security.ts';
import { networkOf } from '../auth/network.ts';
import { hashToken, newOpaqueToken } from '../auth/tokens.ts';
import { type Context, systemActor } from '../context.ts';
import { buildUser, saveUser } from '../users/create-user.ts';
import type { User } from '../users/user.entity.ts';
import { openShop } from './create-shop.ts';
import type { Shop } from './shop.entity.ts';
import { updateSettings } from './update-shop.ts';

/** A day to type it in; a new one is printed at each start until somebody has. */
const SETUP_TOKEN_HOURS = 24;
/** Of one address, once there is an owner: none can be right, and they should not keep the database busy. */
const LATE_PER_ADDRESS: Limit = { name: 'setup-late', times: 100, seconds: 15 * 60 };
/** Wrong ones of one address while there is none: far more than somebody mistypes. No number of tries finds a token of 256 bits. */
const WRONG_PER_ADDRESS: Limit = { name: 'setup', times: 20, seconds: 15 * 60 };
/** More lines than these tell nobody more. */
const RECORDED: Limit = { name: 'setup-recorded', times: 100, seconds: 24 * 60 * 60 };

export type Owner = Omit<NewUser, 'role'>;

type Claimed = { user: User; shop: Shop | null };

export async function isClaimed(em: EntityManager): Promise<boolean> {
  const [row] = await query(em, 'SELECT FROM setup WHERE claimed_at IS NOT NULL');
  return row !== undefined;
}

/** A new setup token, and the only one that is valid; null once the installation has an owner. */
export async function issueSetupToken({ app, em }: Pick<Context, 'app' | 'em'>): Promise<string | null> {
  const { token, hash } = newOpaqueToken();
  const expiresAt = new Date(app.now().getTime() + SETUP_TOKEN_HOURS * 3_600_000);
  const issued = await query(
    em,
    'UPDATE setup SET token_hash = $1, expires_at = $2 WHERE claimed_at IS NULL RETURNING only_row',
    [hash, expiresAt],
  );
  return issued.length === 1 ? token : null;
}

/**
 * The first owner, by the setup token, and what the shop starts with. `address` is whose tries are counted.
 * Throws `setup_refused` when the token is wrong, old or used, `too_many_requests`.
 */
export async function claimWithToken(
  context: Pick<Context, 'app' | 'em'>,
  token: string,
  owner: Owner,
  newShop: NewShop | undefined,
  address: string | null,
  settings: SettingsChange = {},
): Promise<Claimed> {
  const network = networkOf(address ?? '');
  const { limits } = context.app;
  await takeTry(context.app, network);
  // Looked at before the password is hashed: whoever has no token doesn't get to make the server work.
  const sql = 'SELECT FROM setup WHERE claimed_at IS NULL AND token_hash = $1 AND expires_at > $2';
  const [valid] = await query(context.em, sql, [hashToken(token), context.app.now()]);
  // Of many who bring the right one at once, one claims and the others come late: they were not wrong.
  const isLate = !valid && (await isClaimed(context.em));
  if (valid || isLate) await limits.giveBack(WRONG_PER_ADDRESS, network);
  if (!valid) {
    if (isLate) await limits.take(LATE_PER_ADDRESS, network);
    await recordFailure(context, address);
    throw new ProblemError('setup_refused', {
      detail: 'The setup token is wrong, expired or already used. Restart the server to see a new one.',
    });
  }
  const user = await buildOwner(context, owner, newShop);
  return await inOneTransaction(context.em, async (em) => {
    const claimed = await claimFor({ app: context.app, em }, user, newShop, {
      hash: hashToken(token),
      address,
    });
    if (claimed.shop && Object.keys(settings).length > 0)
      await updateSettings({ app: context.app, em, actor: systemActor('set-up') }, claimed.shop.id, settings);
    return claimed;
  });
}

/** Counts a try, before it is looked at: of many at once, no more are looked at. Throws `too_many_requests`. */
async function takeTry({ limits }: Context['app'], network: string): Promise<void> {
  const isLateUsedUp = (await limits.count(LATE_PER_ADDRESS, network)) >= LATE_PER_ADDRESS.times;
  const retryAfter =
    (await limits.take(WRONG_PER_ADDRESS, network)) ||
    (isLateUsedUp ? await limits.take(LATE_PER_ADDRESS, network) : 0);
  if (retryAfter === 0) return;
  // It was not looked at, so it was not wrong.
  await limits.giveBack(WRONG_PER_ADDRESS, network);
  const minutes = Math.ceil(retryAfter / 60);
  const detail = `Too many wrong setup tokens were tried. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`;
  throw new ProblemError('too_many_requests', { detail, extra: { retryAfter } });
}

async function recordFailure({ app, em }: Pick<Context, 'app' | 'em'>, address: string | null) {
  if ((await app.limits.take(RECORDED, 'all')) > 0) return;
  await recordSecurity(em, { type: 'setup_failed', shopId: null, at: app.now(), actor: SOMEBODY, address });
}

/**
 * The first owner, not saved yet. Its password is hashed here: that takes long, and must not be done in a transaction, where it
 * would hold a connection.
 */
export const buildOwner = (
  { app, em }: Pick<Context, 'app' | 'em'>,
  owner: Owner,
  newShop: NewShop | undefined,
): Promise<User> => buildUser({ app, em }, { ...owner, role: 'owner' }, newShop ? [newShop] : []);

/** The first owner and shop, made by whoever holds the machine (`smoocho init`). Throws `setup_refused`. */
export const claim = async (
  context: Pick<Context, 'app' | 'em'>,
  owner: Owner,
  newShop: NewShop | undefined,
): Promise<Claimed> => await claimFor(context, await buildOwner(context, owner, newShop), newShop);

/** As `claim`, for an owner of `buildOwner`; with the hash of a setup token only while that is the valid one. */
export async function claimFor(
  { app, em }: Pick<Context, 'app' | 'em'>,
  user: User,
  newShop: NewShop | undefined,
  { hash: tokenHash, address }: { hash: string | null; address: string | null } = {
    hash: null,
    address: null,
  },
): Promise<Claimed> {
  return await em.transactional(async (tx) => {
    // The row's lock lets one of many claims through; the others find it claimed.
    const claimed = await query(
      tx,
      `UPDATE setup SET claimed_at = $1, token_hash = NULL, expires_at = NULL
       WHERE claimed_at IS NULL AND ($2::text IS NULL OR token_hash = $2) RETURNING only_row`,
      [app.now(), tokenHash],
    );
    if (claimed.length === 0) {
      throw new ProblemError('setup_refused', {
        detail: 'This installation already has an owner. Sign in instead.',
      });
    }
    await saveUser(tx, user);
    const by = { actor: { kind: 'user', id: user.id, name: user.name }, address } as const;
    const shop = newShop ? await openShop(tx, newShop, user, app.now(), by) : null;
    await recordSecurity(tx, {
      type: 'setup_claimed',
      shopId: null,
      at: app.now(),
      ...by,
      details: { email: user.email, by: tokenHash ? 'setup token' : 'command line' },
    });
    return { user, shop };
  });
}
