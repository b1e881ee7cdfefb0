import type { Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a worker may take for its part: it makes it in milliseconds, and Prometheus waits ten seconds for the whole. */
const REPORT_MS = 1_000;
const ANSWER_MS = 3_000;

/** Message from a worker to the first process: a request for all workers' reports, or its own report. */
type FromWorker<T> = { kind: 'gather'; id: number } | { kind: 'report'; id: number; report: T };
/** Message from the first process to a worker. */
type ToWorker<T> = { kind: 'ask'; id: number } | ({ kind: 'gathered'; id: number } & Gathered<T>);

/** `counted` workers reported, `silent` ones did not in time; a last snapshot may have the counts of those that are silent or gone. */
type Gathered<T> = { snapshots: T[]; counted: number; silent: number };

const isOurs = (message: unknown, kinds: readonly string[]) =>
  typeof message === 'object' &&
  message !== null &&
  kinds.includes((message as { kind?: string }).kind ?? '');

/**
 * In a worker: gives a function that gathers the reports of all workers, by way of the first process, and makes this one
 * report with `own` when another one gathers. It throws when the first process does not answer.
 */
export function gatherFromWorkers<T>(own: () => Promise<T>): () => Promise<Gathered<T>> {
  const waiting = new Map<number, (gathered: Gathered<T>) => void>();
  let lastId = 0;
  const send = (message: FromWorker<T>) => process.connected && process.send?.(message);
  process.on('message', async (message: ToWorker<T>) => {
    if (!isOurs(message, ['ask', 'gathered'])) return;
    if (message.kind === 'gathered') return waiting.get(message.id)?.(message);
    // Without a report it counts as silent.
    const report = await own().catch(() => undefined);
    if (report !== undefined) send({ kind: 'report', id: message.id, report });
  });
  return async () => {
    lastId += 1;
    const id = lastId;
    const answer = new Promise<Gathered<T>>((resolve) => waiting.set(id, resolve));
    send({ kind: 'gather', id });
    try {
      const gathered = await Promise.race([answer, sleep(ANSWER_MS, undefined, { ref: false })]);
      if (!gathered) throw new Error('The first process does not answer.');
      const { snapshots, counted, silent } = gathered;
      return { snapshots, counted, silent };
    } finally {
      waiting.delete(id);
    }
  };
}

/** Adds up the counters of reports and leaves the rest out: of a worker that is gone or silent, only counters stay true. */
export type KeepCounts<T> = (reports: T[]) => Promise<T>;

export type Gatherer = { watch(worker: Worker): void };

/**
 * In the first process: asks all workers when one gathers. Of one that is silent the counts of its last report stand in, and
 * those of one that ended go on counting: a sum that falls would be taken for a restart, and its rest for new requests.
 */
export function gatherForWorkers<T>(workers: ReadonlySet<Worker>, keepCounts: KeepCounts<T>): Gatherer {
  const last = new Map<Worker, T>();
  let gone: T[] = [];
  let lastId = 0;
  const waiting = new Map<string, (report: T) => void>();

  const ask = async (worker: Worker): Promise<T | undefined> => {
    if (!worker.isConnected()) return undefined;
    lastId += 1;
    const key = `${worker.id}:${lastId}`;
    const answer = new Promise<T>((resolve) => waiting.set(key, resolve));
    send(worker, { kind: 'ask', id: lastId });
    const report = await Promise.race([answer, sleep(REPORT_MS, undefined, { ref: false })]);
    waiting.delete(key);
    if (report !== undefined && workers.has(worker)) last.set(worker, report);
    return report ?? undefined;
  };
  const lastOf = (worker: Worker): T[] => {
    const report = last.get(worker);
    return report === undefined ? [] : [report];
  };
  const gather = async (): Promise<Gathered<T>> => {
    const asked = [...workers];
    const reports = await Promise.all(asked.map(ask));
    if (gone.length > 1) {
      const merged = gone.length;
      const kept = await keepCounts(gone.slice());
      gone = [kept, ...gone.slice(merged)];
    }
    // No await from here to where they are counted: whose worker ended meanwhile is in `gone`, and only there.
    const alive = asked.flatMap((worker, i) => (workers.has(worker) ? [{ worker, report: reports[i] }] : []));
    const silent = alive.filter(({ report }) => report === undefined).map(({ worker }) => worker);
    const counts = [...silent.flatMap((worker) => lastOf(worker)), ...gone];
    return {
      snapshots: [
        ...alive.flatMap(({ report }) => (report === undefined ? [] : [report])),
        ...(counts.length > 0 ? [await keepCounts(counts)] : []),
      ],
      counted: alive.length - silent.length,
      silent: silent.length,
    };
  };
  /** Concurrent requests share one result. */
  let gathering: Promise<Gathered<T>> | undefined;
  const gatherOnce = () => {
    gathering ??= gather().finally(() => {
      gathering = undefined;
    });
    return gathering;
  };

  return {
    watch(worker) {
      worker.on('message', (message: FromWorker<T>) => {
        if (!isOurs(message, ['gather', 'report'])) return;
        if (message.kind === 'report') return waiting.get(`${worker.id}:${message.id}`)?.(message.report);
        gatherOnce().then(
          (gathered) => send(worker, { kind: 'gathered', id: message.id, ...gathered }),
          () => {},
        );
      });
      worker.once('exit', () => {
        const report = last.get(worker);
        last.delete(worker);
        if (report !== undefined) gone.push(report);
      });
    },
  };
}

/** One that has just ended takes nothing any more. */
function send<T>(worker: Worker, message: ToWorker<T>): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => {});
}
