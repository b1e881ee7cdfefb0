import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';

/** So long a new shop may be without a server and a backup before anybody has to be told. */
const NEW_MS = 86_400_000;

const IS_IN_USE = `
  SELECT EXISTS (SELECT FROM orders) OR EXISTS (SELECT FROM shops WHERE created_at < $1) AS "isInUse"`;

/** Whether there is something to lose: an order, or a shop that is more than a day old. */
export async function isInUse(em: EntityManager, now: Date): Promise<boolean> {
  const before = new Date(now.getTime() - NEW_MS);
  return (await queryRow<{ isInUse: boolean }>(em, IS_IN_USE, [before])).isInUse;
}
