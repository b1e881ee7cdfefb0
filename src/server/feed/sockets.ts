import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { App } from '../../app.ts';
import { SocketHandshake } from '../../contract/events.ts';
import { ProblemError, problemBody } from '../../contract/problem.ts';
import { authenticate } from '../../core/auth/authenticate.ts';
import { type Relay, startRelay } from './relay.ts';

/** Devices only listen; what they send is small. */
const MAX_FRAME_BYTES = 16 * 1024;

const room = (shopId: string) => `shop:${shopId}`;

export type LiveFeed = { close(): Promise<void> };

/** The live feed at `/socket.io`: a socket gets every event of its own shop, after the commit, in order. */
export function attachFeed(app: App, http: HttpServer): LiveFeed {
  const io = new Server(http, {
    path: '/socket.io',
    serveClient: false,
    maxHttpBufferSize: MAX_FRAME_BYTES,
    // Browsers of other sites have no business here; a till's own page comes from the same origin.
    cors: { origin: false },
  });
  const relay = startRelay(app, (shopId, event) => io.to(room(shopId)).emit(event.type, event));
  io.use((socket, next) => {
    admit(app, relay, socket).then(
      () => next(),
      (error) => next(refusal(app, error)),
    );
  });
  io.on('connection', (socket) => socket.join(room(socket.data.shopId)));
  return {
    async close() {
      await relay.close();
      io.disconnectSockets(true);
      // The HTTP server itself is closed by whoever opened it.
      io.engine.close();
    },
  };
}

/** Lets a socket into its shop's room, and only there. Throws `unauthenticated`, `not_found`, `invalid_request`. */
async function admit(app: App, relay: Relay, socket: Socket): Promise<void> {
  const handshake = SocketHandshake.safeParse(socket.handshake.auth);
  if (!handshake.success) {
    throw new ProblemError('invalid_request', { detail: 'Connect with auth: { token, shopId }.' });
  }
  const { token, shopId } = handshake.data;
  const { hasShop } = await authenticate(app, app.orm.em.fork(), token, shopId);
  if (!hasShop) throw new ProblemError('not_found', { detail: 'There is no such shop.' });
  await relay.join(shopId);
  socket.data.shopId = shopId;
  // Not 'disconnect': a client that hangs up during the handshake never connected, but did join.
  if (socket.conn.readyState === 'open') socket.conn.once('close', () => relay.leave(shopId));
  else relay.leave(shopId);
}

function refusal(app: App, error: unknown): Error {
  const known = error instanceof ProblemError ? error : new ProblemError('internal');
  if (known !== error) app.log.error({ err: error }, 'a socket could not be let in');
  return Object.assign(new Error(known.message), { data: problemBody(known, 'socket') });
}
