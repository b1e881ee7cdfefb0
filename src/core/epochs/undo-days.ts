import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';

/** How long what a restore replaced is kept: long enough to notice, short enough for the disk. */
export const UNDO_DAYS = 7;

const LAST = "SELECT max(began_at) AS at FROM shop_epochs WHERE reason <> 'opened'";

/** Whether a restore, or undoing one, may still be undone: what it replaced is kept, and refers to pictures of its own. */
export async function mayBeUndone(em: EntityManager, now: Date): Promise<boolean> {
  const [row] = await query<{ at: string | null }>(em, LAST);
  return row?.at != null && now.getTime() - Date.parse(row.at) <= UNDO_DAYS * 86_400_000;
}
