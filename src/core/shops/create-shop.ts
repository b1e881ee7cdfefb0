import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { fieldProblem } from '../../contract/problem.ts';
import type { NewShop } from '../../contract/shops.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { query } from '../../database/query.ts';
import { recordedActor, recordSecurity, type SecurityRecord } from '../audit/record-security.ts';
import type { Context } from '../context.ts';
import { findLastRestore } from '../epochs/find-epoch.ts';
import { lockUser } from '../users/find-user.ts';
import type { User } from '../users/user.entity.ts';
import { Shop } from './shop.entity.ts';

/** Opens a shop for an owner, with its counters. Throws `already_exists` for a code that is taken, `invalid_request`, `not_found`. */
export async function createShop(
  { app, em, actor }: Context,
  newShop: NewShop,
  ownerId: string,
): Promise<Shop> {
  return await em.transactional(async (tx) => {
    // Whoever demotes or disables them waits, and then finds that they own a shop; whoever was first is seen here.
    const owner = await lockUser(tx, ownerId);
    if (owner.role !== 'owner' || owner.disabledAt)
      throw fieldProblem('invalid_request', '/owner', `${owner.name} is not an owner`);
    return await openShop(tx, newShop, owner, app.now(), recordedActor(actor));
  });
}

export const takenCode = (code: string) =>
  fieldProblem('already_exists', '/code', `${code} is another shop's code`);

// The counters of a shop, in its first epoch.
const INSERT_HEAD = `
  WITH first AS (
    INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason) VALUES ($1, $2, 1, $3, $4)
  )
  INSERT INTO shop_heads (shop_id, epoch) VALUES ($1, $2)`;

const DAY_MS = 86_400_000;
/** So that whichever fiscal year a lost bill is of, it is not one of the new shop's. */
const REOPENED_DAYS = 366;

/**
 * Whether a restore may have lost a shop with bills under the code of the one to be opened: opened after the backup, and not
 * in it. Bill numbers are unique in a fiscal year only, so one that was restored over a year ago doesn't matter.
 */
async function mayBeReopened(em: EntityManager, now: Date): Promise<boolean> {
  const restoredAt = await findLastRestore(em);
  return restoredAt !== null && now.getTime() - restoredAt.getTime() <= REOPENED_DAYS * DAY_MS;
}

/**
 * The shop, its counter row, the owner's own shop if there was none yet, and the first record of its audit, which says that
 * it is there by this hand; inside a transaction. Throws `already_exists`.
 */
export async function openShop(
  em: EntityManager,
  newShop: NewShop,
  owner: User,
  now: Date,
  by: Pick<SecurityRecord, 'actor' | 'deviceId' | 'address'>,
): Promise<Shop> {
  const shop = em.create(Shop, {
    ...newShop,
    id: uuidv7(),
    ownerId: owner.id,
    settings: {},
    dayStart: '00:00:00',
    createdAt: now,
    updatedAt: now,
  });
  try {
    await em.persist(shop).flush();
  } catch (error) {
    if (!isUniqueViolation(error, 'shops_code_key')) throw error;
    throw takenCode(newShop.code);
  }
  const reason = (await mayBeReopened(em, now)) ? 'reopened' : 'opened';
  await query(em, INSERT_HEAD, [shop.id, randomUUID(), now, reason]);
  await query(em, 'INSERT INTO audit_chains (id, shop_id) VALUES ($1, $1)', [shop.id]);
  owner.shopId ??= shop.id;
  await em.flush();
  const { id: shopId, code, name } = shop;
  const details = { code, name, ownerId: owner.id };
  await recordSecurity(em, { type: 'shop_created', shopId, at: now, ...by, details });
  return shop;
}
