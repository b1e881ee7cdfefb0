import { byName, type Memory, memoryOf, sumMb } from './footprint.ts';
import { postOrders } from './post-orders.ts';
import { sleep, startSmoocho, withHome } from './support.ts';

/** Long enough for what the start left behind to be collected, and for connections that nobody uses to be closed. */
const IDLE_MS = 15_000;
const ORDERS = 1_000;
const PER_SECOND = 20;
const AIM_MB = 300;

/** Memory of the server with its PostgreSQL, all processes added up: after the start, and after a day's orders. */
export async function benchMemory(): Promise<string[]> {
  return await withHome(async (home) => {
    const server = await startSmoocho(home, '--demo');
    try {
      const { url, demo } = server.ready;
      await sleep(IDLE_MS);
      const idle = memoryOf(server.pid);
      await postOrders({ ...demo, url, token: demo.accessToken }, PER_SECOND, ORDERS / PER_SECOND);
      const busy = memoryOf(server.pid);
      await sleep(IDLE_MS);
      const after = memoryOf(server.pid);
      return [
        ...describe('idle after the start', idle),
        ...describe(`at the end of ${ORDERS} orders, ${PER_SECOND}/s`, busy),
        ...describe(`idle after them`, after),
      ];
    } finally {
      await server.stop();
    }
  });
}

function describe(when: string, memory: Memory[]): string[] {
  const parts = [...byName(memory)].sort(([, a], [, b]) => b.pssMb - a.pssMb);
  return [
    `${when.padEnd(36)} ${sumMb(memory).toFixed(0).padStart(4)} MB in all   (aim: under ${AIM_MB} MB)`,
    ...parts.map(
      ([name, { count, pssMb }]) =>
        `    ${pssMb.toFixed(0).padStart(4)} MB  ${name}${count > 1 ? ` × ${count}` : ''}`,
    ),
  ];
}
