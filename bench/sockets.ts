import type { EventEnvelope } from '../src/contract/events.ts';
import { childrenCpuSeconds, cpuSeconds, fileLimit, residentMb } from '../test/support/processes.ts';
import { type Auth, givenChain } from './chain.ts';
import { startFeedCeiling } from './feed-ceiling.ts';
import { type Listeners, startListeners } from './listeners.ts';
import { type Delays, delaysOf, postOrders, show, summary, type Till } from './post-orders.ts';
import { sleep, startSmoocho, withHome } from './support.ts';

const SHOPS = 10;
const TILLS = 300;
const SOCKETS = SHOPS * TILLS;
const SECONDS = 15;
const IDLE_SECONDS = 10;
/** For what connecting left behind to be collected, and for the first pings. */
const SETTLE_MS = 5_000;
const AIM_MS = 150;
/** Sockets on both ends, and what else a process has open. */
const FILES = SOCKETS + 500;

/** What thousands of tills cost a process, and how fast a shop of hundreds hears of a sale; against a bare Socket.io. */
export async function benchSockets(): Promise<string[]> {
  if (fileLimit() < FILES)
    return [`left out: it needs ${FILES} open files (ulimit -n), there are ${fileLimit()}`];
  const { cost, sample, chain } = await measureSmoocho();
  const bare = await measureCeiling(sample, chain);
  return [
    `${SOCKETS} idle sockets                  ${showMemory(cost)}`,
    `the ceiling: bare Socket.io         ${showMemory(bare)}`,
    `processor while they idle           ${showCpu(cost.idleCpu)}, PostgreSQL ${showCpu(cost.databaseCpu)}`,
    `the ceiling                         ${showCpu(bare.idleCpu)}`,
    `a sale a second to ${TILLS} tills        ${show(cost.deliveries)}   (aim: p99 under ${AIM_MS} ms)`,
    `the ceiling                         ${show(bare.deliveries)}`,
    `until all ${TILLS} have it               ${show(cost.complete)}`,
    `the ceiling                         ${show(bare.complete)}`,
  ];
}

type Cost = {
  beforeMb: number;
  afterMb: number;
  /** Parts of one core. */
  idleCpu: number;
  databaseCpu: number;
  deliveries: Delays;
  complete: Delays;
};

const showMemory = ({ beforeMb, afterMb }: Cost) =>
  `${beforeMb.toFixed(0)} → ${afterMb.toFixed(0)} MB, ${(((afterMb - beforeMb) * 1000) / 1.024 / SOCKETS).toFixed(1)} KiB a socket`;
const showCpu = (part: number) => `${(part * 100).toFixed(1)} % of a core`;

async function measureSmoocho(): Promise<{ cost: Cost; sample: EventEnvelope; chain: Auth[] }> {
  return await withHome(async (home) => {
    const server = await startSmoocho(home, '--demo');
    const listeners = await startListeners(2);
    try {
      const { url, demo } = server.ready;
      const chain = await givenChain(home, demo.shopId, SHOPS, TILLS);
      const till = { ...demo, url, token: demo.accessToken };
      const cost = await measure(server.pid, till, chain, listeners);
      return { cost, sample: await listeners.sample(), chain };
    } finally {
      await listeners.stop();
      await server.stop();
    }
  });
}

async function measureCeiling(sample: EventEnvelope, chain: Auth[]): Promise<Cost> {
  const ceiling = await startFeedCeiling(sample);
  const listeners = await startListeners(2);
  try {
    const till = { url: ceiling.url, shopId: chain[0]?.shopId as string, productId: 'product', token: '' };
    return await measure(ceiling.pid, till, chain, listeners);
  } finally {
    await listeners.stop();
    await ceiling.stop();
  }
}

async function measure(pid: number, till: Till, chain: Auth[], listeners: Listeners): Promise<Cost> {
  // What is loaded or grows with the first few is no cost of a socket.
  await postOrders(till, 5, 2);
  await sleep(SETTLE_MS);
  const beforeMb = residentMb(pid);
  await listeners.connect(till.url, chain);
  await sleep(SETTLE_MS);
  const [serverBefore, databaseBefore] = [cpuSeconds(pid), childrenCpuSeconds(pid)];
  await sleep(IDLE_SECONDS * 1000);
  const idleCpu = (cpuSeconds(pid) - serverBefore) / IDLE_SECONDS;
  const databaseCpu = (childrenCpuSeconds(pid) - databaseBefore) / IDLE_SECONDS;
  const afterMb = residentMb(pid);
  const connected = await listeners.connected();
  if (connected !== SOCKETS) throw new Error(`Only ${connected} of ${SOCKETS} sockets stayed.`);
  const answered = await postOrders(till, 1, SECONDS);
  const heard = await listeners.collect(answered.size * TILLS);
  const delays = delaysOf(answered, heard);
  if (delays.length !== answered.size * TILLS)
    throw new Error(`${delays.length} of ${answered.size * TILLS} events came.`);
  const complete = [...answered.keys()].map((id) =>
    Math.max(
      ...delaysOf(
        answered,
        heard.filter((one) => one.id === id),
      ),
    ),
  );
  return {
    beforeMb,
    afterMb,
    idleCpu,
    databaseCpu,
    deliveries: summary(delays),
    complete: summary(complete),
  };
}
