import { residentMb } from '../test/support/processes.ts';
import { sleep, startSmoocho, withHome } from './support.ts';

/** Long enough for what the start left behind to be collected. */
const IDLE_MS = 5_000;

/** From nothing to the first answered order, the second start, and the memory of the process that then idles. */
export async function benchStart(): Promise<string[]> {
  return await withHome(async (home) => {
    const begun = performance.now();
    const first = await startSmoocho(home, '--demo');
    await placeOrder(first.ready);
    const firstOrderMs = performance.now() - begun;
    await first.stop();
    const again = performance.now();
    const second = await startSmoocho(home, '--demo');
    await placeOrder(second.ready);
    const secondOrderMs = performance.now() - again;
    await sleep(IDLE_MS);
    const memory = residentMb(second.pid);
    await second.stop();
    return [
      `first start to first answered order   ${(firstOrderMs / 1000).toFixed(2)} s   (aim: under 15 s)`,
      `second start to first answered order  ${(secondOrderMs / 1000).toFixed(2)} s   (aim: under 3 s)`,
      `idle memory of the API process        ${memory.toFixed(0)} MB   (aim: under 150 MB)`,
    ];
  });
}

async function placeOrder({
  url,
  demo,
}: {
  url: string;
  demo: { shopId: string; productId: string; accessToken: string };
}) {
  const answer = await fetch(`${url}/api/shops/${demo.shopId}/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: crypto.randomUUID(),
      items: [{ productId: demo.productId, quantity: 1 }],
      paymentMethod: 'cash',
    }),
  });
  if (answer.status !== 201) throw new Error(`The order was answered with ${answer.status}.`);
}
