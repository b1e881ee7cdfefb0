import type { Middleware } from 'koa';
import type { Log } from '../../app.ts';
import { loggedPath } from '../logged-path.ts';

/** One line a request: never a body, a query, a header or a path that is none of ours, for those may hold secrets. */
export const accessLog =
  (log: Log): Middleware =>
  async (ctx, next) => {
    const start = performance.now();
    await next();
    const { method, status } = ctx;
    const ms = Math.round(performance.now() - start);
    log.debug({ requestId: ctx.state.requestId, method, path: loggedPath(ctx), status, ms }, 'request');
  };
