import { type Fault, ProblemError } from '../../contract/problem.ts';

export type BadRow = { line: number; reason: string };

/** Enough to see what is wrong with a file; a file of a million bad rows must not fill the memory. */
export const LISTED_MAX = 1000;
/** What an answer carries. */
const ANSWERED_MAX = 100;

export type BadRows = { rows: BadRow[]; count: number; add(line: number, reason: string): void };

export function createBadRows(): BadRows {
  const bad: BadRows = {
    rows: [],
    count: 0,
    add(line, reason) {
      bad.count += 1;
      if (bad.rows.length < LISTED_MAX) bad.rows.push({ line, reason });
    },
  };
  return bad;
}

/** Throws `invalid_request`, with the first bad rows by line, when there is one. */
export function refuseBadRows({ rows, count }: BadRows): void {
  const [first] = rows;
  if (!first) return;
  const rest = count > 1 ? ` And ${count - 1} more bad ${count === 2 ? 'row' : 'rows'}.` : '';
  const errors: Fault[] = rows
    .slice(0, ANSWERED_MAX)
    .map(({ line, reason }) => ({ pointer: `/line/${line}`, detail: reason }));
  throw new ProblemError('invalid_request', {
    detail: `Line ${first.line}: ${first.reason}.${rest} Nothing was imported.`,
    errors,
    extra: { badCount: count },
  });
}
