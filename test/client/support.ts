import { once } from 'node:events';
import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { type Client, type ClientOptions, createClient } from '../../src/client/client.ts';
import { memoryStore } from '../../src/client/store.ts';
import type { EventEnvelope } from '../../src/contract/events.ts';

/** So short that a test need not wait, so long that a busy machine doesn't trip. */
export const quick = { timeoutMs: 3_000, pauses: { leastMs: 20, mostMs: 100 } };

const opened: Client[] = [];

/** A till that is quick to try again; `closeTills` closes it. What goes wrong behind its back fails the test. */
export function tillOf(url: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url,
    store: memoryStore(),
    onError: (error) => {
      throw error;
    },
    ...quick,
    ...options,
  });
  opened.push(client);
  return client;
}

export function closeTills(): void {
  for (const client of opened.splice(0)) client.close();
}

export async function until(condition: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  for (const start = Date.now(); Date.now() - start < ms; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`It did not happen within ${ms} ms.`);
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a promise was refused with. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into errors of any shape
export async function errorOf(promise: Promise<unknown>): Promise<any> {
  return await promise.then(
    (value) => {
      throw new Error(`It was not refused, but gave ${JSON.stringify(value)}.`);
    },
    (error) => error,
  );
}

// biome-ignore lint/suspicious/noExplicitAny: the body of any route
export type Heard = { method: string; path: string; query: URLSearchParams; body: any; token: string | null };
export type Said =
  | { status?: number; body?: unknown; type?: string; headers?: Record<string, string> }
  | 'hang up'
  | 'nothing';

export type ScriptedServer = {
  url: string;
  heard: Heard[];
  /** Answers a route, `POST /api/auth/login`; the newest one that was given for it. */
  on(route: string, answer: (request: Heard) => Said | Promise<Said>): void;
  /** Whoever connects to the feed is handed to it. */
  io: Server;
  close(): Promise<void>;
};

export const EPOCH = '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55';
export const SHOP = '0190a0a0-0000-7000-8000-0000000000aa';

export const problem = (code: string, status: number, more: object = {}): Said => ({
  status,
  type: 'application/problem+json',
  body: {
    type: `urn:smoocho:problem:${code}`,
    title: `Title of ${code}`,
    status,
    instance: 'request-1',
    ...more,
  },
});

export const eventOf = (seq: number, more: Partial<EventEnvelope> = {}): EventEnvelope => ({
  epoch: EPOCH,
  seq,
  type: 'product_deleted',
  at: '2026-04-01T10:00:00.000Z',
  actor: { kind: 'system', id: null, name: 'test' },
  deviceId: null,
  data: { id: SHOP },
  ...more,
});

/**
 * A small server of our own that speaks the contract, for what the real one does only when something is wrong with it.
 * It signs in everybody.
 */
export async function startScriptedServer(port = 0): Promise<ScriptedServer> {
  const answers = new Map<string, (request: Heard) => Said | Promise<Said>>();
  const heard: Heard[] = [];
  let tokens = 0;
  const newTokens = () => {
    tokens += 1;
    return { accessToken: `access-${tokens}`, refreshToken: `refresh-${tokens}`, expiresIn: 900 };
  };
  answers.set('POST /api/auth/login', () => ({ body: { ...newTokens(), user: { id: 'u' }, shops: [] } }));
  answers.set('POST /api/auth/refresh', () => ({ body: newTokens() }));
  answers.set('POST /api/auth/logout', () => ({ status: 204 }));

  const http: HttpServer = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const method = request.method ?? '';
    const asked = {
      method,
      path: pathname,
      query: searchParams,
      body: await readBody(request),
      token: request.headers.authorization?.replace('Bearer ', '') ?? null,
    };
    heard.push(asked);
    const route = `${method} ${pathname.replace(SHOP, ':shopId')}`;
    const said = await (answers.get(route)?.(asked) ?? problem('not_found', 404));
    if (said === 'hang up') request.socket.resetAndDestroy();
    if (typeof said === 'string') return;
    const { status = 200, body, type = 'application/json', headers = {} } = said;
    response.writeHead(status, { ...headers, ...(body === undefined ? {} : { 'content-type': type }) });
    response.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body));
  });
  const io = new Server(http, { path: '/socket.io', serveClient: false });
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    heard,
    on: (route, answer) => void answers.set(route, answer),
    io,
    async close() {
      const closed = once(http, 'close');
      io.disconnectSockets(true);
      io.engine.close();
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}
