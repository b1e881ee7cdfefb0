import { z } from 'zod';
import { isTooDeep, TOO_DEEP } from '../contract/hygiene.ts';
import { UsageError } from './exit-codes.ts';

/** How words of the command line become the fields of a request: the schema of the API says what a word may be. */

export type Fields = Record<string, unknown>;

type Definition = { innerType?: z.ZodType; valueType?: z.ZodType; type: string };
const definitionOf = (schema: z.ZodType) => (schema as unknown as { _zod: { def: Definition } })._zod.def;

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
/** A field of any JSON, in which a text would stand for itself. */
const takesAnything = (schema: z.ZodType) => [{}, true, 1, 'text'].every((value) => accepts(schema, value));

/**
 * What a word stands for in a field: text where text fits (`004`, `12.50`, never by way of a float), else JSON (`true`, `[…]`,
 * `"12"`); nothing at all takes away what may be null. What fits in no way is left to the schema's own words.
 */
export function readWord(schema: z.ZodType, word: string): unknown {
  const json = jsonOf(word);
  if (takesAnything(schema)) return json ? json.value : word;
  if (word === '' && accepts(schema, null)) return null;
  const isQuoted = typeof json?.value === 'string';
  // A number counts as it prints: `1e3` is no amount, because it is none as text.
  const isJson = json && (typeof json.value !== 'number' || String(json.value) === word);
  const readings = isJson ? (isQuoted ? [json.value, word] : [word, json.value]) : [word];
  const fitting = readings.find((value) => accepts(schema, value));
  if (fitting !== undefined || readings.length === 1) return fitting ?? word;
  return typeof json?.value === 'object' || isQuoted ? json?.value : word;
}

/** Throws UsageError for what is nested too deep: what is done with it recurses. */
function jsonOf(text: string, name = 'A value'): { value: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (isTooDeep(value)) throw new UsageError(`${name} ${TOO_DEEP}.`);
  return { value };
}

/** The schema at a key of an object, a record or an optional one; undefined where it has no such key. */
export function schemaAt(schema: z.ZodType, key: string): z.ZodType | undefined {
  if (schema instanceof z.ZodObject)
    return Object.hasOwn(schema.shape, key) ? (schema.shape[key] as z.ZodType) : undefined;
  const { innerType, valueType, type } = definitionOf(schema);
  if (innerType) return schemaAt(innerType, key);
  if (type === 'record') return valueType;
  return takesAnything(schema) ? schema : undefined;
}

/** The names of an object's fields; none for anything else. */
export function keysOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  const { innerType } = definitionOf(schema);
  return innerType ? keysOf(innerType) : [];
}

/** Throws UsageError where a change names nothing. */
export function requireSome(fields: Fields): Fields {
  if (Object.keys(fields).some((key) => key !== 'version')) return fields;
  throw new UsageError('Nothing to change was named. Add --help to see what can be.');
}

/** The fields of a request's body that were given as options of their names. */
export function fieldsOf(body: z.ZodObject, options: Fields): Fields {
  const given = Object.keys(body.shape).filter((key) => typeof options[key] === 'string');
  return Object.fromEntries(
    given.map((key) => [key, readWord(body.shape[key] as z.ZodType, options[key] as string)]),
  );
}

/**
 * The fields in the file of `--file`, without those that `view` shows and `body` does not take: what `show --json` printed may be
 * changed and sent back, with its version. Throws UsageError.
 */
export async function readFields(path: unknown, body: z.ZodObject, view: z.ZodObject): Promise<Fields> {
  if (path === undefined) return {};
  const { readSmallFile } = await import('./small-file.ts');
  const name = path === '-' ? 'Standard input' : (path as string);
  const value = jsonOf(await readSmallFile(path as string), name)?.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${name} is not a JSON object.`);
  const isShown = (key: string) => Object.hasOwn(view.shape, key) && !Object.hasOwn(body.shape, key);
  return Object.fromEntries(Object.entries(value).filter(([key]) => !isShown(key)));
}
