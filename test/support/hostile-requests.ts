import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { OfflineOrder } from '../../src/contract/offline-orders.ts';
import { limits } from '../../src/contract/primitives.ts';
import { maxBodyBytesOf, type Route } from '../../src/contract/route.ts';
import { JSON_TYPE } from './client.ts';
import type { Shot } from './shots.ts';
import { contentOf, urlOf, type ValidRequest } from './valid-requests.ts';

const REFUSED = [400, 413, 415, 422] as const;
/** What a route without a query or a body takes. */
export const NOTHING = z.strictObject({});

/** The bodies whose elements are checked one by one, as if they were checked at once. */
const wholeBodies: Record<string, z.ZodType> = {
  replayOrders: z.strictObject({ orders: z.array(OfflineOrder).min(1).max(limits.batchOrders) }),
};

/** What a route takes as its body; a route without one takes none, or an empty object. */
export const bodySchemaOf = (route: Route) => wholeBodies[route.name] ?? route.body ?? NOTHING;

/** Bodies that are wrong as a whole: what they are, how they are written, or what is said about them. */
export function wrongBodies(route: Route, request: ValidRequest): Shot[] {
  if (route.method === 'get') return [];
  if (route.file) return wrongFiles(route, request);
  const method = route.method.toUpperCase();
  const path = urlOf(route, request.params, request.query);
  const text = JSON.stringify(request.body ?? {});
  const maxBytes = maxBodyBytesOf(route);
  const as = (type: string, more = {}) => ({ 'content-type': type, ...more });
  const packed = (encoding: string) => as('application/json', { 'content-encoding': encoding });
  const shot = (what: string, body: string | Buffer, statuses: readonly number[], headers = JSON_TYPE) =>
    ({ what, method, path, body, headers, statuses }) as Shot;
  const noType = {} as typeof JSON_TYPE;
  const isEmptyLegal = bodySchemaOf(route).safeParse({}).success;
  return [
    shot('text/plain', text, [415], as('text/plain')),
    shot('no content type', text, [415], noType),
    shot('an empty content type', text, [415], as('')),
    shot('a content type that is none', text, [415], as('application/json, text/plain')),
    shot('a form', 'name=x', [415], as('application/x-www-form-urlencoded')),
    shot('multipart', '--b\r\n\r\n--b--', [415], as('multipart/form-data; boundary=b')),
    shot('UTF-7', text, [415], as('application/json; charset=utf-7')),
    shot('UTF-16', Buffer.from(text, 'utf16le'), [415], as('application/json; charset=utf-16le')),
    shot('garbage said to be gzip', 'garbage', [415], packed('gzip')),
    shot('gzip', gzipSync(text), [415], packed('gzip')),
    shot('half of a gzip', gzipSync(text).subarray(0, 15), [415], packed('gzip')),
    shot('garbage said to be brotli', 'garbage', [415], packed('br')),
    shot('an unknown encoding', text, [415], packed('rot13')),
    shot('a bomb', bomb, [415], packed('gzip')),
    // What doesn't fit is not read to its end.
    ...malformed.map(([what, body]) => shot(what, body, body.length > maxBytes ? [413] : [400])),
    ...wrongWholes.map(([what, body]) => shot(what, body, body.length > maxBytes ? [413] : REFUSED)),
    shot('the end cut off', text.slice(0, -1), [400]),
    shot('something after the end', `${text}]`, [400]),
    shot('bytes that are no UTF-8', withBytes(text, [0xff, 0xfe]), [400]),
    shot('an overlong encoding of NUL', withBytes(text, [0xc0, 0x80]), [400]),
    shot('an encoded half of a surrogate pair', withBytes(text, [0xed, 0xa0, 0x80]), [400]),
    shot('far too much', `{"name":"${'x'.repeat(maxBytes + 1024 * 1024)}"}`, [413]),
    shot(
      'far too much in chunks',
      'x'.repeat(maxBytes + 1024 * 1024),
      [413],
      as('application/json', { 'transfer-encoding': 'chunked' }),
    ),
    shot('one byte too many', `[${' '.repeat(maxBytes)}`, [413]),
    shot('a byte order mark and an array', '\ufeff[]', REFUSED),
    ...(isEmptyLegal ? [] : emptyOnes.map(([what, body, headers]) => shot(what, body, [415, 422], headers))),
  ];
}

