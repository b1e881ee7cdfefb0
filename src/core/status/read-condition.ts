import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { listAllShops } from '../shops/find-shops.ts';
import { CONDITION } from './sql/condition.ts';

/** Numbers alone, of all shops together: nothing that says whose they are. */
export type Condition = {
  shops: number;
  shopsWithoutOwner: number;
  /** That can sign in. */
  owners: number;
  devicesPaired: number;
  devicesOnline: number;
  devicesForgotten: number;
  ordersToReview: number;
  /** Parked on an earlier business date. */
  oldOpenOrders: number;
  /** Of drawers that were opened on an earlier business date. */
  oldOpenShifts: number;
  lowStock: number;
  /** Shops whose feed has not as many events as its counter says. */
  brokenFeeds: number;
  lastSealAt: Date | null;
  /** Time zones of shops, as they were set. */
  timezones: string[];
};

/** A device renews its token at least each quarter of an hour while it is in use. */
export const ONLINE_MINUTES = 20;
/** A season: a stall that is closed for the winter is not forgotten. */
export const FORGOTTEN_DAYS = 120;

type Row = Omit<Condition, 'shops' | 'timezones' | 'lastSealAt'> & { lastSealAt: string | null };

export async function readCondition(em: EntityManager, now: Date): Promise<Condition> {
  const shops = await listAllShops(em);
  const dated = shops.map((shop) => ({ id: shop.id, businessDate: businessDateAt(now, shop) }));
  const row = await queryRow<Row>(em, CONDITION, [
    JSON.stringify(dated),
    now,
    ONLINE_MINUTES,
    FORGOTTEN_DAYS,
  ]);
  return {
    ...row,
    shops: shops.length,
    lastSealAt: row.lastSealAt === null ? null : new Date(row.lastSealAt),
    timezones: [...new Set(shops.map(({ timezone }) => timezone))],
  };
}
