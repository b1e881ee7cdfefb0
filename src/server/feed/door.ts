import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Middleware } from 'koa';
import type { Server } from 'socket.io';
import type { App } from '../../app.ts';
import { ProblemError } from '../../contract/problem.ts';
import { SOMEBODY } from '../../core/audit/record-security.ts';
import type { Refusal, Refusals } from '../../core/audit/refusals.ts';
import type { Edge } from '../edge/edge.ts';
import { securityHeadersFor } from '../edge/headers.ts';
import { answerRaw } from '../edge/raw-answer.ts';
import { type CountHandshake, handshakeLimit, type LimitHeaders } from '../middleware/limits.ts';
import { unavailableProblem } from '../trouble.ts';

export const FEED_PATH = '/socket.io';
const METHODS = ['GET', 'POST'];

const isOfFeed = ({ url }: IncomingMessage) => url?.startsWith(`${FEED_PATH}/`) ?? false;

/** Whether it asks for a WebSocket to the feed. Who offers another protocol, or elsewhere, is answered in HTTP/1.1. */
export const isUpgrade = (request: IncomingMessage) =>
  isOfFeed(request) && request.headers.upgrade?.toLowerCase() === 'websocket';

/** The way into the live feed: nothing reaches Socket.io that has not passed what every request passes. */
export type Door = {
  /** Counts for its address what begins a connection, or is no part of one. Throws `too_many_requests`. */
  count(request: IncomingMessage, ...handshake: Parameters<CountHandshake>): Promise<void>;
  serve(request: IncomingMessage, response: ServerResponse): void;
  /** From now on `count` refuses all. */
  close(): void;
};

/** Takes the sockets of these HTTP servers, of which the first has to listen before the others. */
export function openDoor(
  app: App,
  io: Server,
  servers: [HttpServer, ...HttpServer[]],
  edge: Edge,
  refusals: Refusals,
): Door {
  const [serve, upgrade] = listenersOf(io, servers[0]) as [Door['serve'], Upgrade];
  const countHandshake = handshakeLimit(app);
  let isClosed = false;
  const count: Door['count'] = async (request, address, tell) => {
    if (isClosed)
      throw new ProblemError('unavailable', { detail: 'The server is stopping. Try again in a minute.' });
    if (!isPoll(request) || !isKnown(io, request)) await countHandshake(address, tell);
  };
  const onUpgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const headers: LimitHeaders = {};
    try {
      const { address } = edge.admit(request);
      await count(request, address, (said) => Object.assign(headers, said));
      checkUpgrade(io, request);
      upgrade(request, socket, head);
    } catch (error) {
      const problem = problemOf(app, error);
      // Koa, which records all others, never sees it.
      if (problem.code === 'too_many_requests') refusals.note(limitedAt(edge, request, problem));
      answerRaw(socket, problem, headers);
    }
  };
  for (const http of servers) http.on('upgrade', onUpgrade);
  io.engine.on('headers', (headers: Record<string, string>) => {
    Object.assign(headers, securityHeadersFor());
  });
  // What is wrong with the handshake itself is found further in, by what Engine.io makes when the server listens.
  servers[0].on('listening', () => {
    webSocketsOf(io).on('wsClientError', (_error, socket) => answerRaw(socket, noUpgrade()));
  });
  const close = () => {
    isClosed = true;
  };
  return { count, serve, close };
}

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Socket.io would listen by itself, and before all others: we decide what it hears, and they stay where they were. */
function listenersOf(io: Server, http: HttpServer): unknown[] {
  const events = ['request', 'upgrade'];
  const others = events.map((event) => http.listeners(event));
  for (const event of events) http.removeAllListeners(event);
  io.attach(http);
  return events.map((event, i) => {
    const [listener] = http.listeners(event);
    http.removeAllListeners(event);
    for (const other of others[i] ?? []) http.on(event, other as () => void);
    return listener;
  });
}

/** The part of `ws` that Engine.io doesn't show. */
const webSocketsOf = (io: Server) =>
  (io.engine as unknown as { ws: unknown }).ws as {
    on(event: 'wsClientError', listener: (error: Error, socket: Duplex) => void): void;
  };

const askedOf = ({ url = '' }: IncomingMessage) => new URLSearchParams(url.replace(/^[^?]*/, ''));

/** As a client goes on asking, over and over. */
const isPoll = (request: IncomingMessage) => METHODS.includes(request.method ?? '') && !isUpgrade(request);

/** Whether it goes on with a connection that is there: each poll is a request. */
function isKnown(io: Server, request: IncomingMessage): boolean {
  const sid = askedOf(request).get('sid');
  const { clients } = io.engine as unknown as { clients: Record<string, unknown> };
  return sid !== null && Object.hasOwn(clients, sid);
}

const noUpgrade = () =>
  new ProblemError('bad_request', {
    detail: 'Connect with GET, as a WebSocket of version 13, and with EIO=4&transport=websocket.',
  });

/** Engine.io's own refusals are bare ones. Throws `bad_request`. */
function checkUpgrade(io: Server, request: IncomingMessage): void {
  const asked = askedOf(request);
  const isFine =
    request.method === 'GET' && asked.get('transport') === 'websocket' && asked.get('EIO') === '4';
  if (!isFine || (asked.has('sid') && !isKnown(io, request))) throw noUpgrade();
}

const limitedAt = ({ callers }: Edge, request: IncomingMessage, { code, extra }: ProblemError): Refusal => ({
  type: 'limited',
  shopId: null,
  actor: SOMEBODY,
  address: callers.of(request).address,
  details: { route: 'socket', code, retryAfter: extra.retryAfter ?? null },
});

function problemOf(app: App, error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const unavailable = unavailableProblem(error, app);
  if (unavailable) return unavailable;
  app.log.error({ err: error }, 'a socket could not be let in');
  return new ProblemError('internal', { detail: 'The socket could not be let in. Try again.' });
}

/** Hands to Socket.io what is for it. */
export const feedRequests =
  (feed: { door?: Door }): Middleware =>
  async (ctx, next) => {
    const { door } = feed;
    if (!door || !isOfFeed(ctx.req)) return await next();
    await door.count(ctx.req, ctx.ip, (headers) => ctx.set(headers));
    if (!METHODS.includes(ctx.method)) {
      ctx.set('Allow', METHODS.join(', '));
      throw new ProblemError('method_not_allowed');
    }
    ctx.respond = false;
    door.serve(ctx.req, ctx.res);
  };
