import type { Context } from 'koa';
import { fieldProblem } from '../contract/problem.ts';
import { IDEMPOTENCY_KEY_PATTERN, type Route } from '../contract/route.ts';

/**
 * The `Idempotency-Key` of a request to a route that takes one; undefined without it. Other routes ignore it, so that
 * clients that send one with every request can sign in. Throws `invalid_request`.
 */
export function idempotencyKeyOf({ repeat }: Route, ctx: Context): string | undefined {
  const key = ctx.req.headers['idempotency-key'];
  if (repeat !== 'key' || key === undefined) return undefined;
  if (typeof key === 'string' && IDEMPOTENCY_KEY_PATTERN.test(key)) return key;
  const detail = 'is not one text of 1 to 200 letters, digits and signs without blanks, such as a UUID';
  throw fieldProblem('invalid_request', '/header/Idempotency-Key', detail);
}
