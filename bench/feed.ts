import type { EventEnvelope } from '../src/contract/events.ts';
import { childrenOf, connectionsOf } from '../test/support/processes.ts';
import { hasRedis, startRedis } from '../test/support/redis.ts';
import { startFeedCeiling } from './feed-ceiling.ts';
import { type Listeners, startListeners } from './listeners.ts';
import { type Delays, delaysOf, postOrders, show, summary, type Till } from './post-orders.ts';
import { type Running, startSmoocho, startWith, withHome } from './support.ts';

const PER_SECOND = 20;
const SECONDS = 15;
const WARM_UP_SECONDS = 3;
/** As many as one session may have. */
const LISTENERS = 10;
const WORKERS = 2;
const AIM_MS = 50;

/** From the answer of a sale to its event at the other tills, against a bare Socket.io that does nothing else. */
export async function benchFeed(): Promise<string[]> {
  const [smoocho, sample] = await measureSmoocho();
  const bare = await measureCeiling(sample);
  return [
    `${PER_SECOND} sales/s, answer to event, ${LISTENERS} tills  ${show(smoocho)}   (aim: p99 under ${AIM_MS} ms)`,
    `the ceiling: bare Socket.io              ${show(bare)}`,
    `ratio of the p99                         ${(smoocho.p99 / bare.p99).toFixed(1)}`,
    ...(await measureWorkers()),
  ];
}

const tillOf = ({ ready: { url, demo } }: Running): Till => ({ ...demo, url, token: demo.accessToken });

async function measureSmoocho(): Promise<[Delays, EventEnvelope]> {
  return await withHome(async (home) => {
    const server = await startSmoocho(home, '--demo');
    const listeners = await startListeners(1);
    try {
      const delays = await measure(tillOf(server), listeners);
      return [delays, await listeners.sample()];
    } finally {
      await listeners.stop();
      await server.stop();
    }
  });
}

async function measureCeiling(sample: EventEnvelope): Promise<Delays> {
  const ceiling = await startFeedCeiling(sample);
  const listeners = await startListeners(1);
  try {
    return await measure({ url: ceiling.url, shopId: 'shop', productId: 'product', token: '' }, listeners);
  } finally {
    await listeners.stop();
    await ceiling.stop();
  }
}

/** The same with several processes, so that most events cross from one to another. */
async function measureWorkers(): Promise<string[]> {
  if (!hasRedis()) return ['with --workers 2: left out, there is no redis-server on this machine'];
  const redis = await startRedis();
  try {
    return await withHome(async (home) => {
      const server = await startWith({ REDIS_URL: redis.url }, home, '--demo', '--workers', `${WORKERS}`);
      const listeners = await startListeners(1);
      try {
        let split = '';
        const delays = await measure(tillOf(server), listeners, () => {
          const port = Number(new URL(server.ready.url).port);
          // PostgreSQL is a child too, and takes none.
          split = connectionsOf(childrenOf(server.pid), port).filter(Boolean).join(' + ');
        });
        return [`the same, --workers ${WORKERS} and Redis: ${split} tills  ${show(delays)}`];
      } finally {
        await listeners.stop();
        await server.stop();
      }
    });
  } finally {
    await redis.kill();
  }
}

async function measure(till: Till, listeners: Listeners, whenConnected = () => {}): Promise<Delays> {
  const auth = { token: till.token, shopId: till.shopId };
  await listeners.connect(
    till.url,
    Array.from({ length: LISTENERS }, () => auth),
  );
  whenConnected();
  await postOrders(till, PER_SECOND, WARM_UP_SECONDS);
  const answered = await postOrders(till, PER_SECOND, SECONDS);
  const expected = answered.size * LISTENERS;
  const delays = delaysOf(
    answered,
    await listeners.collect(expected + PER_SECOND * WARM_UP_SECONDS * LISTENERS),
  );
  if (delays.length !== expected) throw new Error(`${delays.length} of ${expected} events came.`);
  return summary(delays);
}
