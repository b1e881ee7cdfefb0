import fc from 'fast-check';

/** A JSON value as text, where JavaScript could not write it. */
const raw = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);

/** Numbers at the bounds of what holds them: columns, doubles, counters, and what people make of numbers. */
const numbers = [
  ...['-0', '-0.0', '0e0', '1e-7', '5e-324', '1e21', '1e308', '1.7976931348623157e308', '1e999', '-1e999'],
  ...['0.1', '0.30000000000000004', '1.005', '12.345', '99999999.99', '99999999.995', '100000000'],
  ...['999999999.999', '1000000000', '2147483647', '2147483648', '-2147483649', '4294967296'],
  ...['9007199254740991', '9007199254740993', '9223372036854775808', '18446744073709551616', '1E400'],
  ...['-1', '0', '1', '2', '1.0', '1e0', '100', '100.001', `1${'0'.repeat(400)}`, `0.${'0'.repeat(400)}1`],
].map(raw);

const numberTexts = [
  ...['NaN', 'Infinity', '-Infinity', '0x10', '0b1', '1_000', '1,000', '1.234,56', '1e3', '+5', ' 5', '5 '],
  ...[
    '.5',
    '5.',
    '٣',
    '१२',
    '१२.५०',
    '５',
    '--1',
    '1-1',
    '0.00',
    '-0.00',
    '00012.50',
    '1e-400',
    '9'.repeat(30),
  ],
];

/** Text that looks like something else, or that somebody reads as something else. */
const unicode = [
  ...[
    '\u202eevil\u202c',
    '\u200f\u200e',
    '\u200b',
    '\ufeff',
    '\u2028\u2029',
    'e\u0301',
    '\u00e9',
    'İ',
    'ı',
    'ß',
    'ﬁ',
  ],
  ...[
    '👩‍👩‍👧‍👦',
    '🇮🇳',
    '𝒳'.repeat(200),
    'Z\u0351\u036b\u0343'.repeat(60),
    '\u{10ffff}',
    '\ufffe',
    'अद्वैत',
    '漢字',
  ],
  ...[
    'a\0b',
    '\0',
    'a\ud800',
    '\udc00a',
    '\ud83d',
    '\u0001\u001f\u007f',
    '\r\n',
    'a\r\nSet-Cookie: x=1',
    '\\u0000',
  ],
];

const injections = [
  ...[
    "'; DROP TABLE orders; --",
    "' OR '1'='1",
    '1; SELECT pg_sleep(5)',
    "1' UNION SELECT password_hash FROM users--",
  ],
  ...['$1', '%s%n', '%_\\', '\\', '"', '`id`', '$(id)', '| id', `$\{7*7}`, '{{7*7}}', '<%= 7 %>', '#{7}'],
  ...['../../../etc/passwd', '..\\..\\x', '/dev/null', 'file:///etc/passwd', 'http://127.0.0.1:1/'],
  ...[
    '<script>alert(1)</script>',
    '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>',
    '=cmd|x!A1',
    '@SUM(A1)',
  ],
  ...['{"$gt":""}', '[object Object]', 'undefined', 'null', 'true', '__proto__', 'constructor', 'toString'],
];

const times = [
  ...[
    '0000-01-01',
    '0001-01-01',
    '9999-12-31',
    '10000-01-01',
    '-0001-01-01',
    '2026-02-29',
    '2024-02-29',
    '2026-13-01',
  ],
  ...[
    '2016-12-31T23:59:60Z',
    '2026-01-01T24:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999999Z',
  ],
  ...[
    '2026-01-01T00:00:00+14:00',
    '2026-01-01T00:00:00',
    '2026-03-29T02:30:00Z',
    '275760-09-13T00:00:00Z',
    'now',
    'infinity',
  ],
  ...[
    '-infinity',
    'epoch',
    'today',
    '1970-01-01',
    '1969-12-31T23:59:59Z',
    '2026-W01-1',
    '2026-001',
    '20260101',
  ],
];

const LONG = 70_000;
const longs = [
  'x'.repeat(LONG),
  ' '.repeat(LONG),
  '9'.repeat(5_000),
  '𝒳'.repeat(5_000),
  'a@'.repeat(3_000),
  '-'.repeat(300),
];

const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;

