import type { z } from 'zod';
import { parse } from '../contract/parse.ts';
import { limits } from '../contract/primitives.ts';
import { fieldProblem } from '../contract/problem.ts';
import type { Page } from '../core/paging.ts';
import type { Option, Shell } from './command.ts';

/** More is for a program that goes on by the cursor. */
const MAX_LIMIT = 10_000;

export const LIST_OPTIONS: Option[] = [
  { flags: '--limit <number>', description: `how many (default ${limits.page.default})` },
  {
    flags: '--cursor <cursor>',
    description: 'go on after an earlier list, by the nextCursor of its --json',
  },
];

type Paged = { limit: number; cursor?: string | undefined };

/**
 * A list of the API as long as `--limit` says, in pages of the API's own size. `asked` has the options of the command, those that
 * filter under the API's names. Throws `invalid_request`.
 */
export async function readList<Query extends z.ZodType<Paged>, T>(
  query: Query,
  asked: Record<string, unknown>,
  read: (query: z.output<Query>) => Promise<Page<T>>,
): Promise<Page<T>> {
  const { limit, cursor: from, ...filter } = asked;
  const wanted = readLimit(limit);
  const rows: T[] = [];
  let cursor = from as string | null | undefined;
  do {
    const size = Math.min(wanted - rows.length, limits.page.max);
    const page = await read(parse(query, { ...filter, cursor: cursor ?? undefined, limit: String(size) }));
    rows.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null && rows.length < wanted);
  return { data: rows, nextCursor: cursor };
}

function readLimit(text: unknown): number {
  const limit = text === undefined ? limits.page.default : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw fieldProblem('invalid_request', '/limit', `is not a number from 1 to ${MAX_LIMIT}`);
}

/** Prints a list: the table, or the sentence for none; and that there is more, where there is. */
export function printList<T>(
  shell: Shell,
  page: Page<T>,
  none: string,
  toTable: (rows: T[]) => string,
): void {
  shell.show(page.data.length === 0 ? none : toTable(page.data));
  if (page.nextCursor !== null)
    shell.say('', `There is more. Name a larger --limit than ${page.data.length}.`);
  shell.give(page);
}
