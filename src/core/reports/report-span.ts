import type { EntityManager } from '@mikro-orm/postgresql';
import type { SpanQuery } from '../../contract/reports.ts';
import type { Services } from '../context.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import type { Span } from './sql/span.ts';

/** `asOf`: until when what `em` reads is complete, if it isn't now. */
export type ReportContext = { app: Pick<Services, 'now'>; em: EntityManager; asOf?: Date };

/** What every report says of itself. */
type Head = { from: string; to: string; currency: string; timezone: string; asOf: string };

/** The span that is asked for, today in the shop where none is named, and the head of its report. Throws `not_found`. */
export async function spanOf(
  { app, em, asOf = app.now() }: ReportContext,
  shopId: string,
  { from, to }: SpanQuery,
): Promise<{ span: Span; head: Head }> {
  const { currency, timezone, dayStart } = await findShop(em, shopId);
  const today = businessDateAt(app.now(), { timezone, dayStart });
  const first = from ?? (to !== undefined && to < today ? to : today);
  const last = to ?? (first > today ? first : today);
  return {
    span: { shopId, from: first, to: last },
    head: { from: first, to: last, currency, timezone, asOf: asOf.toISOString() },
  };
}

const DAY_MS = 86_400_000;
const msOf = (day: string) => Date.parse(`${day}T00:00:00Z`);
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const FIRST_DAY_MS = msOf('0001-01-01');

/** The span of the same length just before; null where the calendar of the wire, from the year 1 on, has none. */
export function spanBefore({ from, to }: Pick<Span, 'from' | 'to'>): { from: string; to: string } | null {
  const days = (msOf(to) - msOf(from)) / DAY_MS + 1;
  const firstMs = msOf(from) - days * DAY_MS;
  return firstMs < FIRST_DAY_MS ? null : { from: dayOf(firstMs), to: dayOf(msOf(from) - DAY_MS) };
}
