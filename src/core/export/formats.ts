import { csvLine } from '../reports/csv.ts';
import type { Row } from './export-kinds.ts';

export const exportFormats = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** How rows become text: `begin` once, `rows` for each batch, `end` once. */
export type RowWriter = { begin(): string; rows(rows: Row[]): string; end(): string };

/** Nested values, such as what a change replaced, are JSON in their cell. */
const cellOf = (value: unknown) =>
  value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

/** The columns of a row, and nothing else that it may have. */
const pick = (row: Row, columns: readonly string[]) =>
  JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));

export const rowWriters: Record<ExportFormat, (columns: readonly string[]) => RowWriter> = {
  csv: (columns) => ({
    begin: () => csvLine(columns),
    rows: (rows) => rows.map((row) => csvLine(columns.map((column) => cellOf(row[column])))).join(''),
    end: () => '',
  }),
  jsonl: (columns) => ({
    begin: () => '',
    rows: (rows) => rows.map((row) => `${pick(row, columns)}\n`).join(''),
    end: () => '',
  }),
};

/** One JSON object, `head` with the rows as `data`: a value that nobody has to hold as a whole to write it. */
export function jsonWriter(columns: readonly string[], head: object): RowWriter {
  let isFirst = true;
  return {
    begin: () => `${JSON.stringify(head).slice(0, -1)},"data":[`,
    rows: (rows) =>
      rows
        .map((row) => {
          const comma = isFirst ? '\n' : ',\n';
          isFirst = false;
          return `${comma}${pick(row, columns)}`;
        })
        .join(''),
    end: () => '\n]}\n',
  };
}
