import type { EntityManager } from '@mikro-orm/postgresql';
import { query, queryRow } from '../../database/query.ts';
import { FIGURES } from './sql/figures.ts';

/** Of all shops together: numbers alone, nothing that says whose they are. Times are seconds since 1970. */
export type Figures = {
  /** Items at or below their reorder level. */
  lowStock: number;
  /** Orders of the last 24 hours, by status; without those that there are none of. */
  orders: Record<string, number>;
  /** Null: nothing was ever sold. */
  lastOrderAt: number | null;
  /** When the last good backup, reading back and trial began; without those that never were. */
  backups: Record<string, number>;
  /** What needs the owner, by severity. */
  attention: Record<string, number>;
};

const SET_TIMEOUT = "SELECT set_config('statement_timeout', $1, true)";

/** Reads the figures for monitoring; PostgreSQL gives up after `timeoutMs`. Throws what the database throws. */
export async function readFigures(em: EntityManager, timeoutMs: number): Promise<Figures> {
  return await em.transactional(async (inside) => {
    await query(inside, SET_TIMEOUT, [String(timeoutMs)]);
    return await queryRow<Figures>(inside, FIGURES);
  });
}
