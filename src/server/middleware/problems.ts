import type { Context, Middleware } from 'koa';
import type { Log } from '../../app.ts';
import { ProblemError, problemBody } from '../../contract/problem.ts';
import { loggedPath } from '../logged-path.ts';
import { type Page, sendPage } from '../pages/page.ts';
import { problemPage, wantsPage } from '../pages/problem-page.ts';
import { type Troubles, unavailableProblem } from '../trouble.ts';

/** Turns what was thrown into an RFC 9457 answer, or a page for whoever reads it in a browser. An unknown fault is logged and answered with a bare 500. */
export const problemAnswers =
  (log: Log, troubles: Troubles): Middleware =>
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
      const { requestId } = ctx.state;
      const fields = { requestId, method: ctx.method, path: loggedPath(ctx) };
      const unavailable = unavailableProblem(error, { log, troubles, fields });
      if (unavailable) return answer(ctx, unavailable);
      log.error({ err: error, ...fields }, 'unknown fault');
      answer(ctx, new ProblemError('internal', { detail: 'The request id helps to find it in the log.' }));
    }
  };

function answer(ctx: Context, error: ProblemError): void {
  const body = problemBody(error, ctx.state.requestId);
  // A page with a form shows it again with what was typed; elsewhere, a browser gets a page and a program the problem.
  const show: ((error: ProblemError) => Page) | undefined = ctx.state.problemPage;
  const page = show?.(error) ?? (wantsPage(ctx) ? problemPage(error, ctx.state.requestId) : undefined);
  if (page) sendPage(ctx, page, body.status);
  else {
    ctx.status = body.status;
    ctx.body = JSON.stringify(body);
    ctx.type = 'application/problem+json';
  }
  if (error.code === 'unauthenticated') ctx.set('WWW-Authenticate', 'Bearer');
  if (error.code === 'too_busy' || error.code === 'unavailable') ctx.set('Retry-After', '5');
  if (error.code === 'images_unavailable') ctx.set('Retry-After', '30');
  if (error.code === 'too_many_requests') ctx.set('Retry-After', String(error.extra.retryAfter ?? 60));
}
