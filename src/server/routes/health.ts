import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type Router from '@koa/router';
import { type App, troubleOf } from '../../app.ts';
import type { Troubles } from '../trouble.ts';

export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Nobody is counted here: however many ask, the database is asked once in this time. */
const LOOK_EVERY_MS = 500;
/** Together with the interval above, trouble shows within two seconds. */
const ANSWER_MS = 1_400;

/** For watchdogs and load balancers: does it run, and can it sell. */
export function mountHealth(router: Router, app: App, troubles: Troubles): void {
  let looked = { at: Number.NEGATIVE_INFINITY, trouble: Promise.resolve<string | undefined>(undefined) };
  const troubleNow = (): Promise<string | undefined> => {
    const at = performance.now();
    if (at - looked.at >= LOOK_EVERY_MS) looked = { at, trouble: lookWithin(app) };
    return looked.trouble;
  };

  router.get('/healthz', async (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    const [found, disk] = await Promise.all([troubleNow(), diskLevel(app)]);
    const { names, level, missingSince } = app.standby.state();
    const missing = missingSince ? 'the synchronous standby of the database is missing' : undefined;
    const trouble = found ?? missing ?? troubles.current();
    ctx.status = trouble ? 503 : 200;
    ctx.body = {
      status: trouble ?? 'ready',
      details: {
        synchronousStandby: { names, level, missingSince },
        replica: app.replica?.state() ?? null,
        // A low disk takes no server away from its tills: it still sells, and there may be no other.
        disk,
      },
    };
  });
}

const SILENT = 'the database does not answer';

/** The trouble of the database, found within a timeout; undefined when it answers. */
async function lookWithin(app: App): Promise<string | undefined> {
  const asked = app.askDatabase(ANSWER_MS).then(
    () => undefined,
    (error) => troubleOf(error)?.what ?? SILENT,
  );
  const late = async () => {
    await sleep(ANSWER_MS, undefined, { ref: false });
    // After a blocked event loop, responses that came meanwhile are read first.
    await setImmediate();
    const { free, waiting } = app.pool();
    return waiting > 0 && free === 0 ? 'every connection to the database is in use' : SILENT;
  };
  return await Promise.race([asked, late()]);
}

/** A hanging disk must not delay the response. */
const diskLevel = (app: App) =>
  Promise.race([
    app.disk.look().then(({ level }) => level ?? 'ok'),
    sleep(ANSWER_MS, 'silent' as const, { ref: false }),
  ]);
