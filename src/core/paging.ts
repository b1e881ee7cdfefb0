import { Id, Timestamp } from '../contract/primitives.ts';
import { fieldProblem } from '../contract/problem.ts';

/** A page of a list in keyset order, and where the next one starts. */
export type Page<T> = { data: T[]; nextCursor: string | null };

/** Reads a list page by page: all of it, or until there are `most` rows. */
export async function readPages<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && rows.length < most) {
    const page = await read(cursor);
    rows.push(...page.data);
    cursor = page.nextCursor;
  }
  return rows.slice(0, most);
}

type Key = (string | number)[];

/** What may stand at a place of a cursor: it comes back from outside and goes into SQL as a typed parameter. */
const keyParts = {
  string: (part: unknown) => typeof part === 'string' && !part.includes('\0') && part.isWellFormed(),
  number: (part: unknown) => typeof part === 'number' && Number.isInteger(part) && Math.abs(part) < 2 ** 31,
  uuid: (part: unknown) => Id.safeParse(part).success,
  timestamp: (part: unknown) => Timestamp.safeParse(part).success,
};

/** Cursors are the sort key of the last row: they stay right while rows come and go. */
export function readCursor(cursor: string | undefined, parts: (keyof typeof keyParts)[]): Key | null {
  if (cursor === undefined) return null;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const fits = Array.isArray(key) && key.length === parts.length;
    if (fits && parts.every((part, i) => keyParts[part](key[i]))) return key as Key;
  } catch {
    // Falls through to the one answer for every cursor that this program didn't make.
  }
  throw fieldProblem('invalid_request', '/query/cursor', 'is not a cursor from an earlier page');
}

/** Cuts `rows` (one more than `limit` was asked for) to a page. */
export function cutPage<Row, T>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => Key,
  present: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    data: shown.map(present),
    nextCursor: more ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null,
  };
}
