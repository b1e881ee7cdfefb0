import fc from 'fast-check';
import type { z } from 'zod';
import type { Route } from '../../src/contract/route.ts';
import { PASSWORD } from './factories.ts';
import { arbitraryOf, type Leaf } from './fuzz-schemas.ts';
import { hostileBody, hostileHeaders, hostileKey, hostileText, hostileValue, oddIds } from './fuzz-values.ts';
import type { Ids } from './fuzz-world.ts';
import type { Key } from './hostile.ts';
import { bodySchemaOf } from './hostile-requests.ts';
import type { ValidRequest } from './valid-requests.ts';

/** A request before it is sent: each part as whoever wrote it meant it. */
export type Draft = {
  params: Record<string, string>;
  query: [name: string, value: string][];
  /** JSON, or what is none; undefined for no body at all. */
  text?: string | undefined;
  /** Sent in place of `body`, for a route that takes a file. */
  file?: ValidRequest['file'] | undefined;
  headers: Record<string, string | string[]>;
};

/** Encoded, a character takes up to twelve; Node gives a request line and its headers 16 KiB together. */
const MAX_PARAMETER = 2_000;
const MAX_ODD_PARAMETER = 150;

/** Requests to a route made from those that are right, from its schemas, and from what is neither. */
export function draftsOf(route: Route, templates: ValidRequest[], ids: Ids): fc.Arbitrary<Draft> {
  const leaf = leafOf(ids);
  return fc.oneof(
    { weight: 4, arbitrary: shaped(route, templates, leaf) },
    { weight: 4, arbitrary: mutated(route, templates, leaf) },
    { weight: 2, arbitrary: hostile(route, templates, ids) },
  );
}

const usual = ({ params = {}, query = {}, body, file }: ValidRequest): Draft => ({
  params,
  query: Object.entries(query),
  text: body === undefined ? undefined : JSON.stringify(body),
  ...(file && { file }),
  headers: {},
});

/** What the schemas say, on things that are there. */
function shaped(route: Route, templates: ValidRequest[], leaf: Leaf): fc.Arbitrary<Draft> {
  const query = route.query ? arbitraryOf(route.query, leaf) : fc.constant({});
  const params = route.params ? arbitraryOf(route.params, leaf) : fc.constant({});
  const body = route.body ? arbitraryOf(bodySchemaOf(route), leaf) : fc.constant(undefined);
  return fc
    .tuple(fc.constantFrom(...templates), params, query, body, fc.boolean())
    .map(([template, madeParams, madeQuery, madeBody, isElsewhere]) => ({
      ...usual(template),
      ...(isElsewhere ? { params: { ...template.params, ...(madeParams as Record<string, string>) } } : {}),
      query: Object.entries(madeQuery as object).map(([name, value]) => [name, short(String(value))]),
      ...(madeBody === undefined ? {} : { text: JSON.stringify(madeBody) }),
    }));
}

/** One that is right, with a field or two made otherwise: as the schema has it, or as nothing has it. */
function mutated(route: Route, templates: ValidRequest[], leaf: Leaf): fc.Arbitrary<Draft> {
  if (!route.body) return requeried(route, templates, leaf);
  const made = arbitraryOf(bodySchemaOf(route), leaf) as fc.Arbitrary<Record<string, unknown>>;
  return fc.constantFrom(...templates).chain((template) => {
    const places = placesIn(template.body);
    const change = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...places), hostileValue).map(replace) },
      { weight: 1, arbitrary: fc.constantFrom(...places).map(remove) },
      { weight: 1, arbitrary: fc.constantFrom(...places).map(wrap) },
      {
        weight: 1,
        arbitrary: fc.tuple(hostileKey, hostileValue).map(([key, value]) => replace([[key], value])),
      },
      { weight: 3, arbitrary: made.map((fields) => merge(fields)) },
    );
    return fc
      .tuple(fc.array(change, { minLength: 1, maxLength: 2 }), fc.option(hostileValue, { freq: 12 }))
      .map(([changes, again]) => {
        const body = changes.reduce((changed, apply) => apply(changed), template.body);
        const text = JSON.stringify(body) ?? '';
        return { ...usual(template), text: again === null ? text : withTwice(text, again) };
      });
  });
}

/** For a route that takes no body: one that is sent all the same, and odd values among the right ones of the query. */
function requeried(route: Route, templates: ValidRequest[], leaf: Leaf): fc.Arbitrary<Draft> {
  const names = Object.keys(route.query?.shape ?? {});
  const made = arbitraryOf(route.query ?? (bodySchemaOf(route) as z.ZodType), leaf);
  const parameter = fc.tuple(fc.constantFrom(...names, 'nope'), hostileText.map(short));
  return fc
    .tuple(
      fc.constantFrom(...templates),
      made as fc.Arbitrary<object>,
      fc.array(parameter, { maxLength: 2 }),
      fc.option(hostileBody, { freq: 6 }),
    )
    .map(([template, query, more, body]) => ({
      ...usual(template),
      query: [
        ...Object.entries(query).map(([name, value]) => [name, short(String(value))] as [string, string]),
        ...more,
      ],
      ...(body === null ? {} : { text: body }),
    }));
}

