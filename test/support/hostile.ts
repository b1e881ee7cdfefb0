import { z } from 'zod';

export type Key = string | number;

/** One thing done to a body: what stands `at` a path replaced, or taken away, or put beside what is there. */
export type Change = {
  what: string;
  at: Key[];
  value: unknown;
  /** Wrong whatever the schema says: text that is none, names that reach a prototype, needless depth. */
  isNeverRight: boolean;
  /** Worth sending even where it is legal. */
  isEdge: boolean;
};

type Node = {
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
  allOf?: Node[];
  maxItems?: number;
};

const ABSENT = Symbol('absent');
/** Text that goes into the body without quotes, for numbers that JavaScript can't write. */
const raw = (text: string) => `@raw:${text}`;

const LONG = 100_000;
const DEEP = 40;
const nested = (wrap: (inner: unknown) => unknown) =>
  Array.from({ length: DEEP }).reduce((inner) => wrap(inner), 1 as unknown);

/** Values of every JSON type. Where one is legal, the schema says so, and it is left out. */
const wrongValues: [what: string, value: unknown][] = [
  ['true', true],
  ['7', 7],
  ['1.5', 1.5],
  ['a string', 'x'],
  ['blanks', ' \t\n'],
  ['a number in a string', '5'],
  ['NaN in a string', 'NaN'],
  ['1e3 in a string', '1e3'],
  ['a negative number in a string', '-5.00'],
  ['a day that no month has', '2026-02-30'],
  ['an object with a field', { x: 1 }],
  ['an object of SQL operators', { $ne: null }],
  ['an array of an array', [[]]],
  ['an array of null', [null]],
];

/** Values at the edge of what is legal: where they are within, they still mustn't break anything. */
const edgeValues: [what: string, value: unknown][] = [
  ['null', null],
  ['0', 0],
  ['-1', -1],
  ['0.0001', 0.0001],
  ['1e308', raw('1e308')],
  ['99999999999999999999', raw('99999999999999999999')],
  ['1e999', raw('1e999')],
  ['-1e999', raw('-1e999')],
  ['an empty string', ''],
  ['many digits', '9'.repeat(100)],
  ['the most that an amount can be', '99999999.99'],
  ['the most that a quantity can be', '999999999.999'],
  ['a huge string', 'x'.repeat(LONG)],
  ['letters of two code units each', '𝒳'.repeat(50)],
  ['a pattern for LIKE', '%_\\'],
  ['a day that PostgreSQL has not', '0000-01-01'],
  ['the last day', '9999-12-31'],
  ['an object', {}],
  ['an array', []],
];

const neverRight: [what: string, value: unknown][] = [
  ['text with NUL', 'a\0b'],
  ['half a surrogate pair', 'a\ud800'],
  ['the other half', '\udc00a'],
  ['an array of text with NUL', ['a\0b']],
  [`arrays ${DEEP} deep`, nested((inner) => [inner])],
  [`objects ${DEEP} deep`, nested((inner) => ({ x: inner }))],
];

const extraKeys: [key: string, isNeverRight: boolean][] = [
  ['unknownField', false],
  ['shop_id', false],
  ['', false],
  ['__proto__', true],
  ['constructor', true],
  ['prototype', true],
];

export const jsonSchemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;

