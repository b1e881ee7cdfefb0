/** Reports add up stored figures of a span of business dates: see docs/decisions/0008. */
export * from './report-goods.ts';
export { LineGrouping, lineGroupings, SpanQuery } from './report-parts.ts';
export * from './report-sales.ts';
export * from './report-tax.ts';
export * from './report-tills.ts';
