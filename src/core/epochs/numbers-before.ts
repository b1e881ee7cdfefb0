import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';
import { parseLentNumber } from '../devices/lent-number.ts';
import { formatOrderNumber } from '../shops/business-day.ts';
import { type Epoch, isLabel, labelsOf } from './series-label.ts';

/** The state of a shop's number series when its data was restored. */
export type RestoredBooks = {
  /** Milliseconds since 1970. */
  restoredAtMs: number;
  /** Series key → its last number then. */
  series: Record<string, number>;
  /** Labels of the shop's own numbers in this epoch: not from before the restore. */
  ownLabels: ReadonlySet<string>;
};

const CURRENT_EPOCH = `
  SELECT (extract(epoch FROM e.began_at) * 1000)::float8 AS "restoredAtMs", e.series, h.series AS "seriesNow"
  FROM shop_heads h JOIN shop_epochs e USING (shop_id, epoch) WHERE h.shop_id = $1`;

type Row = Pick<RestoredBooks, 'restoredAtMs' | 'series'> & { seriesNow: Record<string, number> };

/** The state at the start of the shop's epoch; null if it was never restored. */
export async function findRestoredBooks(
  em: EntityManager,
  shopId: string,
  epoch: Epoch,
): Promise<RestoredBooks | null> {
  if (epoch.isFirst) return null;
  const { restoredAtMs, series, seriesNow } = await queryRow<Row>(em, CURRENT_EPOCH, [shopId]);
  // Includes years in which no till sells, as an import of old orders has them.
  const begun = Object.keys(seriesNow).filter((key) => !(key in series));
  return { restoredAtMs, series, ownLabels: new Set([...labelsOf(epoch), ...begun]) };
}

/**
 * The label of a number that the shop gave or lent after the restored backup was made: in the shop's own form, of no series of
 * this epoch, and beyond the last known number of its series. Undefined for any other text. Does not check whether the number
 * belongs to a known number block or to another order.
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

/** Parses a number of the shop's own series, `KULF/2627/000123`; undefined for anything else. */
function parseOwnNumber(code: string, text: string): { label: string; number: number } | undefined {
  const match = /^[A-Z]+\/([^/]+)\/(\d{6,9})$/.exec(text);
  if (!match) return undefined;
  const [, label, digits] = match as unknown as [string, string, string];
  const number = Number(digits);
  return formatOrderNumber(code, label, number) === text ? { label, number } : undefined;
}
