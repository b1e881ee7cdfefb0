import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Router, { type RouterContext } from '@koa/router';
import Koa from 'koa';
import type { App } from '../app.ts';
import { openRefusals, type Refusals } from '../core/audit/refusals.ts';
import { startSealer } from '../core/audit/sealer.ts';
import { loadModules } from '../load-modules.ts';
import type { Certificates } from '../tls/certificates.ts';
import { loadBodyReader } from './body.ts';
import { type Edge, openEdge } from './edge/edge.ts';
import { feedRequests } from './feed/door.ts';
import { type LiveFeed, openFeed } from './feed/sockets.ts';
import { httpMaker, secureOptions, type Timeouts, usualTimeouts } from './http.ts';
import { CLOSE_TIMEOUT_MS, closerOf, listen, settledWithin } from './listen.ts';
import { metricsAccess } from './metrics/access.ts';
import { createMetrics, type Gather, type Metrics, metricsAnswers } from './metrics/metrics.ts';
import { accessLog } from './middleware/access-log.ts';
import { knowCaller } from './middleware/callers.ts';
import { hosts } from './middleware/hosts.ts';
import { limits } from './middleware/limits.ts';
import { origins } from './middleware/origins.ts';
import { problemAnswers } from './middleware/problems.ts';
import { recordRefusals } from './middleware/refusals.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { narrowAllow } from './mount.ts';
import { mountAttention } from './routes/attention.ts';
import { mountAudit } from './routes/audit.ts';
import { mountAuth } from './routes/auth.ts';
import { mountCustomers } from './routes/customers.ts';
import { mountDevices } from './routes/devices.ts';
import { mountEvents } from './routes/events.ts';
import { mountHealth } from './routes/health.ts';
import { mountImages } from './routes/images.ts';
import { mountInventory } from './routes/inventory.ts';
import { mountMetrics } from './routes/metrics.ts';
import { mountOpenApi } from './routes/openapi.ts';
import { mountOrders } from './routes/orders.ts';
import { mountPages } from './routes/pages.ts';
import { mountProducts } from './routes/products.ts';
import { mountReports } from './routes/reports.ts';
import { mountSetUp } from './routes/set-up.ts';
import { mountShifts } from './routes/shifts.ts';
import { mountShops } from './routes/shops.ts';
import { mountTrust, type Trust } from './routes/trust.ts';
import { mountUsers } from './routes/users.ts';
import { openTroubles } from './trouble.ts';
import { sweepUploads, uploadsFolder } from './uploads.ts';

type StartOptions = {
  reusePort?: boolean;
  timeouts?: Partial<Timeouts>;
  seals?: boolean;
  /** HTTPS beside HTTP, at the same address. */
  https?: { port: number; certificates: Certificates } | undefined;
  /** How the metrics of several processes come together. */
  gather?: Gather;
};

export type RunningServer = {
  host: string;
  port: number;
  /** The port of HTTPS, or why there is none; null if nobody asked for it. */
  https: { port: number } | { error: NodeJS.ErrnoException } | null;
  close(): Promise<void>;
};

/** Services shared by all requests. Tests omit those that they don't need. Without `trust`, there is no page about certificates. */
type Parts = {
  feed: LiveFeed;
  refusals?: Refusals;
  edge?: Edge;
  metrics?: Metrics;
  trust?: Trust | undefined;
};

/** A request ends within this time of its connection being cut, unless it waits for the database. */
const CUT_MS = 500;
/** What waits for the database for longer than this after CLOSE_TIMEOUT_MS fails at once; so does, this often, what comes after it. */
const BREAK_EVERY_MS = 2_000;

/** The Koa application: middleware in the order in which a request meets them, then the routes. */
export function createKoa(
  app: App,
  { feed, refusals = openRefusals(app), edge = openEdge(app), metrics = createMetrics(app), trust }: Parts,
): Koa {
  const koa = new Koa();
  const troubles = openTroubles();
  koa.use(knowCaller(edge.callers, app.log));
  koa.use(requestId);
  koa.use(accessLog(app.log, metrics.countRequest));
  koa.use(securityHeaders);
  koa.use(problemAnswers(app.log, troubles));
  koa.use(recordRefusals(refusals));
  koa.use(hosts(edge.checkHost));
  koa.use(origins(edge.origins));
  koa.use(feedRequests(feed));
  koa.use(metricsAnswers(metrics, metricsAccess(app, edge.callers), app.log));
  koa.use(limits(app, troubles));

  const router = new Router({ strict: true });
  mountHealth(router, app, troubles);
  mountMetrics(router, app);
  mountOpenApi(router);
  mountTrust(router, trust);
  mountPages(router, app, trust);
  mountSetUp(router, app, trust);
  mountAuth(router, app);
  mountShops(router, app);
  mountUsers(router, app);
  mountProducts(router, app);
  mountImages(router, app);
  mountInventory(router, app);
  mountOrders(router, app);
  mountShifts(router, app);
  mountCustomers(router, app);
  mountDevices(router, app);
  mountReports(router, app);
  mountEvents(router, app, feed);
  mountAudit(router, app);
  mountAttention(router, app);

  koa.use(router.routes());
  // Says in a header which methods an address has; the answer is made of its status, as of any other.
  koa.use((ctx, next) => narrowAllow(ctx as RouterContext, next));
  koa.use(router.allowedMethods());
  // Everything that can go wrong in a request is answered above; what reaches here broke while it was being sent.
  koa.on('error', (error: NodeJS.ErrnoException) => {
    // Browsers cancel pictures that are scrolled out of view.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    app.log.warn({ err: error }, 'an answer could not be sent');
  });
  return koa;
}

