import type { Middleware } from 'koa';
import type { OriginCheck } from '../edge/names.ts';

/** What a page of a listed origin may send and read, beside what any may. */
const METHODS = 'GET, POST, PUT, DELETE';
const REQUEST_HEADERS = 'Authorization, Content-Type, Idempotency-Key, If-Match';
const ANSWER_HEADERS = 'ETag, X-Request-Id, X-As-Of, Retry-After, RateLimit, RateLimit-Policy';
/** A browser asks again after ten minutes, so that a change of the list is soon known. */
const PREFLIGHT_SECONDS = '600';

/**
 * Refuses pages of other sites, and lets browsers show the answer to those that are listed (CORS). Without credentials:
 * there are no cookies, and a page that has no token gets nothing.
 */
export const origins =
  ({ check, isListed }: OriginCheck): Middleware =>
  async (ctx, next) => {
    ctx.vary('Origin');
    const { origin } = ctx.req.headers;
    check(origin, ctx.state.caller);
    if (origin === undefined || !isListed(origin)) return await next();
    ctx.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': ANSWER_HEADERS });
    if (ctx.method !== 'OPTIONS' || ctx.get('access-control-request-method') === '') return await next();
    ctx.set({
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': REQUEST_HEADERS,
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    });
    ctx.status = 204;
  };
