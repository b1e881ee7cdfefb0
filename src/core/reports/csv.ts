type Cell = string | number | boolean | null;

export type CsvColumn<Row> = readonly [title: string, value: (row: Row) => Cell];

/** Columns that have the names of the row's own fields. */
export const fields = <const Name extends string>(...names: Name[]): CsvColumn<Record<Name, Cell>>[] =>
  names.map((name) => [name, (row) => row[name]]);

/** Rows as CSV (RFC 4180) under their titles. What is null is empty. */
export function csv<Row>(rows: readonly Row[], columns: readonly CsvColumn<Row>[]): string {
  const header = columns.map(([title]) => title);
  const cells = rows.map((row) => columns.map(([, value]) => String(value(row) ?? '')));
  return [header, ...cells].map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

function csvField(value: string): string {
  // A spreadsheet runs a name that starts like a formula; figures may start with a minus.
  const safe = /^[=+@\t\r]/.test(value) || /^-(?![\d.]+$)/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
