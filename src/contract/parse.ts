import type { z } from 'zod';
import { escapePointer, findUnclean, MAX_FAULTS } from './hygiene.ts';
import { type Fault, ProblemError, sentenceOf } from './problem.ts';

/**
 * Checks a value from outside against its schema. `root` stands before each pointer (`/query`, or nothing for a body);
 * what elements of the list `apart` hold is only checked as far as the schema does. Throws `invalid_request` with the first fifty faults.
 */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  root = '',
  apart?: string,
): z.output<S> {
  const unclean = findUnclean(value, apart).map(({ pointer, detail }) => ({
    pointer: `${root}${pointer}`,
    detail,
  }));
  if (unclean.length > 0) throw invalidRequest(unclean);
  const result = schema.safeParse(value, { error: explain, reportInput: true });
  if (result.success) return result.data;
  const issues = withoutBounds(result.error.issues);
  throw invalidRequest(issues.slice(0, MAX_FAULTS).flatMap((issue) => faultsOf(issue, root)));
}

/** Drops what a value of the wrong type breaks besides: a long text in the place of a list is no list that is too long. */
function withoutBounds(issues: z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const wrongTypes = new Set(
    issues.flatMap(({ code, path }) => (code === 'invalid_type' ? [path.join('/')] : [])),
  );
  return issues.filter(
    ({ code, path }) => (code !== 'too_big' && code !== 'too_small') || !wrongTypes.has(path.join('/')),
  );
}

/** An `invalid_request` with the first fifty of the faults, at least one. Its detail is the first of them as a sentence. */
export function invalidRequest(faults: Fault[]): ProblemError {
  const errors = faults.slice(0, MAX_FAULTS);
  const first = errors[0] as Fault;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new ProblemError('invalid_request', {
    detail: sentenceOf(first).replace(/\.$/, `${more}.`),
    errors,
  });
}

function faultsOf(issue: z.core.$ZodIssue, root: string): Fault[] {
  const at = `${root}${issue.path.map((key) => `/${escapePointer(key as string | number)}`).join('')}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MAX_FAULTS).map((key) => ({
      pointer: `${at}/${escapePointer(key)}`,
      detail: 'is not a field here',
    }));
  }
  // Of a choice of types, the one that came nearest says what is wrong: the one with the fewest faults.
  if (issue.code === 'invalid_union') {
    const choices = issue.errors
      .filter((issues) => issues.every(isWithin))
      .map((issues) =>
        issues.flatMap((found) => faultsOf({ ...found, path: [...issue.path, ...found.path] }, root)),
      );
    const [nearest] = choices.filter((faults) => faults.length > 0).sort((a, b) => a.length - b.length);
    if (nearest) return nearest;
  }
  // The schema's own message is about a wrong value and doesn't say that the value is missing.
  const isMissing = issue.code !== 'custom' && 'input' in issue && issue.input === undefined;
  return [{ pointer: at, detail: isMissing ? 'is missing' : issue.message }];
}

/** About a field of an object, not about the whole of it. */
const isWithin = ({ code, path }: z.core.$ZodIssue) => path.length > 0 || code === 'unrecognized_keys';

/** Messages for what a schema doesn't word itself. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'is missing' : `is not ${typeName(issue.expected)}`;
  }
  if (issue.code === 'invalid_value') return `is not one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_union') return issue.input === undefined ? 'is missing' : 'has the wrong type';
  if (issue.code === 'too_big') return tooBig(issue.input, issue.maximum);
  if (issue.code === 'too_small') return tooSmall(issue.input, issue.minimum);
  if (issue.code === 'invalid_format' && issue.format === 'datetime') {
    return 'is not a time like 2026-01-31T18:30:00Z';
  }
  if (issue.code === 'invalid_format') return `is not a valid ${issue.format}`;
  return undefined;
}

function tooBig(input: unknown, maximum: number | bigint): string {
  if (typeof input === 'string') return `is longer than ${maximum} characters`;
  return Array.isArray(input) ? `has more than ${maximum} entries` : `is more than ${maximum}`;
}

function tooSmall(input: unknown, minimum: number | bigint): string {
  if (!Array.isArray(input)) return `is less than ${minimum}`;
  return input.length === 0 ? 'is empty' : `has fewer than ${minimum} entries`;
}

/** Names of schema types that JSON has other names for. */
const JSON_TYPES: Record<string, string> = { int: 'a whole number', record: 'an object' };

const typeName = (type: string) => JSON_TYPES[type] ?? (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