/** Bad bodies for a route that takes a file, and malformed forms. */
function wrongFiles(route: Route, request: ValidRequest): Shot[] {
  const path = urlOf(route, request.params, request.query);
  const png = contentOf(request).body as Buffer;
  const shot = (what: string, type: string, body: string | Buffer, status: number, more = {}): Shot => {
    const headers = { ...(type && { 'content-type': type }), ...more };
    return { what, method: route.method.toUpperCase(), path, body, headers, statuses: [status] };
  };
  const form = (
    ...parts: [name: string, file: string | null, type: string | null, body: string | Buffer][]
  ) =>
    Buffer.concat([
      ...parts.flatMap(([name, file, type, body]) => [
        Buffer.from(
          `--b\r\nContent-Disposition: form-data; name="${name}"${file === null ? '' : `; filename="${file}"`}\r\n` +
            `${type === null ? '' : `Content-Type: ${type}\r\n`}\r\n`,
        ),
        Buffer.from(body),
        Buffer.from('\r\n'),
      ]),
      Buffer.from('--b--\r\n'),
    ]);
  const asForm = (what: string, body: string | Buffer, status: number, more = {}) =>
    shot(what, 'multipart/form-data; boundary=b', body, status, more);
  const file = (name: string, body: string | Buffer = png) => form(['file', name, 'image/png', body]);
  const maxBytes = maxBodyBytesOf(route);
  const large = Buffer.alloc(maxBytes + 1024 * 1024, 'x');
  return [
    shot('JSON', 'application/json', '{}', 415),
    shot('no content type', '', png, 415),
    shot('text', 'text/plain', png, 415),
    shot('a form of names', 'application/x-www-form-urlencoded', 'file=x', 415),
    shot('a picture said to be gzip', 'image/png', png, 415, { 'content-encoding': 'gzip' }),
    shot('a picture in gzip', 'image/png', gzipSync(png), 415, { 'content-encoding': 'gzip' }),
    shot('nothing', 'image/png', '', 422),
    shot('text said to be a picture', 'image/png', 'hello', 415),
    shot('a page said to be a picture', 'image/jpeg', '<html><script>alert(1)</script>', 415),
    shot('half a picture', 'image/png', png.subarray(0, png.length / 2), 415),
    shot('bytes', 'application/octet-stream', Buffer.alloc(10_000, 7), 415),
    shot('far too much', 'image/png', large, 413),
    shot('far too much in chunks', 'image/png', large, 413, { 'transfer-encoding': 'chunked' }),
    shot('a form without a boundary', 'multipart/form-data', file('x.png'), 400),
    asForm('a form that is none', 'hello', 400),
    asForm('a form that ends too early', file('x.png').subarray(0, -20), 400),
    asForm('a form with nothing in it', form(), 422),
    asForm('a form with an empty file', file('x.png', ''), 422),
    asForm('a file in another field', form(['picture', 'x.png', 'image/png', png]), 422),
    asForm(
      'a field beside the file',
      form(['file', 'x.png', 'image/png', png], ['note', null, null, 'x']),
      422,
    ),
    asForm('two files', form(['file', 'x.png', 'image/png', png], ['file', 'y.png', 'image/png', png]), 422),
    asForm(
      'many fields',
      form(
        ...Array.from({ length: 50 }, (_, n) => [`f${n}`, null, null, 'x'] as [string, null, null, string]),
      ),
      422,
    ),
    asForm('a field of a name that reaches a prototype', form(['__proto__', 'x.png', 'image/png', png]), 422),
    asForm('a long field', form(['file', null, null, 'x'.repeat(100_000)]), 413),
    asForm('a file of text', file('x.png', 'hello'), 415),
    asForm('a file that is too large', file('x.png', large), 413),
    asForm('a file that is too large in chunks', file('x.png', large), 413, {
      'transfer-encoding': 'chunked',
    }),
  ];
}

const bomb = gzipSync(`[${' '.repeat(16 * 1024 * 1024)}]`);

