import type { z } from 'zod';
import { fieldProblem } from '../contract/problem.ts';
import { type Settings, SettingsChange } from '../contract/settings.ts';
import { didYouMean } from './did-you-mean.ts';
import { UsageError } from './exit-codes.ts';
import { type Fields, keysOf, readWord, schemaAt } from './fields.ts';

/** A setting and its new value: `tax.mode` and `inclusive`. */
export type Assignment = { keys: string[]; value: unknown };

/** Reads `tax.mode=inclusive`. Throws UsageError, and `invalid_request` for a path that there is not. */
export function readAssignment(word: string): Assignment {
  const [, path = '', text = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
  if (path === '') throw new UsageError(`${word} is not a setting and its value, like tax.mode=inclusive.`);
  const keys = path.split('.');
  return { keys, value: readWord(schemaOf(keys), text) };
}

function schemaOf(keys: string[]): z.ZodType {
  let schema: z.ZodType = SettingsChange;
  keys.forEach((key, depth) => {
    const inner = key === 'version' && depth === 0 ? undefined : schemaAt(schema, key);
    if (!inner || key === '') throw unknownPath(keys.slice(0, depth + 1), keysOf(schema));
    schema = inner;
  });
  return schema;
}

/** `mode` alone is nearly `tax.mode`. */
function hintElsewhere([first = '', ...rest]: string[]): string {
  if (rest.length > 0) return '';
  const inGroups = keysOf(SettingsChange).flatMap((group) =>
    keysOf(SettingsChange.shape[group as keyof typeof SettingsChange.shape]).map(
      (key) => [key, `${group}.${key}`] as const,
    ),
  );
  return didYouMean(
    first,
    inGroups.map(([key]) => key),
    (key) => new Map(inGroups).get(key) ?? key,
  );
}

/** In the words of the API, and with what there is. */
export function unknownPath(keys: string[], known: string[]) {
  const group = keys.slice(0, -1).join('.');
  const names = known.filter((key) => key !== 'version').join(', ');
  const there = known.length > 0 ? `There are: ${names}.` : 'It is set as a whole, as JSON.';
  const where = group === '' ? '' : ` of ${group}`;
  const hint = didYouMean(keys.at(-1) ?? '', known, (key) => [...keys.slice(0, -1), key].join('.'));
  const detail = `The setting ${keys.at(-1)}${where} is not a field here. ${hint || hintElsewhere(keys)}${there}`;
  return fieldProblem('invalid_request', `/${keys.join('/')}`, detail);
}

/**
 * The change that the API takes for these assignments, on top of `fields`. It replaces each entry of `custom` as a whole, so for what
 * is set within one the rest comes from `before`.
 */
export function changeOf(assignments: readonly Assignment[], before: Settings, fields: Fields = {}): Fields {
  const change = structuredClone(fields);
  for (const { keys, value } of assignments) {
    const [first, second] = keys;
    if (first === 'custom' && second !== undefined && keys.length > 2) {
      const custom = (change.custom ?? {}) as Fields;
      if (!Object.hasOwn(custom, second) && Object.hasOwn(before.custom, second))
        setIn(change, ['custom', second], structuredClone(before.custom[second]));
    }
    setIn(change, keys, value);
  }
  return change;
}

/** As own fields, whatever they are called: the schema refuses the names that no field may have. */
function setIn(target: Fields, keys: string[], value: unknown): void {
  const [key = '', ...rest] = keys;
  const known = Object.hasOwn(target, key) ? target[key] : undefined;
  const isGroup = typeof known === 'object' && known !== null && !Array.isArray(known);
  const group = isGroup ? (known as Fields) : {};
  if (rest.length > 0) setIn(group, rest, value);
  const stored = rest.length > 0 ? group : value;
  Object.defineProperty(target, key, { value: stored, enumerable: true, writable: true, configurable: true });
}

/** What stands at a path of the settings. Throws `invalid_request` for one that there is not. */
export function settingAt(settings: Settings, path: string | undefined): unknown {
  if (path === undefined) return settings;
  let value: unknown = settings;
  const keys = path.split('.');
  keys.forEach((key, depth) => {
    const isGroup = typeof value === 'object' && value !== null;
    if (!isGroup || !Object.hasOwn(value as object, key))
      throw unknownPath(keys.slice(0, depth + 1), isGroup ? Object.keys(value as object) : []);
    value = (value as Fields)[key];
  });
  return value;
}
