import type { z } from 'zod';
import { Amount } from './primitives.ts';

type Definition = {
  type: string;
  out?: unknown;
  innerType?: z.ZodType;
  element?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  discriminator?: string;
  options?: z.ZodType[];
};

const definitionOf = (schema: z.ZodType) => (schema as unknown as { _zod: { def: Definition } })._zod.def;

/** The output step of `Amount`'s pipe. A refined Amount is a copy that shares it, which tells it from other fields. */
const AMOUNT = definitionOf(Amount).out;

type MapAmount = (minor: number, pointer: string) => number;

/**
 * Copies a value that `schema` parsed, with `map` applied to each `Amount` in it. `pointer` is the amount's JSON pointer.
 * Follows objects, lists and discriminated unions, the only types that bodies with amounts have.
 */
export function mapAmounts<T>(schema: z.ZodType, value: T, map: MapAmount, pointer = ''): T {
  if (value === undefined || value === null) return value;
  const { type, out, innerType, element, shape, discriminator, options } = definitionOf(schema);
  if (out === AMOUNT && out !== undefined) return map(value as number, pointer) as T;
  if (innerType) return mapAmounts(innerType, value, map, pointer);
  if (type === 'array' && element) {
    return (value as unknown[]).map((each, index) =>
      mapAmounts(element, each, map, `${pointer}/${index}`),
    ) as T;
  }
  if (shape) {
    const fields = value as Record<string, unknown>;
    const mapped = Object.entries(shape).flatMap(([name, field]) =>
      Object.hasOwn(fields, name) ? [[name, mapAmounts(field, fields[name], map, `${pointer}/${name}`)]] : [],
    );
    return { ...fields, ...Object.fromEntries(mapped) } as T;
  }
  const chosen = discriminator && options?.find((option) => isOf(option, discriminator, value));
  return chosen ? mapAmounts(chosen, value, map, pointer) : value;
}

function isOf(option: z.ZodType, discriminator: string, value: unknown): boolean {
  const kind = definitionOf(option).shape?.[discriminator];
  return kind?.safeParse((value as Record<string, unknown>)[discriminator]).success ?? false;
}
