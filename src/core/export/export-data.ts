import type { EntityManager } from '@mikro-orm/postgresql';
import { patiently, query } from '../../database/query.ts';
import type { Replica } from '../../database/replica.ts';
import { recordExport } from '../audit/record-export.ts';
import type { Context } from '../context.ts';
import { inSnapshot } from '../in-snapshot.ts';
import { readReport } from '../reports/read-report.ts';
import type { Shop } from '../shops/shop.entity.ts';
import type { ExportKind, ExportSource, ExportSpan } from './export-kinds.ts';
import { type ExportFormat, jsonWriter, type RowWriter, rowWriters } from './formats.ts';
import { audit, customers, inventory, products } from './list-exports.ts';
import { lines, payments, sales } from './order-exports.ts';

const sources: Record<ExportKind, ExportSource> = {
  products,
  sales,
  lines,
  payments,
  inventory,
  customers,
  audit,
};

/** Where an export goes. */
export type Sink = {
  /** Called before the first text, and again when the replica broke off and the primary begins anew. Throws if it can't. */
  begin(): Promise<void>;
  /** Resolves when there is room for more. */
  write(text: string): Promise<void>;
};

export type ExportHead = {
  what: ExportKind;
  shop: string;
  currency: string;
  timezone: string;
  from: string | null;
  to: string | null;
  /** What was committed until then is in it. */
  asOf: string;
};

export type ExportRequest = {
  what: ExportKind;
  span: ExportSpan;
  /** `json` is one value with head and rows. */
  format: ExportFormat | 'json';
  onRows?: (rows: number) => void;
};

type ExportingContext = Omit<Context, 'app'> & { app: Context['app'] & { replica: Replica | null } };

/**
 * Writes one kind of a shop's data as it is at one moment, in constant memory, from the replica where there is one. The audit
 * has who took it, before they have it.
 */
export async function exportData(
  { app, em, actor }: ExportingContext,
  shop: Shop,
  { what, span, format, onRows }: ExportRequest,
  sink: Sink,
): Promise<ExportHead & { rows: number }> {
  const source = sources[what];
  await recordExport({ app, em, actor }, shop.id, { report: `all ${what}`, ...span });
  return await readReport({ app, em }, async ({ em: reading, asOf = app.now() }) => {
    const { code, currency, timezone } = shop;
    const head = { what, shop: code, currency, timezone, ...span, asOf: asOf.toISOString() };
    const writer: RowWriter =
      format === 'json' ? jsonWriter(source.columns, head) : rowWriters[format](source.columns);
    let rows = 0;
    await sink.begin();
    await sink.write(writer.begin());
    await inPatientSnapshot(reading, async (snapshot) => {
      for await (const batch of source.batches({ app, em: snapshot, shop, span })) {
        if (batch.length > 0) await sink.write(writer.rows(batch));
        rows += batch.length;
        onRows?.(rows);
      }
    });
    await sink.write(writer.end());
    return { ...head, rows };
  });
}

/** A batch of a shop with many years of orders may sort a busy day first; a report has less time. */
const STATEMENT_MS = 60_000;
/** Whoever reads the output, such as a pager, may stop for a while. Longer would keep PostgreSQL from clearing up. */
const PATIENCE = `SELECT set_config('statement_timeout', '${STATEMENT_MS}', true),
  set_config('idle_in_transaction_session_timeout', '600000', true)`;

const inPatientSnapshot = <T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T> =>
  patiently(STATEMENT_MS + 2_000, () =>
    inSnapshot(em, async (snapshot) => {
      await query(snapshot, PATIENCE);
      return await work(snapshot);
    }),
  );
