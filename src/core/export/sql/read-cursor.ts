import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';

/** Rows of about 300 bytes: some hundred kilobytes in memory at a time. */
const BATCH_ROWS = 250;
const FETCH = `FETCH FORWARD ${BATCH_ROWS} FROM export_rows`;
const CLOSE = 'CLOSE export_rows';

/** The statement of `readCursor`: a cursor over a constant SELECT. */
export const cursorFor = (select: string): string => `DECLARE export_rows NO SCROLL CURSOR FOR ${select}`;

/**
 * The rows of a cursor (`cursorFor`) in batches, one cursor at a time. PostgreSQL holds the rest, so that neither side has
 * them all in memory. `em` must be in a transaction.
 */
export async function* readCursor<Row>(
  em: EntityManager,
  declare: string,
  parameters: readonly unknown[],
): AsyncGenerator<Row[]> {
  await query(em, declare, parameters);
  for (;;) {
    const rows = await query<Row>(em, FETCH);
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH_ROWS) break;
  }
  await query(em, CLOSE);
}
