import type { Context, Middleware } from 'koa';
import type { Log } from '../../app.ts';
import { loggedPath } from '../logged-path.ts';

/**
 * One line a request: never a body, a query, a header or a path that is none of ours, for those may hold secrets. `onAnswer`
 * gets the same time, not rounded.
 */
export const accessLog =
  (log: Log, onAnswer: (ctx: Context, ms: number) => void = () => {}): Middleware =>
  async (ctx, next) => {
    const start = performance.now();
    await next();
    const took = performance.now() - start;
    onAnswer(ctx, took);
    if (!log.isLevelEnabled('debug')) return;
    const { method, status } = ctx;
    const ms = Math.round(took);
    log.debug({ requestId: ctx.state.requestId, method, path: loggedPath(ctx), status, ms }, 'request');
  };
