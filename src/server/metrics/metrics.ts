import type { Context, Middleware } from 'koa';
import { AggregatorRegistry, Gauge, Registry } from 'prom-client';
import type { App } from '../../app.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { LiveFeed } from '../feed/sockets.ts';
import type { MetricsAccess } from './access.ts';
import { createInstallationMetrics } from './installation-metrics.ts';
import { createProcessMetrics, type Snapshot } from './process-metrics.ts';
import { METRICS_PATH } from './route-label.ts';

/**
 * What all processes of this machine count: `counted` of them answered, `silent` did not in time. Among the snapshots may be
 * one more, of what those counted that are silent or gone.
 */
export type Gathered = { snapshots: Snapshot[]; counted: number; silent: number };

/** Brings together what several processes count; each of them is asked for its own part by `own`. */
export type Gather = (own: () => Promise<Snapshot>) => () => Promise<Gathered>;

/** One process, which answers for itself alone. */
const alone: Gather = (own) => async () => ({ snapshots: [await own()], counted: 1, silent: 0 });

export type Metrics = {
  countRequest(ctx: Context, ms: number): void;
  countEvent(ms: number): void;
  /** The feed that it tells about; without one it has no sockets. */
  watch(feed: Pick<LiveFeed, 'sockets' | 'relay'>): void;
  /** All that there is, in the text format of Prometheus. Asked by many at once, it is made once. */
  text(): Promise<string>;
};

export function createMetrics(app: App, gather: Gather = alone): Metrics {
  let feed: Pick<LiveFeed, 'sockets' | 'relay'> | undefined;
  const ofProcess = createProcessMetrics(() => ({
    pool: app.pool,
    feed: { sockets: () => feed?.sockets() ?? 0, lagMs: () => feed?.relay.lagMs() ?? 0 },
  }));
  const ofInstallation = createInstallationMetrics(app);
  const gatherAll = gather(ofProcess.snapshot);
  const registry = new Registry();
  const processes = new Gauge({
    name: 'smoocho_processes',
    help: 'Processes that serve on this machine: those whose figures are in this answer, and those that did not give them in time.',
    labelNames: ['state'],
    registers: [registry],
  });
  const write = async (): Promise<string> => {
    const [{ snapshots, counted, silent }, installation] = await Promise.all([
      gatherAll(),
      ofInstallation.text(),
    ]);
    processes.set({ state: 'counted' }, counted);
    processes.set({ state: 'silent' }, silent);
    const summed = await AggregatorRegistry.aggregate(snapshots).metrics();
    return [summed, await registry.metrics(), installation].join('\n');
  };
  let writing: Promise<string> | undefined;
  return {
    ...ofProcess,
    watch(opened) {
      feed = opened;
    },
    text() {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      return writing;
    },
  };
}

/** Answers `/metrics` for whoever may read it, before requests are counted: a busy shop is looked at, too. */
export const metricsAnswers =
  (metrics: Pick<Metrics, 'text'>, mayRead: MetricsAccess, log: App['log']): Middleware =>
  async (ctx, next) => {
    const isScrape = ctx.path === METRICS_PATH && (ctx.method === 'GET' || ctx.method === 'HEAD');
    if (!isScrape || !mayRead(ctx.req)) return await next();
    try {
      ctx.body = await metrics.text();
      ctx.type = Registry.PROMETHEUS_CONTENT_TYPE;
    } catch (error) {
      log.error({ err: error, requestId: ctx.state.requestId }, 'the metrics could not be gathered');
      throw new ProblemError('too_busy', { detail: 'The metrics could not be gathered. See the log.' });
    }
  };
