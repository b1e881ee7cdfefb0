import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { App } from '../../app.ts';
import type { Activity } from '../../contract/activity.ts';
import { type FeedPosition, type Resync, SocketHandshake } from '../../contract/events.ts';
import { parse } from '../../contract/parse.ts';
import { ProblemError, problemBody } from '../../contract/problem.ts';
import { isAtLeast } from '../../contract/users.ts';
import { recordedActor, SOMEBODY } from '../../core/audit/record-security.ts';
import type { Refusal, Refusals } from '../../core/audit/refusals.ts';
import { authenticate } from '../../core/auth/authenticate.ts';
import { deviceNameOf, type Standing } from '../../core/auth/standing.ts';
import { InvalidTokenError, readAccessToken } from '../../core/auth/tokens.ts';
import type { UserActor } from '../../core/context.ts';
import { createQueue } from '../../core/queue.ts';
import type { Edge } from '../edge/edge.ts';
import { unavailableProblem } from '../trouble.ts';
import { type AttentionFeed, watchAttention } from './attention.ts';
import { catchUp, type FeedSocket, type Outgoing, room } from './catch-up.ts';
import { guardConnections } from './connections.ts';
import { type Door, FEED_PATH, openDoor } from './door.ts';
import { type Presence, startPresence } from './presence.ts';
import { type Relay, startRelay } from './relay.ts';
import { watchStandings } from './standings.ts';

/** Devices only listen; what they send is small. */
const MAX_FRAME_BYTES = 16 * 1024;
/** With these, a connection that is only half there is gone after 18 seconds. */
const PING_EVERY_MS = 10_000;
const PING_TIMEOUT_MS = 8_000;
/** A connection that doesn't say who it is. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Of one session: a till, and the browser tabs that were left open. */
const MAX_SOCKETS_A_SESSION = 10;
const leadersRoom = (shopId: string) => `leaders:${shopId}`;

/** After a power cut all tills come back at once: they wait here and not for the database's connections. */
const admissions = () =>
  createQueue({ atOnce: 4, waiting: 5_000, busy: 'Too many devices connect at once. Try again shortly.' });

export type LiveFeed = {
  relay: Relay;
  presence: Presence;
  /** Devices that are connected. */
  sockets(): number;
  /** Takes the sockets of these servers. */
  attach(servers: [HttpServer, ...HttpServer[]], edge: Edge): void;
  /** Open once it is attached. */
  door?: Door;
  close(): Promise<void>;
};
type Admitted = { actor: UserActor; standing: Standing; since: FeedPosition | null | undefined };

/**
 * The live feed at `/socket.io`: a socket gets every event of its own shop, after the commit, in order, once. `onEvent` hears
 * how old each was when it was sent.
 */
export function openFeed(
  app: App,
  refusals: Refusals,
  onEvent: (ageMs: number) => void = () => {},
): LiveFeed {
  const io = new Server<Record<string, never>, Outgoing>({
    path: FEED_PATH,
    serveClient: false,
    maxHttpBufferSize: MAX_FRAME_BYTES,
    pingInterval: PING_EVERY_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Of several processes, each request of a polling client would reach another one.
    transports: app.config.redisUrl ? ['websocket'] : ['websocket', 'polling'],
    // The door says which pages may use it.
    cors: { origin: false },
  });
  const relay = startRelay(app, {
    emit(shopId, event) {
      io.to(room(shopId)).emit(event.type, event);
      onEvent(app.now().getTime() - Date.parse(event.at));
    },
    restart: (shopId, position) =>
      io.to(room(shopId)).emit('resync', { ...position, reason: 'other_epoch' } satisfies Resync),
  });
  const presence = startPresence(app, (shopId, activity) =>
    io.to(leadersRoom(shopId)).emit('user_activity', activity),
  );
  const sessions = new Map<string, number>();
  const queue = admissions();
  const asking = new WeakSet<Socket['conn']>();
  io.use((socket, next) => {
    const { conn } = socket;
    if (asking.has(conn)) return next(refusal(app, alreadyIn()));
    asking.add(conn);
    const noteDenied = (who: Pick<Refusal, 'shopId' | 'actor' | 'deviceId'>, details: object) =>
      refusals.note({
        type: 'denied',
        ...who,
        address: edge?.callers.of(socket.request).address ?? null,
        details: { route: 'socket', ...details },
      });
    const letIn = async () => {
      socket.data = await admit(app, relay, socket, (actor, shopId) =>
        noteDenied({ shopId: actor.shopId, ...recordedActor(actor) }, { code: 'other_shop', shopId }),
      );
      countSession(sessions, socket);
    };
    queue.run(letIn).then(
      () => next(),
      (error) => {
        // Whoever was refused may ask again.
        asking.delete(conn);
        if (error instanceof InvalidTokenError) {
          noteDenied({ shopId: null, actor: SOMEBODY }, { code: 'invalid_token' });
        }
        next(refusal(app, error));
      },
    );
  });
  io.on('connection', (socket) => {
    // Whoever leaves and keeps the line would still count as there.
    socket.once('disconnect', () => socket.conn.close(true));
    serve(app, { relay, presence, attention }, socket).catch((error) => {
      app.log.warn({ err: error }, 'a socket could not be served');
      socket.conn.close();
    });
  });
  let connections: ReturnType<typeof guardConnections> | undefined;
  let edge: Edge | undefined;
  const standings = watchStandings(app, io);
  const attention = watchAttention(app, io);
  const feed: LiveFeed = {
    relay,
    presence,
    sockets: () => io.of('/').sockets.size,
    attach(servers, ownEdge) {
      edge = ownEdge;
      feed.door = openDoor(app, io, servers, ownEdge, refusals);
      connections = guardConnections(io, app.log);
    },
    async close() {
      feed.door?.close();
      standings.stop();
      presence.close();
      const [attentionStopped, relayClosed] = [attention.stop(), relay.close()];
      // Closed below Socket.io: a client that is told to disconnect would not come back by itself.
      connections?.closeAll();
      // The HTTP server itself is closed by whoever opened it.
      io.engine?.close();
      await Promise.all([attentionStopped, relayClosed]);
    },
  };
  return feed;
}

