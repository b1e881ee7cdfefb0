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
  let looked = { at: Number.NEGATIVE_INFINITY, found: Promise.resolve<Found>({}) };
  const lookNow = (): Promise<Found> => {
    const at = performance.now();
    if (at - looked.at >= LOOK_EVERY_MS) looked = { at, found: lookWithin(app) };
    return looked.found;
  };

  router.get('/healthz', async (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    const [found, disk] = await Promise.all([lookNow(), diskLevel(app)]);
    const { names, level, missingSince, isStandbySince } = app.standby.state();
    const missing = missingSince ? 'the synchronous standby of the database is missing' : undefined;
    const isStandby = found.isStandby ?? isStandbySince !== null;
    const trouble = found.trouble ?? (isStandby ? IS_STANDBY : undefined) ?? missing ?? troubles.current();
    ctx.status = trouble ? 503 : 200;
    ctx.body = {
      status: trouble ?? 'ready',
      details: {
        database: isStandby ? 'standby' : 'primary',
        synchronousStandby: { names, level, missingSince },
        replica: app.replica?.state() ?? null,
        // A low disk takes no server away from its tills: it still sells, and there may be no other.
        disk,
      },
    };
  });
}

const IS_STANDBY = 'the database is a standby, which takes no changes until it is promoted';
const SILENT = 'the database does not answer';

/** Why the database does not answer, as a clause, or what it answered. */
type Found = { trouble?: string; isStandby?: boolean };

async function lookWithin(app: App): Promise<Found> {
  const asked = app
    .askDatabase(ANSWER_MS)
    .catch((error): Found => ({ trouble: troubleOf(error)?.what ?? SILENT }));
  const late = async (): Promise<Found> => {
    await sleep(ANSWER_MS, undefined, { ref: false });
    // After a blocked event loop, responses that came meanwhile are read first.
    await setImmediate();
    const { free, waiting } = app.pool();
    return { trouble: waiting > 0 && free === 0 ? 'every connection to the database is in use' : SILENT };
  };
  return await Promise.race([asked, late()]);
}

/** A hanging disk must not delay the response. */
const diskLevel = (app: App) =>
  Promise.race([
    app.disk.look().then(({ level }) => level ?? 'ok'),
    sleep(ANSWER_MS, 'silent' as const, { ref: false }),
  ]);
