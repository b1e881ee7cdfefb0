import { z } from 'zod';
import { collectSchemas } from './openapi-schemas.ts';
import { orderRequests } from './order-rules.ts';
import { type ProblemCode, problems } from './problem.ts';
import { IDEMPOTENCY_KEY_PATTERN, type Route, takesVersion } from './route.ts';
import { routes } from './routes.ts';
import type { JsonSchema } from './written.ts';

/** What a route without a body takes: nothing, or an object without fields. */
const NOTHING = z.strictObject({});

const Problem: JsonSchema = {
  type: 'object',
  description: 'RFC 9457; `detail` is a sentence for people, `instance` the request id.',
  properties: {
    type: { type: 'string', enum: Object.keys(problems).map(urnOf) },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string', description: 'Into the body, or `/path/…`, `/query/…`, `/header/…`.' },
          detail: { type: 'string' },
        },
        required: ['pointer', 'detail'],
        additionalProperties: false,
      },
    },
    instead: {
      type: 'object',
      description: 'Of a refused action on an order: the action that works.',
      properties: {
        action: { type: 'string', enum: Object.keys(orderRequests) },
        method: { type: 'string' },
        path: { type: 'string' },
      },
      required: ['action', 'method', 'path'],
      additionalProperties: false,
    },
  },
  required: ['type', 'title', 'status'],
};

function urnOf(code: string): string {
  return `urn:smoocho:problem:${code}`;
}

/** What any request may be answered, whatever it asks for. */
const ALWAYS: readonly ProblemCode[] = [
  'bad_request',
  'request_timeout',
  'headers_too_large',
  'method_not_allowed',
  'host_refused',
  'origin_refused',
  'invalid_request',
  'too_many_requests',
  'internal',
  'too_busy',
  'unavailable',
];
const OF_BODIES: readonly ProblemCode[] = ['invalid_json', 'body_too_large', 'unsupported_media_type'];

/** Every problem that a route may answer with, each once. */
export function problemsOf(route: Route): ProblemCode[] {
  const readsToken = route.permission !== 'nobody' || route.tokenUnless !== undefined;
  const isForRole = route.permission !== 'nobody' && route.permission !== 'any';
  return [
    ...new Set<ProblemCode>([
      ...ALWAYS,
      ...(readsToken ? (['unauthenticated'] as const) : []),
      ...(isForRole ? (['forbidden'] as const) : []),
      ...(route.params ? (['not_found'] as const) : []),
      ...(route.method === 'get' ? [] : OF_BODIES),
      ...(route.repeat === 'key' ? (['idempotency_conflict'] as const) : []),
      ...route.problems,
    ]),
  ];
}

/** The whole API as OpenAPI 3.1, made from the route table. It takes tens of milliseconds: make it once. */
export function openApiDocument(version: string): Record<string, unknown> {
  const [input, output] = [collectSchemas('input'), collectSchemas('output')];
  for (const { params, query, body, responses } of routes) {
    for (const schema of [params, query, body]) if (schema) input.add(schema);
    for (const schema of Object.values(responses)) if (schema) output.add(schema);
  }
  input.add(NOTHING);
  const [requests, answers] = [input.write(), output.write()];
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, requests.of, answers.of) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Smoocho',
      version,
      summary: 'A point of sale that a shop owns',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...answers.components, ...requests.components, Problem },
      headers: HEADERS,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

type Written = (schema: z.ZodType) => JsonSchema;

const tagOf = ({ path }: Route) => /^\/api\/(?:shops\/:shopId\/)?(\w+)/.exec(path)?.[1] ?? 'api';

const CALLERS = {
  nobody: 'No token is needed.',
  any: 'For anybody who is signed in.',
  cashier: 'For cashiers, managers and owners of the shop.',
  manager: 'For managers and owners of the shop.',
  owner: 'For owners.',
};

