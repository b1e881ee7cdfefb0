import type { Middleware } from 'koa';
import type { HostCheck } from '../edge/names.ts';
import { HEALTH_PATHS } from '../routes/health.ts';

/** Refuses who calls this server by a name that is not its own. */
export const hosts =
  (check: HostCheck): Middleware =>
  async (ctx, next) => {
    const { httpVersion, headers } = ctx.req;
    // Watchdogs of proxies ask in HTTP/1.0, which knows no Host; browsers always send one.
    const isWatchdog = httpVersion === '1.0' && headers.host === undefined && HEALTH_PATHS.has(ctx.path);
    if (!isWatchdog) check(ctx.state.caller);
    await next();
  };
