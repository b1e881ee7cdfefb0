import autocannon from 'autocannon';
import { startCeiling } from './ceiling.ts';
import { startSmoocho, withHome } from './support.ts';

const SECONDS = 8;
/** Eight busy tills, and twice that to see what queueing does. */
const TILLS = 16;

/** Sales a second over HTTP, against a ceiling in the same run: a bare Koa that writes one row with one statement. */
export async function benchOrders(): Promise<string[]> {
  return await withHome(async (home) => {
    const server = await startSmoocho(home, '--demo');
    const ceiling = await startCeiling(home);
    try {
      const { url, demo } = server.ready;
      const headers = { authorization: `Bearer ${demo.accessToken}`, 'content-type': 'application/json' };
      const body = () =>
        JSON.stringify({
          id: crypto.randomUUID(),
          items: [{ productId: demo.productId, quantity: 1 }],
          paymentMethod: 'cash',
        });
      const path = `/api/shops/${demo.shopId}/orders`;
      await load(url, path, headers, body, 2);
      const sales = await load(url, path, headers, body, SECONDS);
      const bare = await load(ceiling.url, '/', { 'content-type': 'application/json' }, body, SECONDS);
      const perSecond = sales.requests.average;
      const ratio = perSecond / bare.requests.average;
      return [
        `sales of one shop over HTTP           ${perSecond.toFixed(0)}/s, p50 ${sales.latency.p50} ms, p99 ${sales.latency.p99} ms, ${sales.non2xx} refused`,
        `the ceiling: bare Koa, one statement  ${bare.requests.average.toFixed(0)}/s, p50 ${bare.latency.p50} ms, p99 ${bare.latency.p99} ms`,
        `ratio                                 ${ratio.toFixed(2)}`,
      ];
    } finally {
      await ceiling.stop();
      await server.stop();
    }
  });
}

async function load(
  url: string,
  path: string,
  headers: Record<string, string>,
  body: () => string,
  seconds: number,
) {
  return await autocannon({
    url,
    connections: TILLS,
    duration: seconds,
    requests: [{ method: 'POST', path, headers, setupRequest: (request) => ({ ...request, body: body() }) }],
  });
}
