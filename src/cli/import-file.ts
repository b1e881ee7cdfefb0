import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { BadRow } from '../core/imports/bad-rows.ts';
import { parseColumns } from '../core/imports/columns.ts';
import { count } from '../figures.ts';
import type { Option } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { formatCount } from './output/format.ts';
import { type Progress, startProgress } from './output/progress.ts';

/** Named one by one up to here; a file with more has another problem than its rows. */
const SHOWN_BAD_ROWS = 20;

export const fileOptions: Option[] = [
  { flags: '--columns <pairs>', description: 'field=header,…; what is not named is guessed from the header' },
  {
    flags: '--decimal <sign>',
    description: 'what stands before the cents: . or , (default .)',
    values: ['.', ','],
  },
  { flags: '--skip-bad', description: 'leave bad rows out and list them, instead of refusing the file' },
  { flags: '--dry-run', description: 'say what would happen, and write nothing' },
];

/** The options that both imports share, checked. */
export function readFileOptions({ columns, decimal, skipBad, dryRun }: Record<string, unknown>) {
  if (decimal !== undefined && decimal !== '.' && decimal !== ',')
    throw new UsageError('--decimal is . or ,');
  return {
    columns: columns === undefined ? undefined : parseColumns(columns as string),
    decimal: decimal as '.' | ',' | undefined,
    skipBad: skipBad === true,
    dryRun: dryRun === true,
  };
}

/** A file to import, and a bar that shows how far its reading is. */
export function openFile(path: string): { source: () => Readable; progress: Progress; bytes: number } {
  const bytes = sizeOf(path);
  return { source: () => createReadStream(path), progress: startProgress('Reading', bytes), bytes };
}

function sizeOf(path: string): number {
  try {
    const file = statSync(path);
    if (file.isFile()) return file.size;
  } catch (error) {
    throw new UsageError(`The file can't be read: ${(error as Error).message}`);
  }
  throw new UsageError(`${path} is not a file.`);
}

/** What was left out, line by line. */
export function describeBadRows(bad: BadRow[], badCount: number): string[] {
  if (badCount === 0) return [];
  const shown = bad.slice(0, SHOWN_BAD_ROWS).map(({ line, reason }) => `  line ${line}: ${reason}`);
  const more = badCount > shown.length ? [`  … and ${formatCount(badCount - shown.length)} more`] : [];
  return [`Left out ${count(badCount, 'bad row')}:`, ...shown, ...more];
}
