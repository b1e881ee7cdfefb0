import type { Fault } from './problem.ts';

/** Deeper than any body of the API needs; a parser that recurses must never see more. */
export const MAX_DEPTH = 32;
/** The largest body: a bill of 300 lines is about 60 KiB. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Of whoever may send it without a token: the longest name and password there may be, in any script, are 4 KiB. */
export const MAX_STRANGER_BODY_BYTES = 8 * 1024;
/** Fields and elements of a body, or of one element of a batch: a bill of 300 lines with all that a line can have has 9,000. */
export const MAX_VALUES = 20_000;
/** More would not help whoever reads them. */
export const MAX_FAULTS = 50;
/** Of a name in a pointer; our own have half as many. An answer must not be many times what was sent. */
const MAX_NAME_LENGTH = 64;

/** Keys that reach an object's prototype when somebody merges carelessly. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * What no value may hold, whatever its schema: depth beyond 32, prototype keys, NUL characters (PostgreSQL has none
 * in text) and lone surrogates (not Unicode), and more than 20,000 values. Walks without recursion, up to the fiftieth fault.
 * What the elements of the list `apart` hold is left to whoever checks them one by one.
 */
export function findUnclean(root: unknown, apart?: string): Fault[] {
  const faults: Fault[] = [];
  const stack: { value: unknown; pointer: string; depth: number }[] = [
    { value: root, pointer: '', depth: 0 },
  ];
  let values = 0;
  for (let next = stack.pop(); next && faults.length < MAX_FAULTS; next = stack.pop()) {
    const { value, pointer, depth } = next;
    if (typeof value === 'string' && isUncleanText(value)) {
      faults.push({ pointer, detail: 'has characters that are not text (NUL or half a surrogate pair)' });
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) {
      faults.push({ pointer, detail: TOO_DEEP });
      continue;
    }
    const keys = Object.keys(value);
    values += keys.length;
    if (values > MAX_VALUES) return [{ pointer: '', detail: `has more than ${MAX_VALUES} values in it` }];
    for (const key of keys) {
      const inner = `${pointer}/${escapePointer(key)}`;
      if (FORBIDDEN_KEYS.has(key))
        faults.push({ pointer: inner, detail: 'is not a name that a field can have' });
      else if (isUncleanText(key)) faults.push({ pointer, detail: 'has a field whose name is not text' });
      else if (!(depth === 2 && pointer.startsWith(`/${apart}/`)))
        stack.push({ value: (value as Record<string, unknown>)[key], pointer: inner, depth: depth + 1 });
    }
  }
  return faults;
}

/**
 * Whether a parsed JSON value is nested deeper than any of ours. To be asked of what comes from a file or a command line before
 * anything that recurses sees it: a copy, a schema, `JSON.stringify`. Itself it doesn't recurse. Bodies of requests are looked
 * at by `findUnclean`, which goes by the same bound.
 */
export function isTooDeep(root: unknown): boolean {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) return true;
    for (const inner of Object.values(value)) stack.push({ value: inner, depth: depth + 1 });
  }
  return false;
}

/** As a sentence says it. */
export const TOO_DEEP = `is nested more than ${MAX_DEPTH} deep`;

const isUncleanText = (text: string) => text.includes('\0') || !text.isWellFormed();

/** RFC 6901: `~` and `/` are escaped; what is not text is made so, for the pointer goes into an answer, and a long name is cut. */
export const escapePointer = (key: string | number) =>
  shortened(String(key)).replaceAll('~', '~0').replaceAll('/', '~1').toWellFormed();

const shortened = (name: string) =>
  name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
