import type { Context } from 'koa';
import { fieldProblem } from '../contract/problem.ts';
import { type Route, takesVersion } from '../contract/route.ts';

const POINTER = '/header/If-Match';

/**
 * Returns the body with the version of `If-Match` as its `version`. Throws `invalid_request` for a condition that can't be
 * checked: ignoring it would let the change overwrite another one.
 */
export function withIfMatch(route: Route, ctx: Context, body: unknown): unknown {
  const header = ctx.req.headers['if-match'];
  if (header === undefined || route.method === 'get' || route.permission === 'nobody') return body;
  if (!takesVersion(route)) {
    throw refused('What this address changes has no version to match. Leave If-Match out.');
  }
  const version = versionOf(header);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { version: own } = body as { version?: unknown };
  if (own === undefined) return { ...body, version };
  if (typeof own === 'number' && own !== version) {
    throw refused(`If-Match is for version ${version}, the body for version ${own}. Send one of them.`);
  }
  return body;
}

const refused = (detail: string) => fieldProblem('invalid_request', POINTER, detail);

/** At most ten digits; the schema has the exact bound. */
const TAG = /^"([1-9]\d{0,9})"$/;

function versionOf(header: string): number {
  const version = TAG.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  if (header.trim() === '*') {
    throw refused('If-Match: * names no version. Leave it out to change whatever is there.');
  }
  if (/^\s*W\//.test(header)) {
    throw refused('If-Match takes no weak tag (RFC 9110 §13.1.1). Send the version alone, like "3".');
  }
  throw refused('If-Match takes one version in quotes, as ETag says it, like "3".');
}

/** The version of a response as an ETag, for `If-Match`. */
export function tagOf(body: unknown): Record<string, string> {
  const { version } = (typeof body === 'object' && body !== null ? body : {}) as { version?: unknown };
  return typeof version === 'number' ? { ETag: `"${version}"` } : {};
}
