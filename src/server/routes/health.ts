import type Router from '@koa/router';
import type { App } from '../../app.ts';

/** For watchdogs and load balancers: does it run, and can it sell. */
export function mountHealth(router: Router, app: App): void {
  router.get('/healthz', async (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    const isReady = await app.orm.isConnected();
    ctx.status = isReady ? 200 : 503;
    ctx.body = { status: isReady ? 'ready' : 'the database does not answer' };
  });
}
