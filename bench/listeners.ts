import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EventEnvelope } from '../src/contract/events.ts';
import { root, sleep } from './support.ts';

export type Heard = { id: string; atMs: number };
export type Order =
  | { kind: 'connect'; url: string; auths: object[] }
  | { kind: 'collect' }
  | { kind: 'stop' };
type Report = { connected: number; heard: Heard[]; sample: EventEnvelope | null };

export type Listeners = {
  /** Throws when one is refused. */
  connect(url: string, auths: object[]): Promise<void>;
  /** What came since the last time; waits for `count`, but not for long. */
  collect(count: number): Promise<Heard[]>;
  connected(): Promise<number>;
  /** One event as it came, for the ceiling to send the same. */
  sample(): Promise<EventEnvelope>;
  stop(): Promise<void>;
};

/** What is not there by then is lost. */
const COLLECT_TIMEOUT_MS = 10_000;

/** Sockets in so many processes of their own, so that what they cost is not taken for the server's. */
export async function startListeners(processes: number): Promise<Listeners> {
  const script = join(root, 'bench', 'listeners-child.ts');
  const children = Array.from({ length: processes }, () => {
    const child = fork(script);
    return { child, ended: once(child, 'exit') };
  });
  const ask = async (orderOf: (n: number) => Order): Promise<Report[]> =>
    await Promise.all(
      children.map(async ({ child, ended }, n) => {
        const failed = ended.then(() => Promise.reject(new Error('A process of listeners ended.')));
        child.send(orderOf(n));
        const [report] = await Promise.race([once(child, 'message'), failed]);
        return report as Report;
      }),
    );
  return {
    async connect(url, auths) {
      const auth = (n: number) => auths.filter((_, index) => index % processes === n);
      await ask((n) => ({ kind: 'connect', url, auths: auth(n) }));
    },
    async collect(count) {
      const all: Heard[] = [];
      const late = performance.now() + COLLECT_TIMEOUT_MS;
      do {
        for (const { heard } of await ask(() => ({ kind: 'collect' }))) all.push(...heard);
        if (all.length < count) await sleep(200);
      } while (all.length < count && performance.now() < late);
      return all;
    },
    async connected() {
      const reports = await ask(() => ({ kind: 'collect' }));
      return reports.reduce((sum, { connected }) => sum + connected, 0);
    },
    async sample() {
      const [report] = await ask(() => ({ kind: 'collect' }));
      if (!report?.sample) throw new Error('No event came.');
      return report.sample;
    },
    async stop() {
      for (const { child } of children) if (child.connected) child.send({ kind: 'stop' } satisfies Order);
      await Promise.all(children.map(({ ended }) => ended));
    },
  };
}
