import { inLine } from './in-line.ts';
import { displayWidth } from './table.ts';

/** A label and the lines beside it. */
export type Labelled = readonly [label: string, ...lines: string[]];

/** A phone held upright shows about forty columns; text narrower than this is unreadable. */
const MIN_COLUMNS = 32;

/** Wide enough for the labels of all lists, so that they align. */
const INDENT = 12;

/** Prints labels on the left and their lines on the right, wrapped between words at `columns`; commands among `whole` stay whole. */
export function labelled(
  rows: readonly Labelled[],
  columns: number,
  indent = INDENT,
  whole: readonly string[] = [],
): string {
  const width = Math.max(MIN_COLUMNS, columns) - indent;
  return rows
    .flatMap(([label, ...lines]) =>
      lines
        .flatMap((line) => wrap(inLine(line), width, whole))
        .map((line, i) => `${(i === 0 ? label : '').padEnd(indent)}${line}`.trimEnd()),
    )
    .join('\n');
}

/** Stands for a blank inside a command while lines are wrapped: of private use, and one column wide. */
const HELD = '\uE000';

/**
 * Wraps text into lines of at most `width` columns. A longer word, such as a path, is not broken, nor is a command among `whole`: it
 * has to be copied in one piece, and a terminal breaks it without a line's end in it.
 */
export function wrap(text: string, width: number, whole: readonly string[] = []): string[] {
  const held = whole.reduce((rest, one) => rest.replaceAll(one, one.replaceAll(' ', HELD)), text);
  return wrapWords(held, width).map((line) => line.replaceAll(HELD, ' '));
}

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(`${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A text of a question, wrapped between words: what asks would cut them. The first line follows a sign of two columns. */
export const fitWords = (text: string, indent = 2): string =>
  wrap(text, Math.max(MIN_COLUMNS, process.stdout.columns ?? 80) - 2).join(`\n${' '.repeat(indent)}`);

const WORD = `(?:"[^"]*"|'[^']*'|\\\\.|[^\\s"'])+`;
/** What may run the command: see `typedName`, and `sudo` before it. */
const LAUNCHER =
  '(?:sudo (?:-u \\S+ )?|npx |(?:docker|podman)(?:[ -]compose(?: -f \\S+)?)? exec (?:-\\S+ )*\\S+ )';
const NAME = `(?:'[^']*smoocho(?:\\.js)?'|[^\\s"'(]*smoocho(?:\\.js)?)`;
/** A command to copy, in one piece: up to a sign that ends its sentence, or a part of that. */
const COMMAND = new RegExp(
  `(?:${LAUNCHER}*${NAME}(?: --home ${WORD})?|sudo) (?=[a-z-])${WORD}(?:(?<![.,;:!?)]) ${WORD})*`,
  'g',
);

/** Sentences wrapped between words, on a terminal. A command in one stays whole, and what is laid out in columns as it is. */
export function fitLines(text: string, { isTTY, columns }: { isTTY?: boolean; columns?: number }): string {
  if (!isTTY || !columns) return text;
  const width = Math.max(MIN_COLUMNS, columns);
  return text
    .split('\n')
    .flatMap((line) =>
      /^\s|\s\s/.test(line) || displayWidth(line) <= width
        ? [line]
        : wrap(line, width, line.match(COMMAND) ?? []),
    )
    .join('\n');
}