/** Lets a socket into its shop, and only there; the shop's feed is followed from now on. Throws `unauthenticated`, `not_found`, `invalid_request`. */
async function admit(
  app: App,
  relay: Relay,
  socket: Socket,
  onStranger: (actor: UserActor, shopId: string) => void,
): Promise<Admitted> {
  const { token, shopId, since } = readHandshake(socket);
  const claims = await readAccessToken(app, token);
  const { actor, hasShop } = await authenticate(app, app.orm.em.fork(), claims, shopId);
  if (!hasShop) {
    onStranger(actor, shopId);
    throw new ProblemError('not_found', { detail: 'There is no such shop.' });
  }
  await relay.follow(shopId);
  onClose(socket, () => relay.unfollow(shopId));
  return { actor, standing: { sessionId: actor.sessionId, shopId, role: actor.role }, since };
}

function readHandshake(socket: Socket) {
  try {
    return parse(SocketHandshake, socket.handshake.auth);
  } catch (error) {
    const errors = error instanceof ProblemError ? error.errors : undefined;
    throw new ProblemError('invalid_request', {
      detail: 'Connect with auth: { token, shopId, since? }.',
      ...(errors ? { errors } : {}),
    });
  }
}

const alreadyIn = () =>
  new ProblemError('too_many_requests', { detail: 'This connection has said already who it is.' });

/** One more of its session. Throws `too_many_requests` when it has too many. */
function countSession(sessions: Map<string, number>, socket: Socket): void {
  const { sessionId } = (socket.data as Admitted).standing;
  const count = sessions.get(sessionId) ?? 0;
  if (count >= MAX_SOCKETS_A_SESSION) {
    throw new ProblemError('too_many_requests', {
      detail: `A session has at most ${MAX_SOCKETS_A_SESSION} connections. Close some, or sign in again.`,
    });
  }
  sessions.set(sessionId, count + 1);
  onClose(socket, () => {
    const left = (sessions.get(sessionId) ?? 1) - 1;
    if (left === 0) sessions.delete(sessionId);
    else sessions.set(sessionId, left);
  });
}

/** Not 'disconnect': a client that hangs up during the handshake never connected. */
function onClose(socket: Socket, work: () => void): void {
  if (socket.conn.readyState === 'open') socket.conn.once('close', work);
  else work();
}

async function serve(
  app: App,
  { relay, presence, attention }: { relay: Relay; presence: Presence; attention: AttentionFeed },
  socket: FeedSocket,
): Promise<void> {
  const { actor, standing, since } = socket.data as Admitted;
  const { shopId } = standing;
  // Without a pause for whoever starts from now: what happens after the client knows that it is connected reaches it.
  await catchUp(app, relay, socket, shopId, since);
  const deviceName = await deviceNameOf(app.orm.em.fork(), standing.sessionId);
  if (!socket.connected) return;
  const now = app.now().toISOString();
  const { id: userId, name, role, deviceId } = actor;
  const person: Activity = {
    id: socket.id,
    userId,
    name,
    role,
    deviceId,
    deviceName,
    since: now,
    lastSeenAt: now,
  };
  presence.enter(shopId, person);
  if (isAtLeast(role, 'manager')) {
    socket.emit('user_activity', presence.whole(shopId));
    socket.join(leadersRoom(shopId));
  }
  socket.conn.on('heartbeat', () => presence.seen(shopId, socket.id));
  onClose(socket, () => presence.leave(shopId, socket.id));
  if (role === 'owner') await attention.welcome(socket);
}

function refusal(app: App, error: unknown): Error {
  if (error instanceof ProblemError) return asError(error);
  const unavailable = unavailableProblem(error, app);
  if (unavailable) return asError(unavailable);
  app.log.error({ err: error }, 'a socket could not be let in');
  return asError(new ProblemError('internal', { detail: 'The socket could not be let in. Try again.' }));
}

const asError = (problem: ProblemError) =>
  Object.assign(new Error(problem.message), { data: problemBody(problem, 'socket') });
