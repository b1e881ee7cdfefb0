import type { Fault } from './problem.ts';

/** Deeper than any body of the API needs; a parser that recurses must never see more. */
export const MAX_DEPTH = 32;
/** The largest body: a bill of 300 lines is about 60 KiB. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Keys that reach an object's prototype when somebody merges carelessly. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * What no value may hold, whatever its schema: depth beyond 32, prototype keys, NUL characters (PostgreSQL has none
 * in text) and lone surrogates (not Unicode). Walks without recursion. What the elements of the list `apart` hold is left
 * to whoever checks them one by one.
 */
export function findUnclean(root: unknown, apart?: string): Fault[] {
  const faults: Fault[] = [];
  const stack: { value: unknown; pointer: string; depth: number }[] = [
    { value: root, pointer: '', depth: 0 },
  ];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, pointer, depth } = next;
    if (typeof value === 'string' && isUncleanText(value)) {
      faults.push({ pointer, detail: 'has characters that are not text (NUL or half a surrogate pair)' });
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) {
      faults.push({ pointer, detail: `is nested more than ${MAX_DEPTH} deep` });
      continue;
    }
    for (const key of Object.keys(value)) {
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

const isUncleanText = (text: string) => text.includes('\0') || !text.isWellFormed();

/** RFC 6901: `~` and `/` are escaped; what is not text is made so, for the pointer goes into an answer. */
export const escapePointer = (key: string | number) =>
  String(key).replaceAll('~', '~0').replaceAll('/', '~1').toWellFormed();
