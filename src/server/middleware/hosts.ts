import type { Middleware } from 'koa';
import type { HostCheck } from '../edge/names.ts';

/** Refuses who calls this server by a name that is not its own. */
export const hosts =
  (check: HostCheck): Middleware =>
  async (ctx, next) => {
    check(ctx.state.caller);
    await next();
  };
