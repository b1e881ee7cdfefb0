import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import type { Attention, AttentionCode, AttentionSeverity } from '../../contract/attention.ts';
import { query } from '../../database/query.ts';
import type { Context } from '../context.ts';
import { retrying } from '../retrying.ts';
import { standbyAttention } from './standby-attention.ts';

export type AttentionContext = Pick<Context, 'em'> & { app: Pick<Context['app'], 'now'> };
type Raised = { code: AttentionCode; severity: AttentionSeverity; detail: string };

/** Length of the column in characters. */
const MAX_DETAIL = 1_000;
/** Covers some years of a shop with a bad disk; ended rows are kept for diagnosis. */
const KEPT_ENDED = 200;

/** Serializes writers, so that change numbers follow the order of commits. Readers don't wait. */
const LOCK = 'LOCK TABLE attention IN SHARE ROW EXCLUSIVE MODE';
const NEXT_CHANGE = '(SELECT coalesce(max(change_no), 0) + 1 FROM attention)';

const IS_OPEN = 'SELECT FROM attention WHERE code = $1 AND ended_at IS NULL';
const IS_SAME = `${IS_OPEN} AND severity = $2 AND detail = $3`;

const RAISE = `
  INSERT INTO attention (id, code, severity, detail, since, change_no) VALUES ($1, $2, $3, $4, $5, ${NEXT_CHANGE})
  ON CONFLICT (code) WHERE ended_at IS NULL DO UPDATE
  SET severity = excluded.severity, detail = excluded.detail, change_no = excluded.change_no
  WHERE (attention.severity, attention.detail) IS DISTINCT FROM (excluded.severity, excluded.detail)`;

const END = `UPDATE attention SET ended_at = $2, change_no = ${NEXT_CHANGE} WHERE code = $1 AND ended_at IS NULL`;

// Prune by number, not by age: the newest change must stay, because the next number continues from it.
const PRUNE = `
  DELETE FROM attention WHERE ended_at IS NOT NULL AND change_no <= (
    SELECT change_no FROM attention WHERE ended_at IS NOT NULL ORDER BY change_no DESC OFFSET ${KEPT_ENDED} LIMIT 1)`;

/**
 * Raises an attention for the owners of all shops until `endAttention`. Raised again, it gets the new severity and detail (a
 * sentence, cut after 1,000 characters) and keeps its `since`; writes nothing if nothing changed. Don't call in a snapshot
 * transaction: its change number would come from old data.
 */
export async function raiseAttention(
  { app, em }: AttentionContext,
  { code, severity, detail }: Raised,
): Promise<void> {
  const text = fitText(detail, MAX_DETAIL);
  if ((await query(em, IS_SAME, [code, severity, text])).length > 0) return;
  await retrying(() =>
    em.transactional(async (inside) => {
      await query(inside, LOCK);
      await query(inside, RAISE, [uuidv7(), code, severity, text, app.now()]);
    }),
  );
}

/** Ends an attention. Does nothing if it is not open. */
export async function endAttention({ app, em }: AttentionContext, code: AttentionCode): Promise<void> {
  if ((await query(em, IS_OPEN, [code])).length === 0) return;
  await retrying(() =>
    em.transactional(async (inside) => {
      await query(inside, LOCK);
      await query(inside, END, [code, app.now()]);
      await query(inside, PRUNE);
    }),
  );
}

/** Fits outside text to a column of `max` characters; PostgreSQL rejects NUL. */
export const fitText = (text: string, max: number): string => {
  const characters = [
    ...text
      .slice(0, 2 * max)
      .replaceAll('\0', '')
      .toWellFormed(),
  ];
  return characters.length <= max ? characters.join('') : `${characters.slice(0, max - 1).join('')}…`;
};

/** Timestamps are PostgreSQL text. */
type Row = Attention;
const COLUMNS = 'code, severity, detail, since, ended_at AS "endedAt"';

const viewAttention = ({ code, severity, detail, since, endedAt }: Row): Attention => ({
  code,
  severity,
  detail,
  since: new Date(since).toISOString(),
  endedAt: endedAt && new Date(endedAt).toISOString(),
});

const LIST_OPEN = `SELECT ${COLUMNS} FROM attention WHERE ended_at IS NULL ORDER BY severity = 'problem' DESC, since, code`;

/** Open attentions, problems first, then the oldest. */
export async function listAttention(em: EntityManager): Promise<Attention[]> {
  return (await query<Row>(em, LIST_OPEN)).map(viewAttention);
}

/** Open attentions, with those that have no row. */
export async function openAttention({ app, em }: Pick<Context, 'app' | 'em'>): Promise<Attention[]> {
  return [...standbyAttention(app), ...(await listAttention(em))].toSorted(byUrgency);
}

/** The same order, for sorting in memory. */
export const byUrgency = (a: Attention, b: Attention): number =>
  Number(b.severity === 'problem') - Number(a.severity === 'problem') ||
  a.since.localeCompare(b.since) ||
  a.code.localeCompare(b.code);

const LIST_CHANGED = `
  SELECT ${COLUMNS}, change_no::float8 AS "changeNo" FROM attention WHERE change_no > $1 ORDER BY change_no`;

/** A change number, and the attention's current state. */
export type AttentionChange = { changeNo: number; attention: Attention };

/** Attentions raised, changed or ended after change `after`, in order; each is listed once, by its last change. */
export async function changedAttention(em: EntityManager, after: number): Promise<AttentionChange[]> {
  const rows = await query<Row & { changeNo: number }>(em, LIST_CHANGED, [after]);
  return rows.map(({ changeNo, ...row }) => ({ changeNo, attention: viewAttention(row) }));
}