/**
 * Listens; port 0 takes a free one. `reusePort` lets other processes of ours listen there too, and the system spreads the
 * connections over them. With `seals: false` nobody seals the audit. Throws what `listen` throws for HTTP, such as EADDRINUSE, and
 * DatabaseRefusedError for a replica that is none; where HTTPS can't be had, HTTP serves alone.
 */
export async function startServer(
  app: App,
  host: string,
  port: number,
  { reusePort = false, timeouts = {}, seals = true, https: wanted, gather }: StartOptions = {},
): Promise<RunningServer> {
  await Promise.all([loadModules(app), loadBodyReader()]);
  await app.replica?.check(app.orm.em.fork());
  const refusals = openRefusals(app);
  const metrics = createMetrics(app, gather);
  const feed = openFeed(app, refusals, metrics.countEvent);
  metrics.watch(feed);
  const edge = openEdge(app);
  const makeHttp = httpMaker(app, edge.callers, { ...usualTimeouts, ...timeouts });
  const http = makeHttp();
  const secure = wanted && makeHttp(wanted.certificates.current());
  const servers: [HttpServer, ...HttpServer[]] = secure ? [http, secure] : [http];
  const closers = servers.map(closerOf);
  feed.attach(servers, edge);
  const trust = wanted && secure && { certificates: wanted.certificates, port: () => portOf(secure) };
  const handle = createKoa(app, { feed, refusals, edge, metrics, trust }).callback();
  const underWay = new Set<Promise<void>>();
  for (const server of servers) {
    server.on('request', (request, response) => {
      const handled = handle(request, response).finally(() => underWay.delete(handled));
      underWay.add(handled);
    });
  }
  try {
    await listen(http, { port, host, reusePort });
  } catch (error) {
    await feed.close();
    await refusals.close();
    throw error;
  }
  const https = wanted && secure ? await listenSecurely(secure, wanted, { host, reusePort }) : null;
  sweepUploads(uploadsFolder(app.config)).catch((error) =>
    app.log.warn({ err: error }, 'what uploads left behind could not be taken away'),
  );
  // Warns at startup when the settings name another picture store; not awaited.
  app.images.place().catch(() => {});
  const sealer = seals ? startSealer(app) : undefined;
  return {
    host,
    port: portOf(http) as number,
    https,
    close: async () => {
      const deadline = performance.now() + CLOSE_TIMEOUT_MS;
      const leftMs = (leastMs: number) => Math.max(leastMs, deadline - performance.now());
      // The feed first: it ends its connections at once, and what waits for events gets its response.
      const feedClosed = feed.close();
      await Promise.all(closers.map((close) => close()));
      // A request may still run after its client disconnected. Wait for it before the database is closed.
      if (!(await settledWithin(underWay, leftMs(CUT_MS)))) {
        app.breakConnections();
        await settledWithin(underWay, BREAK_EVERY_MS);
      }
      const stopBreaking = breakRepeatedly(app, leftMs(BREAK_EVERY_MS));
      try {
        await feedClosed;
        await Promise.all([refusals.close(), sealer?.close()]);
      } finally {
        stopBreaking();
      }
    },
  };
}

/** Breaks the connections to the database after so long, and again until it is stopped. */
function breakRepeatedly(app: App, afterMs: number): () => void {
  let timer = setTimeout(again, afterMs);
  function again() {
    app.breakConnections();
    timer = setTimeout(again, BREAK_EVERY_MS);
  }
  return () => clearTimeout(timer);
}

/** Undefined while it does not listen. */
const portOf = (server: HttpServer) => (server.address() as AddressInfo | null)?.port;

/** Listens, and presents each new certificate to whoever connects from then on; open connections stay. */
async function listenSecurely(
  server: HttpServer,
  { port, certificates }: NonNullable<StartOptions['https']>,
  where: { host: string; reusePort: boolean },
): Promise<RunningServer['https']> {
  try {
    await listen(server, { ...where, port });
  } catch (error) {
    return { error: error as NodeJS.ErrnoException };
  }
  certificates.onChange(() =>
    (server as HttpsServer).setSecureContext(secureOptions(certificates.current())),
  );
  return { port: portOf(server) as number };
}
