import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';
import { parseLentNumber } from '../devices/lent-number.ts';
import { formatOrderNumber } from '../shops/business-day.ts';
import { type Epoch, isLabel, labelsOf } from './series-label.ts';

/** How the books stood when a shop's data was restored. */
export type RestoredBooks = {
  /** Since 1970. */
  restoredAtMs: number;
  /** Series key → the last number that the books had of it then. */
  series: Record<string, number>;
  /** The labels of numbers that the shop gives itself in this epoch: these are no numbers of before. */
  ownLabels: ReadonlySet<string>;
};

const CURRENT_EPOCH = `
  SELECT (extract(epoch FROM e.began_at) * 1000)::float8 AS "restoredAtMs", e.series, h.series AS "seriesNow"
  FROM shop_heads h JOIN shop_epochs e USING (shop_id, epoch) WHERE h.shop_id = $1`;

type Row = Pick<RestoredBooks, 'restoredAtMs' | 'series'> & { seriesNow: Record<string, number> };

/** What the epoch of a shop began with; null for one that was never restored. */
export async function findRestoredBooks(
  em: EntityManager,
  shopId: string,
  epoch: Epoch,
): Promise<RestoredBooks | null> {
  if (epoch.isFirst) return null;
  const { restoredAtMs, series, seriesNow } = await queryRow<Row>(em, CURRENT_EPOCH, [shopId]);
  // Also those of years that no till sells in, as an import of old bills has them.
  const begun = Object.keys(seriesNow).filter((key) => !(key in series));
  return { restoredAtMs, series, ownLabels: new Set([...labelsOf(epoch), ...begun]) };
}

/**
 * The label of a number that the shop gave, or lent, in an epoch whose end is not in its books: after the backup that was
 * restored. Of the shop's own form, of no series of this epoch, and beyond what the books had of its series. Undefined for any
 * other text. Whether a number was lent as the books know, or stands on another order, is not looked at here.
 */
export function labelOfBefore(
  code: string,
  { series, ownLabels }: RestoredBooks,
  text: string,
): string | undefined {
  const lent = parseLentNumber(code, text);
  const printed = lent ?? parseOwnNumber(code, text);
  if (!printed || !isLabel(printed.label) || ownLabels.has(printed.label)) return undefined;
  const isBeyond = lent !== undefined || printed.number > (series[printed.label] ?? 0);
  return printed.number > 0 && isBeyond ? printed.label : undefined;
}

/** A number of the shop's own series, `KULF/2627/000123`; undefined for what is none. */
function parseOwnNumber(code: string, text: string): { label: string; number: number } | undefined {
  const match = /^[A-Z]+\/([^/]+)\/(\d{6,9})$/.exec(text);
  if (!match) return undefined;
  const [, label, digits] = match as unknown as [string, string, string];
  const number = Number(digits);
  return formatOrderNumber(code, label, number) === text ? { label, number } : undefined;
}
