import type pg from 'pg';
import type { MigrationCheck } from '../database/migrate.ts';
import { BackupRefusedError } from './errors.ts';
import { holdOffBackups } from './lock.ts';

// Figures by which people recognise their shop; no migration may change them. Valid in every schema version.
const FIGURES = `
  SELECT s.code,
    (SELECT count(*)::int FROM orders o WHERE o.shop_id = s.id) AS orders,
    (SELECT coalesce(sum(o.total), 0)::text FROM orders o WHERE o.shop_id = s.id) AS total,
    (SELECT coalesce(sum(p.amount), 0)::text FROM payments p WHERE p.shop_id = s.id) AS paid,
    (SELECT coalesce(sum(r.total), 0)::text FROM refunds r WHERE r.shop_id = s.id) AS refunded,
    (SELECT count(*)::int FROM products p WHERE p.shop_id = s.id) AS products,
    (SELECT coalesce(sum(i.quantity), 0)::text FROM inventory_items i WHERE i.shop_id = s.id) AS stock
  FROM shops s ORDER BY s.code`;

/** Makes other machines on the previous version wait: an order would look as if a figure had changed. */
const HOLD =
  'LOCK TABLE shops, orders, payments, refunds, products, inventory_items IN SHARE ROW EXCLUSIVE MODE';

type Figures = Record<string, unknown>;

/**
 * Checks inside the migration's transaction that no shop's figures change; no backup starts in it. Throws
 * BackupRefusedError.
 */
export function figuresStay(): MigrationCheck {
  let before: Figures[] = [];
  return {
    async begin(client: pg.ClientBase) {
      await holdOffBackups(client);
      await client.query(HOLD);
      before = (await client.query(FIGURES)).rows;
    },
    async end(client: pg.ClientBase) {
      const { rows: after } = await client.query<Figures>(FIGURES);
      const changed = before.find((shop, place) => JSON.stringify(shop) !== JSON.stringify(after[place]));
      if (!changed) return;
      throw new BackupRefusedError(
        `Bringing the database up to date would have changed the figures of the shop ${changed.code}, so it was taken back. Nothing was changed. Go on with the version before, and report this.`,
      );
    },
  };
}
