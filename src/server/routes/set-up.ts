import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { register as contract } from '../../contract/auth.ts';
import { ProblemError } from '../../contract/problem.ts';
import { register } from '../../core/auth/register.ts';
import { isClaimed } from '../../core/shops/claim-installation.ts';
import { formReader } from '../body.ts';
import type { Asker } from '../middleware/refusals.ts';
import { reachedBy } from '../pages/addresses.ts';
import { sendPage } from '../pages/page.ts';
import { readFields } from '../pages/set-up-body.ts';
import { setUpDonePage, setUpPage } from '../pages/set-up-page.ts';
import type { Trust } from './trust.ts';

/** Twice that of JSON: a form writes each byte of a letter that is not Latin as three. */
const MAX_FORM_BYTES = 16 * 1024;

/**
 * Set-up in a browser, by the one-use token that `start` prints: `register` as a form. The token proves who sends it; there is no
 * cookie that another site's page could use.
 */
export function mountSetUp(router: Router, app: App, trust: Trust | undefined): void {
  const readForm = formReader(MAX_FORM_BYTES);

  router.get('/set-up', async (ctx) => {
    const reached = reachedBy(ctx, trust);
    const isDone = await isClaimed(app.orm.em.fork());
    sendPage(ctx, isDone ? setUpDonePage(reached) : setUpPage(reached));
  });

  router.post('/set-up', async (ctx) => {
    const reached = reachedBy(ctx, trust);
    const em = app.orm.em.fork();
    ctx.state.asker = { route: contract.name, shopId: null, actor: null, hasShop: false } satisfies Asker;
    let values: Record<string, string> = {};
    ctx.state.problemPage = (problem: ProblemError) => setUpPage(reached, { values, problem });
    values = await readForm(ctx);
    try {
      const { body, settings } = readFields(values);
      await register({ app, em, actor: null }, body, ctx.ip, settings);
    } catch (error) {
      const isRefused = error instanceof ProblemError && error.code === 'setup_refused';
      if (isRefused && (await isClaimed(em))) return sendPage(ctx, setUpDonePage(reached), 403);
      throw error;
    }
    // A page of its own: reloading it sends no password again.
    ctx.status = 303;
    ctx.redirect('/set-up');
  });
}
