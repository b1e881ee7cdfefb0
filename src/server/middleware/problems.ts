import type { Context, Middleware } from 'koa';
import { isNoneFree, isUnavailable, isUnconfirmed, type Log } from '../../app.ts';
import { ProblemError, problemBody } from '../../contract/problem.ts';
import { loggedPath } from '../logged-path.ts';

/** Turns what was thrown into an RFC 9457 answer. An unknown fault is logged and answered with a bare 500. */
export const problemAnswers =
  (log: Log): Middleware =>
  async (ctx, next) => {
    try {
      await next();
      if (ctx.respond !== false && ctx.status === 404 && ctx.body === undefined) {
        throw new ProblemError('not_found', { detail: 'There is nothing at this address.' });
      }
      // 501 is for methods that are none of any address's.
      if ((ctx.status === 405 || ctx.status === 501) && ctx.body === undefined) {
        throw new ProblemError('method_not_allowed', { detail: 'This address has no such method.' });
      }
    } catch (error) {
      if (error instanceof ProblemError) return answer(ctx, error);
      if (isNoneFree(error)) {
        log.warn({ requestId: ctx.state.requestId }, 'no connection to the database came free');
        const detail = 'The server has more to do than it can. Try again in a few seconds.';
        return answer(ctx, new ProblemError('too_busy', { detail }));
      }
      if (isUnavailable(error)) {
        // Of a standby that is missing the log has an error of its own, once.
        const level = isUnconfirmed(error) ? 'warn' : 'error';
        log[level]({ err: error, requestId: ctx.state.requestId }, 'the database can not be used');
        return answer(ctx, new ProblemError('unavailable', { detail: unavailable(error) }));
      }
      log.error(
        { err: error, requestId: ctx.state.requestId, method: ctx.method, path: loggedPath(ctx) },
        'unknown fault',
      );
      answer(ctx, new ProblemError('internal', { detail: 'The request id helps to find it in the log.' }));
    }
  };

/** The change may be there in the end: whoever sends it again under its id has it once. */
const unavailable = (error: unknown) =>
  isUnconfirmed(error)
    ? 'The database confirms no change now: its standby is missing. Send the same again, with the same id, in a few seconds.'
    : 'The database can not be reached now. Send the same again, with the same id, in a few seconds.';

function answer(ctx: Context, error: ProblemError): void {
  const body = problemBody(error, ctx.state.requestId);
  ctx.status = body.status;
  ctx.body = JSON.stringify(body);
  ctx.type = 'application/problem+json';
  if (error.code === 'unauthenticated') ctx.set('WWW-Authenticate', 'Bearer');
  if (error.code === 'too_busy' || error.code === 'unavailable') ctx.set('Retry-After', '5');
  if (error.code === 'images_unavailable') ctx.set('Retry-After', '30');
  if (error.code === 'too_many_requests') ctx.set('Retry-After', String(error.extra.retryAfter ?? 60));
}
