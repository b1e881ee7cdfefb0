import { setTimeout as sleep } from 'node:timers/promises';
import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { isClaimed } from '../../core/shops/claim-installation.ts';
import { reachedBy } from '../pages/addresses.ts';
import { homePage, type SetUpState } from '../pages/home-page.ts';
import { sendPage } from '../pages/page.ts';
import { pairPage } from '../pages/pair-page.ts';
import type { Trust } from './trust.ts';

/** Somebody waits in front of a browser. */
const LOOK_MS = 2_000;

/** The pages for whoever opens the server in a browser. Nobody signs in for them. */
export function mountPages(router: Router, app: App, trust: Trust | undefined): void {
  let isSetUp = false;
  const lookUp = async (): Promise<SetUpState> => {
    // Once there is an owner, there always is one.
    isSetUp ||= await isClaimed(app.orm.em.fork());
    return isSetUp ? 'done' : 'open';
  };
  const stateNow = async () =>
    await Promise.race([
      lookUp().catch(() => 'unknown' as const),
      sleep(LOOK_MS, 'unknown' as const, { ref: false }),
    ]);

  router.get('/', async (ctx) => sendPage(ctx, homePage(await stateNow(), reachedBy(ctx, trust))));

  router.get('/pair', async (ctx) => sendPage(ctx, pairPage(reachedBy(ctx, trust))));
}
