import { isDeepStrictEqual } from 'node:util';
import type { Shell } from '../command.ts';
import { tableLines } from './table.ts';

/** A field that differs, by its dotted path. */
export type FieldChange = { path: string; before: unknown; after: unknown };

/** Every change moves these. */
const MOVED = new Set(['version', 'updatedAt', 'imageUrl']);

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmptyGroup = (value: unknown) => isGroup(value) && Object.keys(value).length === 0;

/** The leaves of an object under their dotted paths; lists are leaves. */
export function leavesOf(value: unknown, path = ''): [path: string, value: unknown][] {
  if (!isGroup(value) || (Object.keys(value).length === 0 && path !== '')) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, path === '' ? key : `${path}.${key}`),
  );
}

/** What a change replaced, field by field. */
export function changesOf(before: object, after: object): FieldChange[] {
  const [had, has] = [new Map(leavesOf(before)), new Map(leavesOf(after))];
  return (
    [...new Set([...had.keys(), ...has.keys()])]
      .filter((path) => !MOVED.has(path) && !isDeepStrictEqual(had.get(path), has.get(path)))
      // An empty group that got fields, or lost its last one: the fields say it.
      .filter((path) => !isEmptyGroup(had.get(path)) && !isEmptyGroup(has.get(path)))
      .map((path) => ({ path, before: had.get(path) ?? null, after: has.get(path) ?? null }))
  );
}

/** Longer lists are for `--json`. */
const MAX_CELL = 60;

/** A value as people read it; a dash for nothing. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A value as a cell of a table. */
export function cellOf(value: unknown): string {
  const text = textOf(value);
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text;
}

/** Prints what changed of `name`, before and after, or that nothing did. */
export function printChanges({ say }: Pick<Shell, 'say'>, name: string, before: object, after: object): void {
  const changes = changesOf(before, after);
  if (changes.length === 0) {
    say(`${name}: nothing changed, it was so already.`);
    return;
  }
  say(
    name,
    ...tableLines(changes, [
      { title: '', value: ({ path }) => `  ${path}` },
      { title: 'before', value: (change) => cellOf(change.before) },
      { title: 'now', value: (change) => cellOf(change.after) },
    ]),
  );
}
