import type { EntityManager } from '@mikro-orm/postgresql';
import type { Services } from '../context.ts';
import type { Shop } from '../shops/shop.entity.ts';

/** What can be exported, and in which words people read of it. */
export const exportKinds = [
  'products',
  'sales',
  'lines',
  'payments',
  'inventory',
  'customers',
  'audit',
] as const;
export type ExportKind = (typeof exportKinds)[number];

/** Money as decimal text, times in ISO 8601 with the offset of the shop's zone, quantities as numbers. */
export type Row = Record<string, unknown>;

/** Business dates, both ends included; null is open. */
export type ExportSpan = { from: string | null; to: string | null };

/** `em` reads one moment: it is inside a snapshot. */
export type ExportContext = { app: Pick<Services, 'keys'>; em: EntityManager; shop: Shop; span: ExportSpan };

/** One kind of export: its columns in their order, and its rows in batches of constant size. */
export type ExportSource = {
  columns: readonly string[];
  batches(context: ExportContext): AsyncIterable<Row[]>;
};
