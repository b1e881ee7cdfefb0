import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { App } from '../app.ts';
import { ProblemError } from '../contract/problem.ts';
import { networkOf } from '../core/auth/network.ts';
import type { Callers } from './edge/callers.ts';
import { answerRaw } from './edge/raw-answer.ts';
import { isUpgrade } from './feed/door.ts';

/** A certificate and its key, as PEM. */
export type ServerKeys = { certificate: string; key: string };

/** How long the other side may take. A sale takes milliseconds: all of these are for lines that broke, and for attacks. */
export const usualTimeouts = {
  /** Until the headers are here. */
  headersMs: 10_000,
  /** Until TLS is agreed on; by itself Node waits two minutes. */
  handshakeMs: 10_000,
  /**
   * Until the whole request is. Longer than the minute that our own tills give to a batch of offline sales over a poor line:
   * refused before that, they could only send the same again.
   */
  requestMs: 120_000,
  /** How often Node looks for the two above; by itself it does each half minute. */
  lookMs: 2_000,
  /** Tills keep their connection: a minute between two bills is usual. */
  keepAliveMs: 65_000,
  /** Without a byte either way. Who waits for events waits 25 seconds. */
  silenceMs: 40_000,
  /** For taking an answer: whoever is slower than that makes us keep it. */
  answerMs: 30_000,
};
export type Timeouts = typeof usualTimeouts;

/** The feed's own bound is 10,000 sockets; these are so many more for requests. */
const MAX_CONNECTIONS = 11_000;
/** Node's own; a token has less than one. */
const MAX_HEADER_BYTES = 16 * 1024;
/** It is said so often at most that an address has too many connections. */
const SAY_EVERY_MS = 60_000;

/**
 * Makes HTTP servers with bounds on what a connection may do to them, and answers of our own where Node would write its bare
 * ones; with `keys` they speak TLS. Those on connections are of all servers together.
 */
export function httpMaker(app: App, callers: Callers, timeouts: Timeouts): (keys?: ServerKeys) => Server {
  const count = connectionCounter(app, callers);
  return (keys) => {
    const options = {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.lookMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      // A missing or doubled one is refused with the other names, by an answer like all others.
      requireHostHeader: false,
      shouldUpgradeCallback: isUpgrade,
    };
    const http: Server = keys
      ? createSecureServer({ ...options, ...secureOptions(keys), handshakeTimeout: timeouts.handshakeMs })
      : createServer(options);
    http.timeout = timeouts.silenceMs;
    http.maxConnections = MAX_CONNECTIONS;
    http.on('connection', count);
    const answers = boundAnswers(http, timeouts.answerMs);
    // What a client expects is up to us (RFC 9110 §10.1.1), and we need not know it.
    http.on('checkExpectation', (request, response) => http.emit('request', request, response));
    http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (!socket.writable || !isOfHttp(error) || isOfAnother(answers.get(socket as Socket))) {
        socket.destroy();
      } else answerRaw(socket, problemOf(error));
    });
    return http;
  };
}

/** What a server is given when it is made, and again for another certificate. */
export const secureOptions = ({ certificate, key }: ServerKeys) => ({
  cert: certificate,
  key,
  minVersion: 'TLSv1.2' as const,
});

/** Not of the line itself, nor of a handshake: there is nobody then who would understand an answer. */
const isOfHttp = ({ code = '' }: NodeJS.ErrnoException) => /^(HPE_|ERR_HTTP_)/.test(code);

function problemOf({ code }: NodeJS.ErrnoException): ProblemError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ProblemError('request_timeout', {
      detail: 'The request took too long to arrive. Send it again.',
    });
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProblemError('headers_too_large', {
      detail: `The headers come to more than ${MAX_HEADER_BYTES / 1024} KiB.`,
    });
  }
  return new ProblemError('bad_request', { detail: 'The request can not be read as HTTP.' });
}

/**
 * One address (of IPv6, one network) can't take all connections. Behind a proxy there may be a whole chain of shops: those that
 * are named may.
 */
function connectionCounter(app: App, { addressOf, isProxy }: Callers): (socket: Socket) => void {
  const most = app.config.edge.connectionsPerAddress;
  const open = new Map<string, number>();
  let all = 0;
  let saidAt = -Infinity;
  return (socket) => {
    if (all >= MAX_CONNECTIONS) return void socket.destroy();
    all += 1;
    socket.once('close', () => {
      all -= 1;
    });
    const address = addressOf(socket);
    if (isProxy(address)) return;
    const network = networkOf(address);
    const count = (open.get(network) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      if (performance.now() - saidAt < SAY_EVERY_MS) return;
      saidAt = performance.now();
      app.log.warn(
        { address, most },
        'too many connections of one address; if it is a proxy, name it in trustedProxies',
      );
      return;
    }
    open.set(network, count);
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1;
      if (left === 0) open.delete(network);
      else open.set(network, left);
    });
  };
}

/** The answers of a connection that are under way, in the order of their requests. */
type Answers = Set<ServerResponse>;

/** Whether what is answered now would be taken for the answer to another request, or stand in the middle of one. */
function isOfAnother(answers: Answers = new Set()): boolean {
  const [first, ...others] = answers;
  return first !== undefined && (others.length > 0 || first.headersSent || first.req.complete);
}

/** Hangs up on whoever doesn't take an answer. Gives those that are under way. */
function boundAnswers(http: Server, answerMs: number): WeakMap<Socket, Answers> {
  const open = new WeakMap<Socket, Answers>();
  http.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const answers = open.get(socket) ?? new Set();
    open.set(socket, answers.add(response));
    response.once('prefinish', () => {
      // The client hung up before its response was written.
      if (response.closed) return;
      const cut = setTimeout(() => socket.destroy(), answerMs).unref();
      response.once('close', () => clearTimeout(cut));
    });
    response.once('close', () => answers.delete(response));
  });
  return open;
}
