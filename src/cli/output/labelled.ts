import { inLine } from './in-line.ts';
import { displayWidth } from './table.ts';

/** A name and what there is to say under it, a line each. */
export type Labelled = readonly [label: string, ...lines: string[]];

/** A phone held upright shows about forty cells; narrower than this no sentence can be read. */
const MIN_COLUMNS = 32;

/** Room for the names of all lists that stand under each other. */
const INDENT = 12;

/** Names on the left, what belongs to them on the right, broken between words where the screen of `columns` cells ends. */
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

/** Lines of at most `width` cells. A word that is longer, such as a path, stays whole. */
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