/** A schema and, where it is a choice, all that can be chosen. */
function branchesOf(node: Node | undefined): Node[] {
  if (!node) return [];
  const choices = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return [node, ...choices.flatMap(branchesOf)];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every change to every field: of the body, and of the schema where the body goes without. */
export function changesOf(schema: z.ZodType, body: unknown): Change[] {
  return changesWithin(body, branchesOf(jsonSchemaOf(schema)), []);
}

function changesWithin(value: unknown, nodes: Node[], at: Key[]): Change[] {
  if (Array.isArray(value)) {
    // One schema holds for all elements: the first stands for them.
    const inner = nodes.flatMap((node) => branchesOf(node.items));
    return value.length === 0 ? [] : changesOfField(value[0], inner, [...at, 0]);
  }
  if (!isObject(value)) return [];
  const known = nodes.flatMap((node) => Object.keys(node.properties ?? {}));
  const fields = [...new Set([...Object.keys(value), ...known])].flatMap((key) =>
    changesOfField(
      value[key],
      nodes.flatMap((node) => branchesOf(node.properties?.[key])),
      [...at, key],
    ),
  );
  const extras = extraKeys.map(([key, isNeverRight]) => ({
    what: `an extra field ${key}`,
    at: [...at, key],
    value: { isAdmin: true },
    isNeverRight,
    isEdge: false,
  }));
  return [...fields, ...extras];
}

function changesOfField(value: unknown, nodes: Node[], at: Key[]): Change[] {
  const change = ([what, replacement]: [string, unknown], flags: Partial<Change> = {}): Change => {
    return { what, at, value: replacement, isNeverRight: false, isEdge: false, ...flags };
  };
  const isElement = typeof at.at(-1) === 'number';
  const { maxItems } = nodes.find((node) => node.maxItems !== undefined) ?? {};
  return [
    ...(value === undefined || isElement ? [] : [change(['nothing', ABSENT], { isEdge: true })]),
    ...(maxItems !== undefined && Array.isArray(value)
      ? [change([`${maxItems + 1} elements`, Array(maxItems + 1).fill(value[0])])]
      : []),
    ...wrongValues.map((wrong) => change(wrong)),
    ...edgeValues.map((edge) => change(edge, { isEdge: true })),
    ...neverRight.map((wrong) => change(wrong, { isNeverRight: true })),
    ...changesWithin(value, nodes, at),
  ];
}

/** The body with the change, as JSON text. */
export function bodyWith(body: unknown, { at, value }: Pick<Change, 'at' | 'value'>): string {
  const changed = structuredClone(body);
  let parent = changed as Record<Key, unknown>;
  for (const key of at.slice(0, -1)) parent = parent[key] as Record<Key, unknown>;
  const last = at.at(-1) as Key;
  if (value === ABSENT) delete parent[last];
  // Assigning to __proto__ would set the prototype; defined, it is a field like others.
  else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return JSON.stringify(changed).replace(/"@raw:([^"]+)"/g, '$1');
}

/** Whether the schema takes the body with the change: what it takes is not hostile. */
export const isLegal = (schema: z.ZodType, change: Change, text: string) =>
  !change.isNeverRight && schema.safeParse(JSON.parse(text)).success;

/**
 * The pointer that the answer has to name: the field's own, unless a rule about several fields puts the blame
 * on the one around it (`custom` is too large) or on another one (of two that exclude each other): undefined.
 */
export function blameOf(schema: z.ZodType, { at, isNeverRight }: Change, text: string): string | undefined {
  if (isNeverRight) return pointerTo(at);
  const issues = schema.safeParse(JSON.parse(text)).error?.issues ?? [];
  const near = issues.filter(({ path }) => path.every((key, i) => i >= at.length || key === at[i]));
  const around = near.find(
    ({ code, path }) => code === 'custom' && path.length > 0 && path.length < at.length,
  );
  if (around && near.length === 1) return pointerTo(around.path as Key[]);
  return near.length > 0 ? pointerTo(at) : undefined;
}

export const pointerTo = (at: Key[]) =>
  at.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The strings of a body that are ids, with where they stand. */
export function idsOf(value: unknown, at: Key[] = []): { id: string; at: Key[] }[] {
  if (typeof value === 'string') return z.uuid().safeParse(value).success ? [{ id: value, at }] : [];
  if (typeof value !== 'object' || value === null) return [];
  const isArray = Array.isArray(value);
  return Object.entries(value).flatMap(([key, inner]) => idsOf(inner, [...at, isArray ? Number(key) : key]));
}

export const valueAt = (body: unknown, at: Key[]) =>
  at.reduce((value, key) => (value as Record<Key, unknown> | undefined)?.[key], body as unknown);

/** Where a schema has objects and arrays within, `*` for an element: a body with none there tests none. */
export function shapesOf(nodes: Node[], at = ''): string[] {
  return nodes.flatMap((node) => [
    ...(node.properties ? [at] : []),
    ...(node.items ? [`${at}/*`, ...shapesOf(branchesOf(node.items), `${at}/*`)] : []),
    ...Object.entries(node.properties ?? {}).flatMap(([key, inner]) =>
      shapesOf(branchesOf(inner), `${at}/${key}`),
    ),
  ]);
}

/** The shapes of a schema that none of these bodies has. */
export function shapesMissing(schema: z.ZodType, bodies: unknown[]): string[] {
  const found = new Set(bodies.flatMap((body) => shapesIn(body)));
  return [...new Set(shapesOf(branchesOf(jsonSchemaOf(schema))))].filter((shape) => !found.has(shape));
}

function shapesIn(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((inner) => [`${at}/*`, ...shapesIn(inner, `${at}/*`)]);
  if (!isObject(value)) return [];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => shapesIn(inner, `${at}/${key}`))];
}
