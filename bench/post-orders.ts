import { Agent, request } from 'node:http';
import type { Heard } from './listeners.ts';
import { nowMs, percentile, sleep } from './support.ts';

export type Till = { url: string; shopId: string; productId: string; token: string };

/** When an order's 201 arrived, and how long that took. */
export type Answer = { atMs: number; tookMs: number };
/** Order id → its response. */
export type Answered = Map<string, Answer>;

/** Places so many orders a second, however long each takes. */
export async function postOrders(till: Till, perSecond: number, seconds: number): Promise<Answered> {
  const agent = new Agent({ keepAlive: true });
  const answered: Answered = new Map();
  const beginMs = nowMs();
  const posts = Array.from({ length: perSecond * seconds }, async (_, n) => {
    await sleep(Math.max(0, beginMs + (n * 1000) / perSecond - nowMs()));
    const id = crypto.randomUUID();
    answered.set(id, await post(agent, till, id));
  });
  await Promise.all(posts);
  agent.destroy();
  return answered;
}

function post(agent: Agent, { url, shopId, productId, token }: Till, id: string): Promise<Answer> {
  const body = JSON.stringify({ id, items: [{ productId, quantity: 1 }], paymentMethod: 'cash' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const sentAtMs = nowMs();
  return new Promise((resolve, reject) => {
    request(`${url}/api/shops/${shopId}/orders`, { method: 'POST', agent, headers }, (response) => {
      const atMs = nowMs();
      response.resume().once('end', () => {
        if (response.statusCode === 201) resolve({ atMs, tookMs: atMs - sentAtMs });
        else reject(new Error(`An order was answered with ${response.statusCode}.`));
      });
    })
      .once('error', reject)
      .end(body);
  });
}

export type Delays = { count: number; p50: number; p99: number; max: number };

export function summary(delays: number[]): Delays {
  const [p50, p99] = [percentile(delays, 50), percentile(delays, 99)];
  return { count: delays.length, p50, p99, max: Math.max(...delays) };
}

/** From an order's answer to its event, in ms; 0 when the event was there first. What belongs to no order is left out. */
export const delaysOf = (answered: Answered, heard: Heard[]): number[] =>
  heard.flatMap(({ id, atMs }) => {
    const answer = answered.get(id);
    return answer ? [Math.max(0, atMs - answer.atMs)] : [];
  });

export const show = ({ p50, p99, max }: Delays) =>
  `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${max.toFixed(2)} ms`;
