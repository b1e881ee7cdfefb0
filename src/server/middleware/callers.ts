import type { Middleware } from 'koa';
import type { Log } from '../../app.ts';
import type { Callers } from '../edge/callers.ts';

/** So many addresses are named in the log: whoever makes the header up from many is not worth more lines. */
const MAX_NAMED = 10;

/** Who calls, as `ctx.state.caller`; `ctx.ip` is their address from here on, whatever their headers say. */
export const knowCaller = (callers: Callers, log: Log): Middleware => {
  const named = new Set<string>();
  return async (ctx, next) => {
    ctx.state.caller = callers.of(ctx.req);
    ctx.request.ip = ctx.state.caller.address;
    if (ctx.req.headers['x-forwarded-for'] !== undefined) {
      const address = callers.addressOf(ctx.req.socket);
      if (!callers.isProxy(address) && !named.has(address) && named.size < MAX_NAMED) {
        named.add(address);
        log.warn(
          { address },
          'X-Forwarded-For of an address that trustedProxies does not name is not believed: all who come through it count as one',
        );
      }
    }
    await next();
  };
};
