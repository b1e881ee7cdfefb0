import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import { gatherForWorkers, type KeepCounts } from './gather.ts';
import type { HttpsPort } from './https.ts';

/** Where a worker listens, as it tells the process that started it. */
export type Address = { host: string; port: number };
export type Workers = Address & { https: HttpsPort; close(): Promise<void> };

/** Workers that take connections from the system themselves: one that is killed takes none along that another could have. */
export const canReusePort = process.platform === 'linux';
cluster.schedulingPolicy = cluster.SCHED_NONE;

/** This process is one of several that serve together. */
export const isWorker = cluster.isWorker;

// Node would end a worker at once, with exit code 0, when the first process is gone or the worker leaves it: it has to close
// what it has open, and to say how it ended.
if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;

/** The line to the first process would keep this one going. */
export const leavePrimary = () => process.connected && process.disconnect();

export const tellPrimary = (address: Address) => process.send?.(address);

/** Sales under way and a database that is slow: after this long a worker is ended. */
const STOP_TIMEOUT_MS = 15_000;
/** A worker that ends sooner than this has a fault that a new one has too: each next one waits longer. */
const SOUND_MS = 10_000;
const MAX_PAUSE_MS = 30_000;

/**
 * Starts so many workers on one port, and with `isSecure` on one more for HTTPS, and keeps them: one that ends is started again. They
 * gather each other's reports through this process. Gives the exit code of one that can't even start; it has said why.
 */
export async function startWorkers<T>(
  app: App,
  config: Config,
  { count, isSecure, keepCounts }: { count: number; isSecure: boolean; keepCounts: KeepCounts<T> },
): Promise<Workers | number> {
  let isClosing = false;
  const workers = new Set<Worker>();
  const gatherer = gatherForWorkers(workers, keepCounts);

  const startOne = (): Worker => {
    const worker = cluster.fork();
    workers.add(worker);
    worker.once('exit', () => workers.delete(worker));
    gatherer.watch(worker);
    return worker;
  };

  const keep = async (worker: Worker): Promise<void> => {
    let current = worker;
    for (let faults = 0; ; ) {
      const startedAt = Date.now();
      const [code, signal] = await exitOf(current);
      if (isClosing) return;
      faults = Date.now() - startedAt < SOUND_MS ? faults + 1 : 0;
      const pauseMs = faults === 0 ? 0 : Math.min(MAX_PAUSE_MS, 100 * 2 ** faults);
      app.log.error({ code, signal, pauseMs }, 'a worker ended; another one takes its place');
      await sleep(pauseMs, undefined, { ref: false });
      if (isClosing) return;
      current = startOne();
    }
  };

  const close = async () => {
    isClosing = true;
    await Promise.all([...workers].map(stop));
  };

  const port = await reservePort(config);
  const https = isSecure && config.tls ? await reserveHttps({ ...config, port: config.tls.port }) : null;
  const httpsPort = https && 'port' in https ? https.port : 0;
  // The last --port counts.
  const ports = [`--port=${port}`, `--https-port=${httpsPort}`];
  cluster.setupPrimary({ args: [...process.argv.slice(2), ...ports] });
  const all = Array.from({ length: count }, startOne);
  const addresses = await Promise.all(all.map(addressOf));
  const [address] = addresses;
  const failed = addresses.find((found) => typeof found === 'number');
  if (failed !== undefined || typeof address !== 'object') {
    await close();
    return failed ?? 1;
  }
  for (const worker of all) void keep(worker);
  return { ...address, https, close };
}

/** One that is taken keeps nobody from serving HTTP. */
async function reserveHttps(address: Address): Promise<HttpsPort> {
  try {
    return { port: await reservePort(address) };
  } catch (error) {
    return { error: error as NodeJS.ErrnoException };
  }
}

/** The port that they will share. Throws what `listen` throws when another program has it. */
async function reservePort({ host, port: wanted }: Address): Promise<number> {
  const probe = createServer().listen(wanted, host);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const exitOf = async (worker: Worker): Promise<[code: number | null, signal: string | null]> =>
  worker.isDead()
    ? [worker.process.exitCode, worker.process.signalCode]
    : ((await once(worker, 'exit')) as [number | null, string | null]);

/** Where it listens, or how it ended. */
async function addressOf(worker: Worker): Promise<Address | number> {
  return await Promise.race([
    new Promise<Address>((resolve) => {
      const listen = (message: Partial<Address>) => {
        // It may be asked for its metrics before it has said where it listens.
        if (message.port === undefined) return;
        worker.off('message', listen);
        resolve(message as Address);
      };
      worker.on('message', listen);
    }),
    exitOf(worker).then(([code]) => code ?? 1),
  ]);
}

async function stop(worker: Worker): Promise<void> {
  const ended = exitOf(worker);
  worker.process.kill('SIGTERM');
  const late = setTimeout(() => worker.process.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(late);
}