const withBytes = (text: string, bytes: number[]) => {
  const [before = '', after = ''] = text === '{}' ? ['{"x":"', '"}'] : [text.slice(0, 2), text.slice(2)];
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
};

const emptyOnes: [what: string, body: string, headers: typeof JSON_TYPE][] = [
  ['an empty body', '', JSON_TYPE],
  ['an empty body of no type', '', {} as typeof JSON_TYPE],
  ['an empty body in chunks', '', { ...JSON_TYPE, 'transfer-encoding': 'chunked' } as typeof JSON_TYPE],
  ['an empty object', '{}', JSON_TYPE],
];

const malformed: [what: string, body: string][] = [
  ['an open brace', '{'],
  ['blanks', '   '],
  ['no value', '{"name":}'],
  ['single quotes', "{'name':'x'}"],
  ['a comma too many', '{"name":"x",}'],
  ['a comment', '{"name":"x"/* y */}'],
  ['NaN', '{"name":NaN}'],
  ['undefined', 'undefined'],
  ['a hexadecimal number', '{"version":0x1}'],
  ['a number with a leading zero', '{"version":01}'],
  ['a control character in a string', '{"name":"a\u0001b"}'],
  ['NUL', '\0'],
  ['two bodies', '{}{}'],
  ['XML', '<?xml version="1.0"?><x/>'],
  ['a hundred thousand open brackets', '['.repeat(100_000)],
];

const wrongWholes: [what: string, body: string][] = [
  ['an array', '[]'],
  ['an array of an object', '[{}]'],
  ['a string', '"x"'],
  ['a number', '5'],
  ['1e999', '1e999'],
  ['true', 'true'],
  ['null', 'null'],
  ['arrays a hundred thousand deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['objects ten thousand deep', `${'{"x":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  [
    'ten thousand fields',
    JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i]))),
  ],
  ['a prototype', '{"__proto__":{"isAdmin":true}}'],
  ['an escaped prototype', '{"__proto\\u005f_":{"isAdmin":true}}'],
];

/** What is not an id, encoded for a path. */
const notIds: [what: string, segment: string][] = [
  ['a word', 'abc'],
  ['a number', '1'],
  ['an id too short', '0190a000-0000-7000-8000-00000000000'],
  ['an id in braces', '%7B0190a000-0000-7000-8000-000000000000%7D'],
  ['an id and a blank', '0190a000-0000-7000-8000-000000000000%20'],
  ['NUL', '%00'],
  ['an id and NUL', '0190a000-0000-7000-8000-000000000000%00'],
  ['encoded slashes', '%2Fetc%2Fpasswd'],
  ['dots', '..%2F..%2Fauth%2Fprofile'],
  ['a quote', "'%20OR%20'1'='1"],
  ['5,000 characters', 'a'.repeat(5_000)],
  ['what is no UTF-8', '%ff%fe'],
  ['a broken escape', '%zz'],
  ['half a surrogate pair', '%ed%a0%80'],
  ['__proto__', '__proto__'],
  ['a star', '*'],
];
const nobodysIds = [
  '0190a000-0000-7000-8000-000000000000',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
];

/** Ids in the path that are none, nobody's, or another shop's; the rest of the request is right. */
export function wrongPaths(route: Route, request: ValidRequest, elsewhere: ValidRequest): Shot[] {
  const { params = {}, query } = request;
  const others = elsewhere.params ?? {};
  const shot = (what: string, changed: Record<string, string>, pointer?: string): Shot => ({
    what,
    method: route.method.toUpperCase(),
    path: urlOf(route, { ...params, ...changed }, query),
    ...contentOf(request),
    statuses: [404],
    ...(pointer === undefined ? {} : { pointer }),
  });
  const names = Object.keys(params);
  const all = names.length === 0 ? [] : [shot("all ids another shop's", others)];
  const each = names.flatMap((name) => [
    ...notIds.map(([what, id]) => shot(`${name}: ${what}`, { [name]: id }, `/path/${name}`)),
    ...nobodysIds.map((id) => shot(`${name}: nobody's id`, { [name]: id })),
    shot(`${name}: another shop's id`, { [name]: others[name] as string }),
    shot(`${name}: nothing`, { [name]: '' }),
  ]);
  return [...all, ...each];
}
