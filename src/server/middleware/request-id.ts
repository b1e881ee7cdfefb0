import type { Middleware } from 'koa';
import { v7 as uuidv7 } from 'uuid';
import { withRequestId } from '../../app.ts';

/** Names each request, so that an answer, a log line and a call for help speak of the same one. */
export const requestId: Middleware = async (ctx, next) => {
  ctx.state.requestId = uuidv7();
  ctx.set('X-Request-Id', ctx.state.requestId);
  await withRequestId(ctx.state.requestId, next);
};