/** Objects and arrays that a careless merge, a parser that recurses or an operator of a query would trip over. */
const structures: unknown[] = [
  ...[
    {},
    [],
    [[]],
    [null],
    { x: 1 },
    { $ne: null },
    { length: 1e9 },
    { toString: 1 },
    { toJSON: null },
    { id: {} },
  ],
  ...[
    { isAdmin: true },
    { 0: 'a', length: 1 },
    Array.from({ length: 400 }, () => null),
    Array.from({ length: 2_000 }, () => 1),
  ],
  JSON.parse('{"__proto__":{"isAdmin":true}}'),
  JSON.parse('{"constructor":{"prototype":{"isAdmin":true}}}'),
  ...[31, 33, 60].flatMap((depth) => [
    JSON.parse(nested(depth, '[', ']')),
    JSON.parse(nested(depth, '{"x":', '}')),
  ]),
];

/** Ids that are none, or that are nobody's. */
export const oddIds = [
  ...['', '0', '1', 'null', 'undefined', '*', '..', '%00', '00000000-0000-0000-0000-000000000000'],
  ...[
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '0190a000-0000-7000-8000-00000000000',
    '{0190a000-0000-7000-8000-000000000000}',
  ],
  ...[
    '0190a00000007000800000000000000a',
    ' 0190a000-0000-7000-8000-000000000000',
    '0190a000-0000-0000-0000-000000000000',
  ],
];

const texts = [...numberTexts, ...unicode, ...injections, ...times, ...oddIds];

/** Any characters, halves of pairs included. fast-check's own lists the whole of Unicode anew for each arbitrary, for a second. */
const anyCharacters = (maxLength: number) =>
  fc
    .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength })
    .map((points) => String.fromCodePoint(...points));

/** Text out of the corpora, or of any characters at all; seldom very long, for that is slow to send. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...texts) },
  { weight: 4, arbitrary: anyCharacters(40) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(...longs) },
);

/** Any JSON value that somebody may send in place of another. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: hostileText },
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...numbers) },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...structures) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

export const hostileKey = fc.constantFrom(
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '',
    ' ',
    'a\0',
    '\ud800',
    'shop_id',
    'shopId',
  ],
  ...[
    'role',
    'isAdmin',
    'id',
    'ID',
    'Id',
    'version',
    'total',
    'password_hash',
    'x'.repeat(5_000),
    '$where',
    'a.b',
    'a[b]',
  ],
);

/** Bodies that are no JSON, or JSON that parsers disagree about. */
export const hostileBody = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '{',
      '}',
      '[',
      '[]',
      '{}',
      'null',
      'true',
      '0',
      '"x"',
      '{"a":1}{"b":2}',
      '{"a":1,}',
      "{'a':1}",
      '\ufeff{}',
    ],
    ...[
      '{"name":"a","name":"b"}',
      '{"a":NaN}',
      '{"a":0x1}',
      '{"a":01}',
      '{"a":.5}',
      '{"a":1.}',
      '{"a":+1}',
      '{"a":"\t"}',
    ],
    ...[
      '{"a":"\\x41"}',
      '{"a":"\\ud800"}',
      '{"\\u005f_proto__":1}',
      '{"a":/*x*/1}',
      '<x/>',
      'a=b',
      '--x\r\n\r\n--x--',
    ],
    ...[
      '1e999',
      '-',
      nested(50_000, '[', ']'),
      nested(5_000, '{"a":', '}'),
      `{"a":"${'x'.repeat(300_000)}"}`,
    ],
  ),
  fc.json({ maxDepth: 5 }),
  anyCharacters(60),
);

/** Headers that a request may come with besides; none of them may change what is done. */
export const hostileHeaders = fc.constantFrom<Record<string, string | string[]>>(
  { 'x-http-method-override': 'DELETE' },
  { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
  { 'x-forwarded-for': `${'1.2.3.4, '.repeat(200)}::1` },
  { 'x-request-id': '../../etc/passwd' },
  { 'x-original-url': '/api/auth/profile', 'x-rewrite-url': '/metrics' },
  { 'content-type': 'application/json; charset=utf-7' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json, text/html' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': `multipart/form-data; boundary=${'x'.repeat(200)}` },
  { 'content-type': '' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'br, gzip' },
  { 'transfer-encoding': 'chunked' },
  { accept: 'text/csv' },
  { accept: 'text/html;q=1, */*;q=0' },
  { accept: 'x'.repeat(2_000) },
  { 'accept-encoding': 'gzip;q=0, *;q=0' },
  { 'accept-language': '*;q=-1' },
  { 'if-match': '"1"', 'if-none-match': '*' },
  { 'if-modified-since': 'yesterday' },
  { range: 'bytes=0-,0-,0-' },
  { expect: '100-continue' },
  { cookie: `session=${'x'.repeat(1_000)}; __proto__=1` },
  { 'idempotency-key': '\u00ff\u00fe' },
  { 'x-long': 'x'.repeat(8_000) },
  { connection: 'close' },
  { 'proxy-authorization': 'Basic Og==' },
);