/** One that is right, but for one whole part of it. */
function hostile(route: Route, templates: ValidRequest[], ids: Ids): fc.Arbitrary<Draft> {
  const id = fc.oneof(
    hostileText.map(short),
    fc.constantFrom(...oddIds, ...ids.elsewhere),
    fc.constantFrom(...ids.own).map((known) => known.toUpperCase()),
  );
  const params = fc.dictionary(fc.constantFrom('shopId', lastParam(route)), id, { minKeys: 1, maxKeys: 2 });
  const parameter = fc.tuple(fc.oneof(hostileKey, hostileText).map(short), hostileText.map(short));
  const part: fc.Arbitrary<Partial<Draft>> = fc.oneof(
    params.map((wrong) => ({ params: wrong })),
    fc.array(parameter, { minLength: 1, maxLength: 3 }).map((query) => ({ query })),
    hostileBody.map((text) => ({ text })),
    hostileValue.map((value) => ({ text: JSON.stringify(value) })),
    hostileHeaders.map((headers) => ({ headers })),
  );
  return fc.tuple(fc.constantFrom(...templates), part).map(([template, wrong]) => {
    const right = usual(template);
    return {
      ...right,
      ...wrong,
      params: { ...right.params, ...wrong.params },
      query: [...right.query, ...(wrong.query ?? [])],
    };
  });
}

const short = (text: string) =>
  text.slice(
    0,
    encodeURIComponent(text.toWellFormed()).length > MAX_PARAMETER ? MAX_ODD_PARAMETER : MAX_PARAMETER,
  );
const lastParam = ({ path }: Route) => /:(\w+)[^:]*$/.exec(path)?.[1] ?? 'shopId';

type Apply = (body: unknown) => unknown;
type Place = Key[];

/** Where values stand in a body, outermost first. */
function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  const isArray = Array.isArray(value);
  const inner = Object.entries(value).flatMap(([key, each]) =>
    placesIn(each, [...at, isArray ? Number(key) : key]),
  );
  return at.length === 0 && inner.length > 0 ? inner : [at, ...inner];
}

function changed(
  body: unknown,
  at: Place,
  change: (parent: Record<Key, unknown>, key: Key) => void,
): unknown {
  const copy = copyOf(body);
  let parent = copy as Record<Key, unknown>;
  for (const key of at.slice(0, -1)) {
    if (typeof parent[key] !== 'object' || parent[key] === null) return body;
    parent = parent[key] as Record<Key, unknown>;
  }
  const last = at.at(-1);
  if (last === undefined || typeof parent !== 'object' || parent === null || Object.isFrozen(parent))
    return body;
  change(parent, last);
  return copy;
}
/** A number that JavaScript can't write is an object to `structuredClone`, and none that it can copy. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy = {};
  for (const [key, inner] of Object.entries(value)) set(copy, key, copyOf(inner));
  return copy;
}

/** Assigning to `__proto__` would set the prototype; defined, it is a field like others. */
const set = (parent: Record<Key, unknown>, key: Key, value: unknown) =>
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
const replace =
  ([at, value]: [Place, unknown]): Apply =>
  (body) =>
    changed(body, at, (parent, key) => set(parent, key, value));
const remove =
  (at: Place): Apply =>
  (body) =>
    changed(body, at, (parent, key) => {
      delete parent[key];
    });
const wrap =
  (at: Place): Apply =>
  (body) =>
    changed(body, at, (parent, key) => set(parent, key, [parent[key]]));
const merge =
  (fields: Record<string, unknown>): Apply =>
  (body) =>
    typeof body === 'object' ? { ...body, ...fields } : fields;

/** The same key once more, first: parsers differ in which of the two counts. */
function withTwice(text: string, value: unknown): string {
  const key = /^\{("(?:[^"\\]|\\.)*"):/.exec(text)?.[1];
  return key === undefined ? text : text.replace('{', () => `{${key}:${JSON.stringify(value)},`);
}

/** Fields whose right values no schema tells: things that there are, a password that is right, a zone. */
function leafOf(ids: Ids): Leaf {
  const words: Record<string, string[]> = {
    password: [PASSWORD, 'wrong password'],
    currentPassword: [PASSWORD, 'wrong password'],
    currency: ['INR', 'USD', 'JPY'],
    timezone: ['Asia/Kolkata', 'America/New_York'],
    country: ['IN'],
    taxClass: ['food', 'none'],
    cursor: ids.cursors,
    after: ids.positions,
    pin: ['4711', '0000'],
    isActive: ['true', 'false'],
    low: ['true', 'false'],
    open: ['true', 'false'],
    flagged: ['true', 'false'],
    wait: ['0'],
  };
  return (field, schema) => {
    // A field that may be left out, or null, is still asked for by what is within.
    const { type, format, entries } = schema._zod.def as { type: string; format?: string; entries?: unknown };
    if (format === 'uuid') return idFor(field, ids);
    const known = words[field];
    return known && known.length > 0 && !entries && (type === 'string' || type === 'pipe')
      ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: hostileText })
      : undefined;
  };
}

/** Ids of the right kind of thing for the most part, else of another kind, of another shop, or of nothing. */
function idFor(field: string, { byField, own, elsewhere }: Ids): fc.Arbitrary<string> {
  const fitting = byField[field] ?? [];
  const others = fc.oneof(fc.uuid(), fc.constantFrom(...own), fc.constantFrom(...elsewhere));
  // A client makes the ids of what it sends.
  if (fitting.length === 0)
    return fc.oneof({ weight: 8, arbitrary: fc.uuid() }, { weight: 2, arbitrary: others });
  return fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...fitting) }, { weight: 2, arbitrary: others });
}
