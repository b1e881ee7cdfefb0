import type { Server } from 'node:http';
import type { ListenOptions, Socket } from 'node:net';

/** After this long the connections that are still open are cut; a sale takes milliseconds. */
export const CLOSE_TIMEOUT_MS = 5_000;

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

/** Returns what lets the requests under way finish, within bounds. */
export function closerOf(http: Server): () => Promise<void> {
  // Those that are still agreeing on TLS are in no list of Node's.
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return async () => {
    if (!http.listening) return;
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeIdleConnections();
    const cut = setTimeout(() => {
      http.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    }, CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(cut);
  };
}
