import type { Middleware } from 'koa';
import type { Caller } from '../edge/callers.ts';
import { securityHeadersFor } from '../edge/headers.ts';

export const securityHeaders: Middleware = async (ctx, next) => {
  const { protocol, isProxied } = ctx.state.caller as Caller;
  ctx.set(securityHeadersFor(isProxied ? protocol : null));
  await next();
};
