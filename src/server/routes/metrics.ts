import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { ProblemError } from '../../contract/problem.ts';
import { METRICS_PATH } from '../metrics/route-label.ts';

/** What is left of `/metrics` for those who may not read it: their requests are counted like all others before they come here. */
export function mountMetrics(router: Router, { config }: Pick<App, 'config'>): void {
  router.get(METRICS_PATH, async () => {
    if (config.metricsToken === undefined) {
      throw new ProblemError('not_found', { detail: 'There is nothing at this address.' });
    }
    const detail = 'Send the token of the metrics: Authorization: Bearer …';
    throw new ProblemError('unauthenticated', { detail });
  });
}
