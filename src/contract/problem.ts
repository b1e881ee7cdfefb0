/** Every problem that the API answers, in one table: code, HTTP status, title. RFC 9457. */
export const problems = {
  bad_request: { status: 400, title: 'The request is not HTTP as it should be' },
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_request: { status: 422, title: 'Some fields are not right' },
  unsupported_media_type: { status: 415, title: 'The body is of another type than this address takes' },
  image_refused: { status: 415, title: 'The picture can not be used' },
  not_acceptable: { status: 406, title: 'This answer has no such format' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  range_not_satisfiable: { status: 416, title: 'The file has no such part' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  wrong_credentials: { status: 401, title: 'E-mail, password or PIN is wrong' },
  host_refused: { status: 421, title: 'This server does not go by that name' },
  origin_refused: { status: 403, title: 'Pages of that site may not use this server' },
  forbidden: { status: 403, title: 'Your role may not do this' },
  approval_needed: { status: 403, title: 'A manager has to allow this' },
  device_refused: { status: 403, title: 'This device may not be used' },
  pairing_refused: { status: 403, title: 'The pairing code is not valid' },
  approval_refused: { status: 403, title: 'The approval is not valid' },
  setup_refused: { status: 403, title: 'The setup token is not valid' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'This address has no such method' },
  already_exists: { status: 409, title: 'Already taken' },
  two_articles: { status: 409, title: 'Two articles have this code' },
  version_conflict: { status: 409, title: 'Somebody else changed it first' },
  idempotency_conflict: { status: 409, title: 'Another request has this Idempotency-Key' },
  shop_has_orders: { status: 409, title: 'The shop has sold already' },
  order_conflict: { status: 409, title: 'Another order has this id or number' },
  order_open: { status: 409, title: 'The order is not sold yet' },
  order_closed: { status: 409, title: 'The order can no longer be changed' },
  day_closed: { status: 409, title: 'The day or the shift is closed' },
  order_status: { status: 409, title: 'The order can not take this status' },
  refund_conflict: { status: 409, title: 'Another refund has this id' },
  refund_too_large: { status: 409, title: 'More than is left of the bill' },
  shift_open: { status: 409, title: 'The drawer has an open shift' },
  shift_closed: { status: 409, title: 'The shift is closed' },
  shift_conflict: { status: 409, title: 'Another shift or cash movement has this id' },
  lease_refused: { status: 409, title: 'No numbers can be lent now' },
  lease_conflict: { status: 409, title: 'Another lease has this id' },
  total_mismatch: { status: 409, title: "The till's total differs from the server's" },
  out_of_stock: { status: 409, title: 'Not enough stock' },
  unknown_product: { status: 422, title: 'A product of the order can not be sold' },
  invalid_payment: { status: 422, title: 'The payment does not fit the bill' },
  amount_too_large: { status: 422, title: 'The amount is too large' },
  too_many_requests: { status: 429, title: 'Too much at once' },
  too_busy: { status: 503, title: 'The server is busy, try again shortly' },
  unavailable: { status: 503, title: 'The database can not be used now' },
  images_unavailable: { status: 503, title: 'Pictures can not be had or kept now' },
  internal: { status: 500, title: 'Something went wrong' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/**
 * One fault in a request: `pointer` is a JSON pointer into the body, or `/path/<name>`, `/query/<name>`,
 * `/header/<name>`.
 */
export type Fault = { pointer: string; detail: string };

/** What the wire carries as `application/problem+json`. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance?: string;
  errors?: Fault[];
  [extra: string]: unknown;
};

/**
 * Thrown by actions, turned into an answer by the server and into an exit code by the command line.
 * `detail` is a sentence for the person who reads it; `extra` members go into the answer as they are.
 */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly detail: string | undefined;
  readonly errors: Fault[] | undefined;
  readonly extra: Record<string, unknown>;

  constructor(
    code: ProblemCode,
    options: { detail?: string; errors?: Fault[]; extra?: Record<string, unknown> } = {},
  ) {
    super(options.detail ?? problems[code].title);
    this.name = 'ProblemError';
    this.code = code;
    this.detail = options.detail;
    this.errors = options.errors;
    this.extra = options.extra ?? {};
  }
}

/** A problem as the wire has it; `instance` names the request. */
export function problemBody({ code, detail, errors, extra }: ProblemError, instance?: string): Problem {
  const { status, title } = problems[code];
  return {
    type: `urn:smoocho:problem:${code}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(instance === undefined ? {} : { instance }),
    ...(errors === undefined ? {} : { errors }),
    ...extra,
  };
}

/** A problem for one field, the most usual kind. `detail` goes on from the field's name, or is a sentence of its own. */
export function fieldProblem(code: ProblemCode, pointer: string, detail: string): ProblemError {
  const fault = { pointer, detail };
  return new ProblemError(code, { detail: sentenceOf(fault), errors: [fault] });
}

/** Whether a detail is a sentence of its own, which begins with a capital, a figure or what was typed; others go on from a name. */
export const isSentence = (detail: string) => /^[\p{Lu}\d"]/u.test(detail);

/**
 * A fault as a sentence: `/items/0/quantity`, "is missing" → "The quantity of item 1 is missing.", `/items` → "The items are
 * missing."
 */
export function sentenceOf({ pointer, detail }: Fault): string {
  const text = isSentence(detail)
    ? detail
    : `The ${nameOf(pointer)} ${isPlural(pointer) ? inPlural(detail) : detail}`;
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Innermost first; of an index and its list, "item 1". */
function nameOf(pointer: string): string {
  const keys = pointer.split('/').slice(1);
  const parts: string[] = [];
  for (let i = keys.length - 1; i >= 0; i -= 1) {
    const key = keys[i] as string;
    const list = keys[i - 1];
    if (/^\d+$/.test(key) && list) {
      parts.push(`${singularOf(wordsOf(list))} ${Number(key) + 1}`);
      i -= 1;
    } else if (key !== 'query' && key !== 'path' && key !== 'header') {
      parts.push(wordsOf(key));
    }
  }
  return parts.join(' of ') || 'body';
}

/** Field names are regular: items, classes, categories; status and address are singular. */
const singularOf = (name: string) =>
  name
    .replace(/ies$/, 'y')
    .replace(/(ss|x|ch|sh)es$/, '$1')
    .replace(/(?<=[^su])s$/, '');

const isPlural = (pointer: string) => {
  const key = pointer.split('/').at(-1) ?? '';
  return singularOf(key) !== key;
};

const PLURALS: Record<string, string> = { is: 'are', has: 'have', was: 'were', goes: 'go', stands: 'stand' };
const inPlural = (detail: string) => detail.replace(/^\w+/, (verb) => PLURALS[verb] ?? verb);

/** Fields whose names are no things, and can't stand after "the". */
const PREPOSITIONS = new Set(['from', 'to', 'since', 'until', 'after', 'before', 'at', 'on', 'by']);

const wordsOf = (key: string) =>
  PREPOSITIONS.has(key)
    ? `value of ${key}`
    : key.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
