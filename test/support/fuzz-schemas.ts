import fc from 'fast-check';
import type { z } from 'zod';

type Def = {
  type: string;
  innerType?: z.ZodType;
  element?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  options?: z.ZodType[];
  shape?: Record<string, z.ZodType>;
  entries?: Record<string, string>;
  values?: unknown[];
  valueType?: z.ZodType;
  getter?: () => z.ZodType;
  catchall?: z.ZodType;
  format?: string;
  checks?: { _zod: { def: Check } }[];
};
type Check = {
  check: string;
  format?: string;
  pattern?: RegExp;
  minimum?: number;
  maximum?: number;
  value?: number;
  inclusive?: boolean;
};

/** What is made for a place of the schema by the name of its field: ids of what there is, a password that is right. */
export type Leaf = (field: string, schema: z.ZodType) => fc.Arbitrary<unknown> | undefined;

const defOf = (schema: z.ZodType) => schema._zod.def as unknown as Def;
const checksOf = ({ checks = [] }: Def) => checks.map((check) => check._zod.def);
/** Longer ones are for the corpora: here most of what is made should be short enough to be read. */
const USUAL_LENGTH = 40;
const USUAL_ITEMS = 3;

/**
 * Inputs that the schema takes, as far as it says so by its shape: what it refines in code (a time zone that there is, one way
 * to pay) is not known, so that some are refused. `leaf` may say what stands in a field.
 */
export function arbitraryOf(schema: z.ZodType, leaf: Leaf, field = ''): fc.Arbitrary<unknown> {
  const own = leaf(field, schema);
  if (own) return own;
  const def = defOf(schema);
  const inner = (of: z.ZodType | undefined, name = field) => arbitraryOf(of as z.ZodType, leaf, name);
  switch (def.type) {
    case 'object':
      return objectOf(def, leaf);
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
      return inner(def.innerType);
    case 'nullable':
      return fc.option(inner(def.innerType), { freq: 4 });
    case 'union':
      return fc.oneof(...(def.options ?? []).map((option) => inner(option)));
    case 'array':
      return arrayOf(def, inner(def.element));
    case 'record':
      return fc.dictionary(fc.string({ maxLength: 10 }), inner(def.valueType), { maxKeys: USUAL_ITEMS });
    case 'lazy':
      return fc.jsonValue({ maxDepth: 2 });
    case 'pipe':
      return inner(fromPipe(def));
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries ?? {}));
    case 'literal':
      return fc.constantFrom(...(def.values ?? []));
    case 'string':
      return stringOf(def, field);
    case 'number':
      return numberOf(def);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'unknown':
    case 'any':
      return fc.jsonValue({ maxDepth: 2 });
    default:
      throw new Error(`Nobody has said yet how to make a ${def.type} (${field}): add it to fuzz-schemas.ts.`);
  }
}

/** Of a text that becomes something else, what comes out says more (an e-mail address) than what goes in. */
function fromPipe({ in: from, out: to }: Def): z.ZodType | undefined {
  const isText = (schema: z.ZodType | undefined) => schema && defOf(schema).type === 'string';
  return isText(to) ? to : from;
}

function objectOf({ shape = {}, catchall }: Def, leaf: Leaf): fc.Arbitrary<unknown> {
  const fields = Object.entries(shape).map(
    ([name, schema]) => [name, arbitraryOf(schema, leaf, name)] as const,
  );
  const isRequired = (name: string) => !shape[name]?.safeParse(undefined).success;
  const known = fc.record(Object.fromEntries(fields), {
    requiredKeys: Object.keys(shape).filter(isRequired),
  });
  const isOpen = catchall !== undefined && defOf(catchall).type === 'unknown';
  if (!isOpen) return known;
  return fc
    .tuple(known, fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 1 })))
    .map(([object, more]) => ({ ...more, ...(object as object) }));
}

function arrayOf(def: Def, element: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const checks = checksOf(def);
  const min = checks.find(({ check }) => check === 'min_length')?.minimum ?? 0;
  const max = checks.find(({ check }) => check === 'max_length')?.maximum ?? USUAL_ITEMS;
  return fc.array(element, { minLength: min, maxLength: Math.min(max, Math.max(min, USUAL_ITEMS)) });
}

const DAY_MS = 86_400_000;
const thisYear = () => ({
  min: new Date(Date.now() - 370 * DAY_MS),
  max: new Date(Date.now() + 30 * DAY_MS),
});
const digitsAndLetters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789');
const time = () => fc.date({ ...thisYear(), noInvalidDate: true }).map((date) => date.toISOString());

const formats: Record<string, () => fc.Arbitrary<string>> = {
  uuid: () => fc.uuid(),
  datetime: time,
  date: () => time().map((text) => text.slice(0, 10)),
  email: () =>
    fc.string({ unit: digitsAndLetters, minLength: 8, maxLength: 20 }).map((name) => `${name}@example.com`),
};

/** Amounts, quantities and percentages are texts or numbers that code reads: of either sort, most of them right. */
const decimal = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }).map((n) => (n / 100).toFixed(2)),
  fc.integer({ min: 0, max: 100 }).map(String),
);
const isDecimal = /amount|price|quantity|value|percent|cost|level|total|tip|tendered|count|adjust|float/i;

function stringOf(def: Def, field: string): fc.Arbitrary<unknown> {
  const checks = checksOf(def);
  const format = def.format ?? checks.find((check) => check.format && check.format !== 'regex')?.format;
  const made = format && formats[format];
  if (made) return made();
  const pattern = checks.find((check) => check.pattern)?.pattern;
  if (pattern) return fc.stringMatching(pattern);
  const min = checks.find(({ check }) => check === 'min_length')?.minimum ?? 0;
  const max = checks.find(({ check }) => check === 'max_length')?.maximum ?? USUAL_LENGTH;
  const length = { minLength: min, maxLength: Math.min(max, Math.max(min + 10, USUAL_LENGTH)) };
  if (isDecimal.test(field)) return decimal;
  return fc.oneof(
    fc.string(length),
    fc.string({ ...length, unit: 'grapheme' }).map((text) => text.slice(0, max)),
  );
}

function numberOf(def: Def): fc.Arbitrary<unknown> {
  const checks = checksOf(def);
  const bound = (name: string) => checks.find(({ check }) => check === name)?.value;
  const isInteger = def.format === 'safeint' || checks.some(({ format }) => format === 'safeint');
  const min = bound('greater_than') ?? (isInteger ? -1_000 : 0);
  const max = bound('less_than') ?? 1_000_000;
  const usual = fc.integer({ min: Math.ceil(min), max: Math.floor(Math.min(max, min + 1_000)) });
  if (isInteger) return fc.oneof(usual, fc.constantFrom(Math.ceil(min), Math.floor(max)));
  return fc.oneof(
    usual,
    usual.map((n) => n / 4),
  );
}
