import type { Context } from 'koa';
import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { PoolState } from '../../app.ts';
import { methodLabel, routeLabel } from './route-label.ts';

/** What one process counts, as it goes to the one that answers for all. */
export type Snapshot = MetricObjectWithValues<MetricValue<string>>[];

/** A sale takes 5 to 50 ms, a report a second; a statement is given up after 15. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Milliseconds in one process, tens of them through Redis, a second where only the poll sees it. */
const FEED_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

type Sources = {
  pool(): PoolState;
  feed: { sockets(): number; lagMs(): number };
};

export type ProcessMetrics = {
  countRequest(ctx: Context, ms: number): void;
  /** An event that was handed to the sockets so long after it was made. */
  countEvent(ms: number): void;
  snapshot(): Promise<Snapshot>;
};

/** Node's own figures: one set a process, however many servers a test starts in it. */
let ofNode: Registry | undefined;
function nodeRegistry(): Registry {
  if (!ofNode) {
    ofNode = new Registry();
    collectDefaultMetrics({ register: ofNode });
    const startedAt = Math.round(Date.now() / 1000 - process.uptime());
    new Gauge({
      name: 'smoocho_start_time_seconds',
      help: 'When the process was started that was started last, in seconds since 1970.',
      aggregator: 'max',
      registers: [ofNode],
    }).set(startedAt);
  }
  return ofNode;
}

/** Counts what this process does. Of several processes these are added up, unless `aggregator` says otherwise. */
export function createProcessMetrics(sources: () => Sources): ProcessMetrics {
  const register = new Registry();
  const registers = [register];
  const requests = new Counter({
    name: 'smoocho_http_requests_total',
    help: 'Requests that were answered, by the name of their route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'smoocho_http_request_duration_seconds',
    help: 'From the headers of a request to those of its answer.',
    labelNames: ['route'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const events = new Histogram({
    name: 'smoocho_feed_delay_seconds',
    help: 'From an event to the moment at which the sockets of its shop were sent it.',
    buckets: FEED_SECONDS,
    registers,
  });
  addGauges(register, sources);
  return {
    countRequest(ctx, ms) {
      // Taken over by the live feed: it goes on after this.
      if (ctx.respond === false) return;
      const route = routeLabel(ctx);
      requests.inc({ route, method: methodLabel(ctx.method), status: ctx.status });
      durations.observe({ route }, ms / 1000);
    },
    // Clocks of two machines differ by some milliseconds.
    countEvent: (ms) => events.observe(Math.max(0, ms) / 1000),
    snapshot: () => Registry.merge([nodeRegistry(), register]).getMetricsAsJSON(),
  };
}

function addGauges(register: Registry, sources: () => Sources): void {
  const gauge = (name: string, help: string, read: () => number, aggregator: 'sum' | 'max' = 'sum') =>
    new Gauge({
      name,
      help,
      aggregator,
      registers: [register],
      collect() {
        this.set(read());
      },
    });
  const pool = () => sources().pool();
  new Gauge({
    name: 'smoocho_database_connections',
    help: 'Connections to the database that are open, in use or free.',
    labelNames: ['state'],
    registers: [register],
    collect() {
      this.set({ state: 'used' }, pool().used);
      this.set({ state: 'free' }, pool().free);
    },
  });
  gauge('smoocho_database_connections_max', 'Connections that may be open.', () => pool().most);
  gauge('smoocho_database_waiting', 'Statements that wait for a free connection.', () => pool().waiting);
  gauge('smoocho_sockets', 'Devices that are connected to the live feed.', () => sources().feed.sockets());
  gauge(
    'smoocho_feed_lag_seconds',
    'How long ago it was last known, of the feed that is furthest behind, that its sockets had been sent all there is.',
    () => sources().feed.lagMs() / 1000,
    'max',
  );
}
