import type { Middleware } from 'koa';
import type { Log } from '../../app.ts';

/** One line a request: never a body, a query or a header, for those hold secrets. */
export const accessLog =
  (log: Log): Middleware =>
  async (ctx, next) => {
    const start = performance.now();
    await next();
    const { method, path, status } = ctx;
    const ms = Math.round(performance.now() - start);
    log.debug({ requestId: ctx.state.requestId, method, path, status, ms }, 'request');
  };
