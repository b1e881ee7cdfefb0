import { z } from 'zod';
import { Day, Timestamp } from './primitives.ts';
import { shopParams } from './shops.ts';

/** Business dates, both ends included; left out, today in the shop. */
export const span = { from: Day.optional(), to: Day.optional() };

type Span = { from?: string | undefined; to?: string | undefined };
export const isForwards = ({ from, to }: Span) => !from || !to || from <= to;
export const BACKWARDS = { path: ['to'], error: 'is before from' };

export const SpanQuery = z.strictObject(span).refine(isForwards, BACKWARDS);
export type SpanQuery = z.output<typeof SpanQuery>;

/** What every report says of itself. */
export const reportHead = {
  from: Day,
  to: Day,
  currency: z.string(),
  timezone: z.string(),
  /** Everything that was committed until then is in it: the moment of the request, or a little before where a replica answers. */
  asOf: Timestamp,
};

/** What goods are grouped by. A variant is one of a product's sizes; a product without any is its own. */
export const lineGroupings = ['product', 'variant', 'category'] as const;
export const LineGrouping = z.enum(lineGroupings);
export type LineGrouping = z.output<typeof LineGrouping>;

/** What all routes of reports have in common. */
export const reportRoute = {
  method: 'get',
  permission: 'manager',
  params: shopParams,
  formats: ['text/csv'],
  problems: ['not_found', 'not_acceptable'],
} as const;
