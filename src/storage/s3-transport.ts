import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import https from 'node:https';

/** Timeouts for an S3 server. */
export const usualTimeouts = {
  /** A reachable server accepts a connection in a fraction of this. */
  connectMs: 4_000,
  /** Without a byte in either direction before the response: even on a slow connection an 8 MiB part keeps moving. */
  silenceMs: 15_000,
  /** Without a byte of the response body: the reader may have to write to a slow disk first. */
  bodySilenceMs: 60_000,
};
export type S3Timeouts = typeof usualTimeouts;

/** Idle connections kept for the next image, and the most to one server. */
const AGENT = { keepAlive: true, maxFreeSockets: 8, maxSockets: 256 };

/** The library throws without reading the body of these statuses, so it is drained here to free the connection. */
const LEFT_UNREAD: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 520]);

/** Status and Date header of a call's last response, also when the library throws. */
export type S3Call = { status?: number; date?: string | undefined; signal?: AbortSignal };

const calls = new AsyncLocalStorage<S3Call>();

/** Runs a library call and records the response in `call`. */
export const watchCall = <T>(call: S3Call, work: () => Promise<T>): Promise<T> => calls.run(call, work);

class S3TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}

export type S3Transport = {
  transport: { request: typeof http.request };
  agent: http.Agent;
};

/** The library's HTTP transport with a timeout on every wait; its own has none. */
export function createTransport(isTls: boolean, timeouts: S3Timeouts = usualTimeouts): S3Transport {
  const agent = isTls ? new https.Agent(AGENT) : new http.Agent(AGENT);
  const send = isTls ? https.request : http.request;
  const request = (options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const call = calls.getStore();
    const given = { ...options, timeout: timeouts.silenceMs, ...(call?.signal && { signal: call.signal }) };
    const sent = send(given, (response) => {
      if (call) Object.assign(call, { status: response.statusCode, date: response.headers.date });
      response.socket.setTimeout(timeouts.bodySilenceMs);
      if (LEFT_UNREAD.has(response.statusCode ?? 0)) response.resume();
      onResponse(response);
    });
    const giveUp = (what: string) => sent.destroy(new S3TimeoutError(what));
    sent.on('timeout', () => giveUp('nothing came in time'));
    sent.on('socket', (socket) => {
      if (!socket.connecting) return;
      const late = setTimeout(() => giveUp('no connection in time'), timeouts.connectMs);
      const clear = () => clearTimeout(late);
      socket.once(isTls ? 'secureConnect' : 'connect', clear).once('close', clear);
    });
    return sent;
  };
  return { transport: { request: request as typeof http.request }, agent };
}

/** The status of an unauthenticated GET; undefined without a response. */
export function askAnonymously(url: URL): Promise<number | undefined> {
  const { transport, agent } = createTransport(url.protocol === 'https:');
  return new Promise((resolve) => {
    const done = (status?: number) => {
      agent.destroy();
      resolve(status);
    };
    const sent = transport.request({ ...urlOptions(url), agent, method: 'GET' }, (response) => {
      response.resume();
      done(response.statusCode);
    });
    sent.on('error', () => done());
    sent.end();
  });
}

const urlOptions = ({ hostname, port, pathname, search }: URL): http.RequestOptions => ({
  hostname: hostname.replace(/^\[|\]$/g, ''),
  ...(port === '' ? {} : { port }),
  path: `${pathname}${search}`,
});
