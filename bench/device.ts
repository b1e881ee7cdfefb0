import { Agent, request } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { nowMs } from './support.ts';

// A till as a browser is one: keeps connections open, loads the menu with its pictures, follows the feed, sells.

/** Bytes of HTTP and WebSocket, without TCP's own. */
export type Traffic = { sent: number; received: number };
export type Heard = { id: string; atMs: number };

export type Device = {
  /** Loads products and settings, and every picture that it hasn't loaded yet. */
  load(): Promise<{ menuMs: number }>;
  follow(): Promise<void>;
  /** Resolves with the order's id, when its answer came and how long it took. */
  sell(): Promise<{ id: string; atMs: number; tookMs: number }>;
  traffic(): Traffic;
  /** `order_created` of all devices, since the last call. */
  heard(): Heard[];
  close(): void;
};

type Product = { id: string; imageUrl: string | null };
type Place = { url: string; shopId: string; token: string };

/** As many connections as a browser opens to one server. */
const CONNECTIONS = 6;
/** Lines of an order: one to four, two and a half on average. */
const MOST_LINES = 4;

class CountingAgent extends Agent {
  readonly sockets_: NetSocket[] = [];

  override createConnection(
    ...parameters: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    const socket = super.createConnection(...parameters);
    this.sockets_.push(socket as NetSocket);
    return socket;
  }

  traffic(): Traffic {
    return this.sockets_.reduce(
      (sum, { bytesWritten, bytesRead }) => ({
        sent: sum.sent + bytesWritten,
        received: sum.received + bytesRead,
      }),
      { sent: 0, received: 0 },
    );
  }
}

export async function signInDevice(url: string, email: string, password: string): Promise<Device> {
  const agent = new CountingAgent({ keepAlive: true, maxSockets: CONNECTIONS });
  const { body } = await send(agent, url, 'POST', '/api/auth/login', { body: { email, password } });
  const { accessToken, shops } = JSON.parse(body.toString()) as {
    accessToken: string;
    shops: { id: string }[];
  };
  return deviceOf(agent, { url, token: accessToken, shopId: shops[0]?.id as string });
}

function deviceOf(agent: CountingAgent, place: Place): Device {
  const { url, shopId, token } = place;
  let products: Product[] = [];
  let heard: Heard[] = [];
  let socket: Socket | undefined;
  const pictures = new Set<string>();
  const get = async (path: string) => (await send(agent, url, 'GET', path, { token })).body;
  return {
    async load() {
      const begun = nowMs();
      products = await loadProducts(get, shopId);
      await get(`/api/shops/${shopId}/settings`);
      const menuMs = nowMs() - begun;
      // A browser keeps what is immutable.
      const missing = products.flatMap(({ imageUrl }) =>
        imageUrl && !pictures.has(imageUrl) ? [imageUrl] : [],
      );
      await Promise.all(missing.map((path) => get(path).then(() => pictures.add(path))));
      return { menuMs };
    },
    follow() {
      const opened = io(url, { auth: { token, shopId }, transports: ['websocket'], agent: agent as never });
      socket = opened;
      opened.on('order_created', ({ data }) => heard.push({ id: data.id, atMs: nowMs() }));
      return new Promise((resolve, reject) => {
        opened.once('connect', resolve);
        opened.once('connect_error', reject);
      });
    },
    async sell() {
      const id = crypto.randomUUID();
      const lines = 1 + Math.floor(Math.random() * MOST_LINES);
      const items = Array.from({ length: lines }, () => ({
        productId: products[Math.floor(Math.random() * products.length)]?.id,
        quantity: 1,
      }));
      const begun = nowMs();
      await send(agent, url, 'POST', `/api/shops/${shopId}/orders`, {
        token,
        body: { id, items, paymentMethod: 'cash' },
      });
      const atMs = nowMs();
      return { id, atMs, tookMs: atMs - begun };
    },
    traffic: () => agent.traffic(),
    heard() {
      const all = heard;
      heard = [];
      return all;
    },
    close() {
      socket?.disconnect();
      agent.destroy();
    },
  };
}

async function loadProducts(get: (path: string) => Promise<Buffer>, shopId: string): Promise<Product[]> {
  const products: Product[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/api/shops/${shopId}/products?limit=200${cursor && `&cursor=${cursor}`}`;
    const page = JSON.parse((await get(path)).toString()) as { data: Product[]; nextCursor: string | null };
    products.push(...page.data);
    cursor = page.nextCursor;
  }
  return products;
}

type Options = { token?: string; body?: object | Buffer; type?: string };

/** Throws when the answer is not one of success. */
export function send(agent: Agent, url: string, method: string, path: string, options: Options) {
  const { token, body, type = 'application/json' } = options;
  const bytes = body && (Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));
  // What Chromium sends beside these is some 400 bytes.
  const headers = {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(bytes && { 'content-type': type, 'content-length': bytes.length }),
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0',
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br, zstd',
    'accept-language': 'en-GB,en;q=0.9',
  };
  return new Promise<{ body: Buffer }>((resolve, reject) => {
    request(`${url}${path}`, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answer = Buffer.concat(chunks);
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve({ body: answer });
        else reject(new Error(`${method} ${path} was answered with ${status}: ${answer}`));
      });
    })
      .once('error', reject)
      .end(bytes);
  });
}
