import { inLine } from './in-line.ts';

/** Tables and bars for a terminal: plain text, aligned, no colours that a screen reader or a log would trip over. */

export type Column<Row> = { title: string; value: (row: Row) => string; align?: 'left' | 'right' };

/** Rows under their titles, each on one line whatever is in them; as wide as their content. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => inLine(column.value(row))));
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, i) =>
    Math.max(...[titles, ...cells].map((line) => displayWidth(line[i] ?? ''))),
  );
  const format = (line: string[]) =>
    line
      .map((cell, i) => pad(cell, widths[i] as number, columns[i]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [titles, ...cells].map(format).join('\n');
}

/** The same, a line each: for what is said line by line. */
export const tableLines = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] =>
  table(rows, columns).split('\n');

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of at most `width` cells, to an eighth of a cell. Nothing for zero and below. */
export function bar(value: number, largest: number, width: number): string {
  if (largest <= 0 || value <= 0) return '';
  const eighths = Math.max(1, Math.round((value / largest) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] as string);
}

const BAR_CELLS = { least: 10, most: 40 };

/**
 * A table whose last column is a bar for each row's `figure`, as wide as a screen of `columns` cells leaves it. The
 * longest is the largest figure of `scale`, where that is more than the table's own rows.
 */
export function tableWithBars<Row>(
  rows: readonly Row[],
  shown: readonly Column<Row>[],
  figure: (row: Row) => string,
  columns: number,
  scale: readonly Row[] = rows,
): string {
  const taken = Math.max(...table(rows, shown).split('\n').map(displayWidth));
  const width = Math.max(BAR_CELLS.least, Math.min(BAR_CELLS.most, columns - taken - 4));
  const largest = Math.max(...scale.map((row) => Number(figure(row))));
  return table(rows, [...shown, { title: '', value: (row) => bar(Number(figure(row)), largest, width) }]);
}

/** Names and figures under each other. */
export const summary = (figures: readonly (readonly [name: string, figure: string])[]): string =>
  table(figures, [
    { title: '', value: ([name]) => name },
    { title: '', value: ([, figure]) => figure, align: 'right' },
  ]).trimStart();

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return align === 'right' ? space + cell : cell + space;
}

const segmenter = new Intl.Segmenter();
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul})/u;

/** Cells that a text takes: letters with marks (Devanagari, accents) are one, Han and emoji two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}
