import type { Middleware } from 'koa';
import { securityHeadersFor } from '../edge/headers.ts';

export const securityHeaders: Middleware = async (ctx, next) => {
  ctx.set(securityHeadersFor(ctx.state.caller.protocol));
  await next();
};