function operationOf(route: Route, requests: Written, answers: Written): Record<string, unknown> {
  const parameters = [
    ...parametersOf('path', route.params && requests(route.params)),
    ...parametersOf('query', route.query && requests(route.query)),
    ...(takesVersion(route) ? [IF_MATCH] : []),
    ...(route.repeat === 'key' ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    operationId: route.name,
    tags: [tagOf(route)],
    summary: route.summary,
    description: CALLERS[route.permission],
    security: securityOf(route),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: requestBodyOf(route.body, requests) } : {}),
    ...(route.file ? { requestBody: fileBodyOf(route.file) } : {}),
    responses: { ...goodResponses(route, answers), ...problemResponses(route) },
  };
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description:
    'The same as `version` in the body: refused with 409 `version_conflict` if it is another one by now.',
  schema: { type: 'string', pattern: '^"[1-9]\\d{0,9}"$' },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same request under the same key is done once and answered the same, for 24 hours.',
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN.source },
};

function securityOf({ permission, tokenUnless }: Route): object[] {
  if (permission !== 'nobody') return [{ bearer: [] }];
  return tokenUnless === undefined ? [] : [{}, { bearer: [] }];
}

function parametersOf(where: 'path' | 'query', schema: JsonSchema | undefined): JsonSchema[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    ...(required.includes(name) ? { required: true } : {}),
    schema: property,
  }));
}

const requestBodyOf = (body: z.ZodType, requests: Written) => ({
  required: !body.safeParse({}).success,
  content: { 'application/json': { schema: requests(body) } },
});

const BYTES: JsonSchema = { type: 'string', format: 'binary' };

/** A file as the whole body, or as the one file of a form. */
const fileBodyOf = (types: readonly string[]) => {
  const form = {
    type: 'object',
    properties: { file: BYTES },
    required: ['file'],
    additionalProperties: false,
  };
  const alone = types.map((type) => [type, { schema: BYTES }]);
  return {
    required: true,
    content: { 'multipart/form-data': { schema: form }, ...Object.fromEntries(alone) },
  };
};

/** Descriptions of the statuses of a file response. */
const OF_FILES: Record<string, string> = {
  200: 'The file',
  206: 'The part of it that `Range` asks for',
  302: 'It is at `Location`',
  304: 'It is still the one of `If-None-Match`',
};

const fileResponses = (type: string, statuses: string[]): Record<string, unknown> =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: OF_FILES[status] ?? 'Done',
        headers: LIMIT_HEADERS,
        ...(status.startsWith('2') ? { content: { [type]: { schema: BYTES } } } : {}),
      },
    ]),
  );

function goodResponses(route: Route, answers: Written): Record<string, unknown> {
  const { responses, formats = [], answersWith } = route;
  if (answersWith) return fileResponses(answersWith, Object.keys(responses));
  const texts = formats.map((format) => [format, { schema: { type: 'string' } }]);
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => {
      if (!schema) return [status, { description: 'Done', headers: LIMIT_HEADERS }];
      const content = { 'application/json': { schema: answers(schema) }, ...Object.fromEntries(texts) };
      const hasVersion = schema instanceof z.ZodObject && 'version' in schema.shape;
      const headers = { ...LIMIT_HEADERS, ...(hasVersion ? { ETag } : {}) };
      return [status, { description: 'Done', headers, content }];
    }),
  );
}

/** draft-ietf-httpapi-ratelimit-headers-10 */
const HEADERS = {
  RateLimit: { description: 'What is left: `"session";r=99;t=2`', schema: { type: 'string' } },
  'RateLimit-Policy': { description: 'The limit: `"session";q=100;w=2`', schema: { type: 'string' } },
};
const LIMIT_HEADERS = Object.fromEntries(
  Object.keys(HEADERS).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);
const ETag = { description: 'The version, for `If-Match`: `"3"`', schema: { type: 'string' } };
const RETRY_AFTER = { description: 'Seconds to wait', schema: { type: 'integer', minimum: 1 } };

function headersOf(status: number): object {
  if (status !== 429 && status !== 503) return {};
  return { headers: { 'Retry-After': RETRY_AFTER, ...(status === 429 ? LIMIT_HEADERS : {}) } };
}

function problemResponses(route: Route): Record<string, unknown> {
  const codes = problemsOf(route);
  const statuses = [...new Set(codes.map((code) => problems[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = codes.filter((code) => problems[code].status === status);
      const type = { enum: ofStatus.map(urnOf) };
      const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { type } }] };
      const response = {
        description: ofStatus.map((code) => problems[code].title).join('; '),
        ...headersOf(status),
        content: { 'application/problem+json': { schema } },
      };
      return [status, response];
    }),
  );
}
