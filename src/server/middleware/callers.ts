import type { Middleware } from 'koa';
import type { Callers } from '../edge/callers.ts';

/** Who calls, as `ctx.state.caller`; `ctx.ip` is their address from here on, whatever their headers say. */
export const knowCaller =
  (callers: Callers): Middleware =>
  async (ctx, next) => {
    ctx.state.caller = callers.of(ctx.req);
    ctx.request.ip = ctx.state.caller.address;
    await next();
  };
