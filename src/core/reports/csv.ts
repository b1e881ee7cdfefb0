type Cell = string | number | boolean | null;

export type CsvColumn<Row> = readonly [title: string, value: (row: Row) => Cell];

/** Columns that have the names of the row's own fields. */
export const fields = <const Name extends string>(...names: Name[]): CsvColumn<Record<Name, Cell>>[] =>
  names.map((name) => [name, (row) => row[name]]);

/** Rows as CSV (RFC 4180) under their titles. What is null is empty. */
export function csv<Row>(rows: readonly Row[], columns: readonly CsvColumn<Row>[]): string {
  const header = columns.map(([title]) => title);
  const cells = rows.map((row) => columns.map(([, value]) => String(value(row) ?? '')));
  return [header, ...cells].map(csvLine).join('');
}

export const csvLine = (cells: readonly string[]): string => `${cells.map(csvField).join(',')}\r\n`;

/**
 * The start of a formula: `=`, `+`, `-`, `@` (also full-width, as Japanese spreadsheets read them) or `|`, after which Excel
 * starts a program (DDE), behind characters that spreadsheets skip or drop: blanks, control, zero-width and other invisible
 * characters, quotes. At the start of the cell, and wherever a spreadsheet that expects another separator would begin a
 * cell (OWASP, "CSV Injection"). An apostrophe counts as skipped, so that the one that is put in can be told from the text's own.
 */
const FORMULA = String.raw`[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800"';]*[=+\-@|＝＋－＠｜]`;
const CELL_START = String.raw`(?<=^|[;\t\r\n])`;
const BEFORE_FORMULA = new RegExp(String.raw`${CELL_START}(?=${FORMULA})|^(?='*\p{Cc})`, 'gu');
const FORMULA_ESCAPE = new RegExp(String.raw`${CELL_START}'(?=${FORMULA})|^'(?='*\p{Cc})`, 'gu');
/** Figures may start with a minus. */
const FIGURE = /^-\d+(\.\d+)?$/;

/**
 * One cell by RFC 4180. An apostrophe before a formula makes spreadsheets take it as text. Every export uses this function.
 */
export function csvField(value: string): string {
  const safe = FIGURE.test(value) ? value : value.replace(BEFORE_FORMULA, "'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text of a cell as it was before `csvField` put apostrophes before formulas. Imports use it. */
export const unescapeFormulas = (cell: string): string =>
  cell.includes("'") ? cell.replace(FORMULA_ESCAPE, '') : cell;
