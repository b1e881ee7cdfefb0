import { inLine } from './in-line.ts';
import { displayWidth } from './table.ts';

/** A label and the lines beside it. */
export type Labelled = readonly [label: string, ...lines: string[]];

/** A phone held upright shows about forty columns; text narrower than this is unreadable. */
const MIN_COLUMNS = 32;

/** Wide enough for the labels of all lists, so that they align. */
const INDENT = 12;

/** Prints labels on the left and their lines on the right, wrapped between words at `columns`. */
export function labelled(rows: readonly Labelled[], columns: number, indent = INDENT): string {
  const width = Math.max(MIN_COLUMNS, columns) - indent;
  return rows
    .flatMap(([label, ...lines]) =>
      lines
        .flatMap((line) => wrap(inLine(line), width))
        .map((line, i) => `${(i === 0 ? label : '').padEnd(indent)}${line}`.trimEnd()),
    )
    .join('\n');
}

/** Wraps text into lines of at most `width` columns. A longer word, such as a path, is not broken. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(`${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
