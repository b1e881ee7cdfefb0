import { Agent } from 'node:http';
import { heaviestPng } from '../test/support/hostile-pictures.ts';
import { send, signInDevice } from './device.ts';
import { percentile } from './support.ts';

// The tills of deploy/verify/one-gigabyte.sh: they sell while the heaviest pictures come in.

const [, , url = ''] = process.argv;
const login = { email: 'owner@example.com', password: 'correct horse battery' };
const TILLS = 10;
const ORDERS_EACH = 100;
const PICTURES = 4;
/** An order each second of each till: twenty times a rush. */
const PAUSE_MS = 1_000;

const agent = new Agent({ keepAlive: true });
const { accessToken: token, shops } = JSON.parse(
  (await send(agent, url, 'POST', '/api/auth/login', { body: login })).body.toString(),
);
const base = `/api/shops/${shops[0].id}`;
const products: { id: string }[] = [];
for (let n = 0; n < 50; n += 1) {
  const body = { name: `Product ${n}`, price: '40.00' };
  products.push(
    JSON.parse((await send(agent, url, 'POST', `${base}/products`, { token, body })).body.toString()),
  );
}
const tills = await Promise.all(
  Array.from({ length: TILLS }, () => signInDevice(url, login.email, login.password)),
);
for (const till of tills) {
  await till.load();
  await till.follow();
}
const tookMs: number[] = [];
const selling = tills.map(async (till) => {
  for (let n = 0; n < ORDERS_EACH; n += 1) {
    tookMs.push((await till.sell()).tookMs);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
});
const heavy = heaviestPng(8_000, 5_000);
const picturing = (async () => {
  for (const { id } of products.slice(0, PICTURES)) {
    await send(agent, url, 'PUT', `${base}/products/${id}/image`, { token, body: heavy, type: 'image/png' });
  }
})();
await Promise.all([...selling, picturing]);
for (const till of tills) till.close();
agent.destroy();
const [p50, p99] = [percentile(tookMs, 50), percentile(tookMs, 99)];
process.stdout.write(
  `${tookMs.length} orders of ${TILLS} tills, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms; ${PICTURES} pictures of 40 megapixels meanwhile\n`,
);
