import { io, type Socket } from 'socket.io-client';
import type { EventEnvelope } from '../src/contract/events.ts';
import type { Heard, Order } from './listeners.ts';
import { nowMs } from './support.ts';

// Many tills in a process of their own: they connect as they are told to, and note when an order reaches them.

/** The server lets in a few at a time; more would only wait in its line. */
const AT_ONCE = 20;

const sockets: Socket[] = [];
let heard: Heard[] = [];
let sample: EventEnvelope | null = null;

function listen(url: string, auth: object): Promise<void> {
  const socket = io(url, { auth, transports: ['websocket'], reconnection: false, forceNew: true });
  sockets.push(socket);
  socket.on('order_created', (event: EventEnvelope) => {
    heard.push({ id: (event.data as { id: string }).id, atMs: nowMs() });
    sample ??= event;
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
}

async function connectAll(url: string, auths: object[]): Promise<void> {
  const left = [...auths];
  const connectSome = async () => {
    for (let auth = left.pop(); auth; auth = left.pop()) await listen(url, auth);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
}

process.on('message', async (order: Order) => {
  if (order.kind === 'connect') await connectAll(order.url, order.auths);
  if (order.kind === 'stop') {
    for (const socket of sockets) socket.disconnect();
    process.disconnect();
    return;
  }
  const connected = sockets.filter((socket) => socket.connected).length;
  process.send?.({ connected, heard, sample });
  heard = [];
});
