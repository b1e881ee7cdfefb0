import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type Router from '@koa/router';
import { type App, troubleOf } from '../../app.ts';
import type { Troubles } from '../trouble.ts';

export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Nobody is counted here: however many ask, the database is asked once in this time. */
const LOOK_EVERY_MS = 500;
/** With the above, trouble shows within two seconds. */
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

/** What is wrong with the database, within a time; undefined when it answers. */
async function lookWithin(app: App): Promise<string | undefined> {
  const asked = app.askDatabase(ANSWER_MS).then(
    () => undefined,
    (error) => troubleOf(error)?.what ?? SILENT,
  );
  const late = async () => {
    await sleep(ANSWER_MS, undefined, { ref: false });
    // A process that was held up reads first what came meanwhile.
    await setImmediate();
    const { free, waiting } = app.pool();
    return waiting > 0 && free === 0 ? 'every connection to the database is in use' : SILENT;
  };
  return await Promise.race([asked, late()]);
}

/** A disk that hangs is no reason to answer late. */
const diskLevel = (app: App) =>
  Promise.race([
    app.disk.look().then(({ level }) => level ?? 'ok'),
    sleep(ANSWER_MS, 'silent' as const, { ref: false }),
  ]);
