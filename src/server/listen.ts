import type { Server, ServerResponse } from 'node:http';
import type { ListenOptions, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Connections that are still open so long after the signal to stop are cut. A sale takes milliseconds. */
export const CLOSE_TIMEOUT_MS = 5_000;
/** Connections without a running request are cut after this long: handshakes, partial headers, WebSockets without a close frame. */
const QUIET_MS = 500;

/** Resolves when it listens. Throws what `listen` throws, such as EADDRINUSE. */
export async function listen(http: Server, where: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(where, () => {
      http.off('error', reject);
      resolve();
    });
  });
}

/**
 * Returns what stops a server: it takes no more connections, lets the requests under way finish and ends their connections with
 * the response, and resolves when all connections are closed, after CLOSE_TIMEOUT_MS at most. To be called before anything else
 * listens to the server's requests.
 */
export function closerOf(http: Server): () => Promise<void> {
  // Those that are still agreeing on TLS are in no list of Node's.
  const sockets = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  let isClosing = false;
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  http.on('request', (_request, response: ServerResponse) => {
    responses.add(response);
    response.once('close', () => responses.delete(response));
    if (isClosing) endWith(response);
  });
  http.on('upgrade', (_request, socket) => {
    if (isClosing) socket.destroy();
  });
  const cutQuiet = () => {
    const busy = new Set([...responses].map(({ req }) => addressOf(req.socket)));
    for (const socket of sockets) if (!busy.has(addressOf(socket))) socket.destroy();
  };
  const cutAll = () => {
    http.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  };
  return async () => {
    isClosing = true;
    if (!http.listening) return;
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    for (const response of responses) endWith(response);
    http.closeIdleConnections();
    const cuts = [setTimeout(cutQuiet, QUIET_MS), setTimeout(cutAll, CLOSE_TIMEOUT_MS)];
    await closed;
    for (const cut of cuts) clearTimeout(cut);
  };
}

/** The same for a TLS socket and the one below it. */
const addressOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

/** Ends the connection after this response, with `Connection: close` unless its headers were sent. */
function endWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  else response.once('finish', () => response.req.socket.destroySoon());
}

/** Resolves when all of `work` is settled, or after the timeout. Returns whether it is settled. */
export async function settledWithin(work: Iterable<Promise<unknown>>, ms: number): Promise<boolean> {
  const settled = Promise.allSettled(work).then(() => true);
  return await Promise.race([settled, sleep(Math.max(0, ms), false, { ref: false })]);
}
