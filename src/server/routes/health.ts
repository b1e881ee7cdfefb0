import type Router from '@koa/router';
import type { App } from '../../app.ts';

export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Nobody is counted here: however many ask, the database is asked once in this time. */
const LOOK_EVERY_MS = 1_000;

/** For watchdogs and load balancers: does it run, and can it sell. */
export function mountHealth(router: Router, app: App): void {
  let looked = { at: Number.NEGATIVE_INFINITY, isReady: Promise.resolve(false) };
  const isReady = (): Promise<boolean> => {
    const at = performance.now();
    if (at - looked.at >= LOOK_EVERY_MS) looked = { at, isReady: app.orm.isConnected() };
    return looked.isReady;
  };

  router.get('/healthz', async (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    const [answers, disk] = await Promise.all([isReady(), app.disk.look()]);
    const { names, level, missingSince } = app.standby.state();
    ctx.status = answers && !missingSince ? 200 : 503;
    const selling = missingSince ? 'the synchronous standby of the database is missing' : 'ready';
    ctx.body = {
      status: answers ? selling : 'the database does not answer',
      details: {
        synchronousStandby: { names, level, missingSince },
        replica: app.replica?.state() ?? null,
        // A low disk takes no server away from its tills: it still sells, and there may be no other.
        disk: disk.level ?? 'ok',
      },
    };
  });
}
