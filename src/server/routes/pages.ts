import { setTimeout as sleep } from 'node:timers/promises';
import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { isClaimed } from '../../core/shops/claim-installation.ts';
import { reachedBy } from '../pages/addresses.ts';
import { homePage, type SetUpProgress } from '../pages/home-page.ts';
import { sendPage } from '../pages/page.ts';
import { pairPage } from '../pages/pair-page.ts';
import type { Trust } from './trust.ts';

/** However many open the page, the database is asked once in this time. */
const LOOK_EVERY_MS = 500;
/** Somebody waits in front of a browser. */
const ANSWER_MS = 2_000;

/** The pages for whoever opens the server in a browser. Nobody signs in for them. */
export function mountPages(router: Router, app: App, trust: Trust | undefined): void {
  let looked = { at: Number.NEGATIVE_INFINITY, state: Promise.resolve<SetUpProgress>('unknown') };
  const stateNow = (): Promise<SetUpProgress> => {
    const at = performance.now();
    if (at - looked.at >= LOOK_EVERY_MS) looked = { at, state: lookWithin(app) };
    return looked.state;
  };

  router.get('/', async (ctx) => sendPage(ctx, homePage(await stateNow(), reachedBy(ctx, trust))));

  router.get('/pair', async (ctx) => sendPage(ctx, pairPage(reachedBy(ctx, trust))));
}

async function lookWithin(app: App): Promise<SetUpProgress> {
  const asked = isClaimed(app.orm.em.fork()).then(
    (isDone) => (isDone ? 'done' : 'open'),
    () => 'unknown' as const,
  );
  return await Promise.race([asked, sleep(ANSWER_MS, 'unknown' as const, { ref: false })]);
}
