import type { Route } from '../../src/contract/route.ts';
import { NOTHING } from './hostile-requests.ts';
import type { Shot } from './shots.ts';
import { contentOf, urlOf, type ValidRequest } from './valid-requests.ts';

/** For any parameter. What is legal for one, such as text to search for, is told apart by its schema. */
const values = [
  '',
  ' ',
  'x',
  '0',
  '-1',
  '201',
  '1e9',
  '1e999',
  'abc',
  '1.5',
  'NaN',
  '9'.repeat(400),
  'x'.repeat(5_000),
  '2026-02-30',
  '0000-01-01',
  '9999-12-31',
  '10000-01-01',
  '2026-01-01T00:00:00Z',
  'true',
  'null',
  '{}',
  '[]',
  '%',
  '\\',
  "'",
  'a\0b',
  '\u{10ffff}',
  "'; DROP TABLE users; --",
];

const encode = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const ID = '0190a000-0000-7000-8000-000000000000';
/** Cursors that no list ever gave out. */
const cursors = [
  ...['', 'x', '%%%', '.', 'null', '=', 'a'.repeat(201)],
  ...[
    null,
    {},
    [],
    '',
    5,
    true,
    [[]],
    [{}],
    [null],
    [null, null],
    [null, null, null],
    [{}, ID],
    [[], ID],
  ].map(encode),
  ...[[ID], ['a\0b', ID], ['\ud800', ID], ['a', 'b'], ['a', {}], ['a', ID, ID], [1, 2], [ID, 'a']].map(
    encode,
  ),
  ...[
    ['1', 'a', ID],
    [1e308, 'a', ID],
    [2 ** 31, 'a', ID],
    [-(2 ** 31), 'a', ID],
    [1.5, 'a', ID],
    [null, 'a', ID],
  ].map(encode),
  ...[
    [1, { x: 1 }, ID],
    [1, 'a', `${ID}\0`],
    [1, 'a\0', ID],
    ['now', `${ID}x`],
  ].map(encode),
  ...['[1e999,"a","x"]', '[1e999,"x"]', `{"0":"a","1":"${ID}","length":2}`, '[', '\ufeff[]'].map((text) =>
    Buffer.from(text).toString('base64url'),
  ),
];
/** Of the right shape for some list, and yet such that a database may choke. */
const oddCursors = [
  '2026-02-30T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-01-01T00:00Z',
].map((at) => encode([at, ID]));

type Parameter = [name: string, value: string];

/** Queries that are wrong. A GET gets those that its schema takes, too: they mustn't break it. */
export function wrongQueries(route: Route, request: ValidRequest): Shot[] {
  const schema = route.query ?? NOTHING;
  const { params, query = {} } = request;
  const base = Object.entries(query);
  const shot = (what: string, pointer: string, parameters: Parameter[]): Shot[] => {
    const { success, error } = schema.safeParse(asKoaReads(parameters));
    const isLegal = success && !parameters.some(([, value]) => value.includes('\0'));
    if (isLegal && route.method !== 'get') return [];
    // Of two that don't fit together, such as from and to, the other one may get the blame.
    const isOthers =
      error?.issues.every(({ path: [blamed] }) => blamed !== undefined && blamed !== pointer) ?? false;
    return [
      {
        what,
        method: route.method.toUpperCase(),
        path: `${urlOf(route, params)}?${new URLSearchParams(parameters)}`,
        ...contentOf(request),
        ...(isLegal ? {} : { statuses: [422] }),
        ...(isLegal || isOthers ? {} : { pointer: `/query/${pointer}` }),
      },
    ];
  };
  const without = (name: string) => base.filter(([key]) => key !== name);
  const unknown = [
    'nope',
    'limit[]',
    'limit[x]',
    '__proto__',
    'constructor',
    'LIMIT',
    'shopId',
    'toString',
    '',
  ];
  return [
    ...unknown.flatMap((name) => shot(`the parameter ${name}`, name, [...base, [name, '1']])),
    ...Object.keys(schema.shape).flatMap((name) => [
      ...values.flatMap((value) =>
        shot(`${name}=${value.slice(0, 50)}`, name, [...without(name), [name, value]]),
      ),
      ...shot(`${name} twice`, name, [...without(name), [name, '10'], [name, '10']]),
    ]),
    ...('cursor' in schema.shape ? wrongCursors(without('cursor'), shot) : []),
  ];
}

function wrongCursors(
  base: Parameter[],
  shot: (what: string, pointer: string, query: Parameter[]) => Shot[],
): Shot[] {
  const as = (cursor: string) =>
    shot(`the cursor ${cursor.slice(0, 50)}`, 'cursor', [...base, ['cursor', cursor]]);
  const refused = cursors.flatMap(as).map((each) => ({ ...each, statuses: [422], pointer: '/query/cursor' }));
  return [...refused, ...oddCursors.flatMap(as)];
}

/** Parameters as the schema gets them: one that stands twice is an array. */
export function asKoaReads(parameters: Parameter[]): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of parameters)
    grouped[name] = name in grouped ? [grouped[name] as string, value] : value;
  return { ...grouped };
}
