import { Agent, get } from 'node:http';

/** Asks on eight connections as fast as it is answered, until it is told to stop; then says how it went. */
const [url, token] = process.argv.slice(2) as [string, string];
const CONNECTIONS = 8;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let all = 0;
let limited = 0;
let isOver = false;

const askOnce = () =>
  new Promise<number>((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode as number));
    }).once('error', reject);
  });

const work = Array.from({ length: CONNECTIONS }, async () => {
  while (!isOver) {
    const status = await askOnce();
    all += 1;
    if (status === 429) limited += 1;
  }
});

process.once('message', async () => {
  isOver = true;
  await Promise.all(work);
  agent.destroy();
  process.send?.({ all, limited }, () => process.disconnect());
});
