import { isDeepStrictEqual } from 'node:util';

/** What a change replaced: the fields of the view before that are not the same in the view after, as they were. */
export function changed(before: object, after: object): Record<string, unknown> {
  const now = after as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(before).filter(([field, was]) => !isDeepStrictEqual(was, now[field])),
  );
}
