import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, Middleware } from 'koa';
import { type App, type Count, type Limit, troubleOf } from '../../app.ts';
import { listEvents } from '../../contract/events.ts';
import { MAX_BODY_BYTES } from '../../contract/hygiene.ts';
import { getImage, setProductImage } from '../../contract/images.ts';
import { replayOrders } from '../../contract/offline-orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { Route } from '../../contract/route.ts';
import { networkOf } from '../../core/auth/network.ts';
import { glanceAtToken } from '../../core/auth/tokens.ts';
import { isSigned } from '../../core/images/image-address.ts';
import { createQueues } from '../../core/queue.ts';
import { bearerToken } from '../bearer.ts';
import { HEALTH_PATHS } from '../routes/health.ts';
import { type Troubles, unavailable } from '../trouble.ts';
import { watchSessions } from './renewals.ts';

/** Long enough for the requests of a till that starts, short enough that a wait is hardly noticed. */
const WINDOW_SECONDS = 2;

/** A session's limit divided by this runs concurrently: three of a hundred requests. */
const AT_ONCE_SHARE = 34;
/** Long polls hold no database connection. As many as a session may have sockets. */
const MIN_POLLS = 10;
/**
 * Uploads at once per session, in a queue of their own: a picture over a slow connection takes minutes and would hold up
 * orders. As many as a browser has connections.
 */
const UPLOADS = 6;
/**
 * The limit of all sessions of a user, as a multiple of one session's: tills that share an account can still sell, and a
 * user with many sessions takes no more of the others' share.
 */
const USER_SHARE = 5;
/** The same for concurrent requests: one session's slow reports leave the user's other sessions as many. */
const USER_AT_ONCE = 2;
/** Database connections that the requests of one user leave free for all others. */
const LEFT_TO_OTHERS = 2;
/** Queued requests of one user: three for each of a hundred sessions. */
const USER_WAITING = 300;
/** Picture limit as a multiple of the usual one: a menu loads two hundred at once, and after a power cut all tills of a shop do. */
const IMAGES_SHARE = 20;

/**
 * Limits the requests of each session, and of each client address without one; a large body counts as several. Uses no
 * database: a token with a valid signature counts for its session; a forged one, or one whose key isn't known here yet, for
 * the address. So does a refresh of a session that wasn't seen here. Only a few requests of one session run at a time, and
 * of one user's sessions together, so that endless reports of one user leave the others their share. Signed picture URLs
 * have a limit of their own.
 */
export function limits(app: App, troubles: Troubles): Middleware {
  const times = app.config.edge.requestsPerSecond * WINDOW_SECONDS;
  const atOnce = Math.ceil(times / AT_ONCE_SHARE);
  const calls = linesOf(atOnce);
  const polls = linesOf(Math.max(MIN_POLLS, atOnce));
  const uploads = linesOf(UPLOADS);
  const ofUsers = Math.max(atOnce, Math.min(USER_AT_ONCE * atOnce, app.config.poolSize - LEFT_TO_OTHERS));
  const userCalls = linesOf(ofUsers, USER_WAITING);
  const userUploads = linesOf(USER_AT_ONCE * UPLOADS, USER_WAITING);
  const perSession: Limit = { name: 'session', times, seconds: WINDOW_SECONDS };
  const perUser: Limit = { name: 'user', times: times * USER_SHARE, seconds: WINDOW_SECONDS };
  const perAddress: Limit = { name: 'address', times, seconds: WINDOW_SECONDS };
  const pictures: Limit = { name: 'pictures', times: times * IMAGES_SHARE, seconds: WINDOW_SECONDS };
  const sessions = watchSessions();
  return async (ctx, next) => {
    // A watchdog whose probe is rejected would restart the server.
    if (HEALTH_PATHS.has(ctx.path)) return await next();
    if (asksForImage(app, ctx)) {
      await spend(pictures, networkOf(ctx.ip), 1, ctx);
      return await next();
    }
    const token = bearerToken(ctx.get('authorization'));
    // Kept for the route, so that the signature is verified once.
    const claims = token ? glanceAtToken(app, token) : undefined;
    ctx.state.claims = claims;
    if (claims) sessions.see(claims.sessionId);
    const sessionId = claims?.sessionId ?? (await sessions.renewedBy(ctx));
    const limit = sessionId === undefined ? perAddress : perSession;
    const cost = Math.min(costOf(ctx), Math.ceil(limit.times / 2));
    await spend(limit, sessionId ?? networkOf(ctx.ip), cost, ctx);
    // After the session's limit, so that rejected requests of one session cost the user's other sessions nothing.
    if (claims) await spend(perUser, claims.userId, cost, ctx, false);
    if (sessionId === undefined) return await next();
    const [ofSession, ofUser] = linesFor(ctx);
    const noted = () => next().catch(noteTrouble);
    const work = claims && ofUser ? () => ofUser.run(claims.userId, noted) : noted;
    await ofSession.run(sessionId, work).catch(explainQueue);
  };

  /** Before its place in the queue is given to the next one, who may have waited too long because of it. */
  function noteTrouble(error: unknown): never {
    const trouble = troubleOf(error);
    if (trouble) troubles.note(trouble);
    throw error;
  }

  /** Whoever waited behind requests that a dead database held up did not ask too much. */
  function explainQueue(error: unknown): never {
    const what = error instanceof ProblemError && error.code === 'too_busy' ? troubles.heldUpBy() : undefined;
    throw what === undefined ? error : unavailable(what);
  }

  async function spend(limit: Limit, key: string, cost: number, ctx: Context, isShown = true): Promise<void> {
    const count = await app.limits.spend(limit, key, { cost });
    if (isShown || count.waitSeconds > 0) ctx.set(limitHeaders(limit, count));
    if (count.waitSeconds === 0) return;
    await hold();
    throw tooMany(count.waitSeconds);
  }

  /** The queues of the session and of its user. Long polls for events don't count for the user. */
  function linesFor({ path, method }: Context): [Lines, Lines?] {
    if (POLLS.test(path)) return [polls];
    return method === 'PUT' && FILES.test(path) ? [uploads, userUploads] : [calls, userCalls];
  }
}

/** Whether it requests a picture with a valid signature. Uses no database. */
function asksForImage(app: App, ctx: Context): boolean {
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return false;
  const [, shopId = '', hash = ''] = IMAGES.exec(ctx.path) ?? [];
  const { s } = ctx.query;
  return hash !== '' && typeof s === 'string' && isSigned(app.keys, shopId, hash, s);
}

type Lines = ReturnType<typeof createQueues>;

const linesOf = (atOnce: number, waiting = 100): Lines =>
  createQueues({
    atOnce,
    waiting,
    longestMs: 10_000,
    busy: 'Too much is asked at once by whoever is signed in here. Try again in a few seconds.',
  });

const addressesOf = ({ path }: Route) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`, 'i');
const POLLS = addressesOf(listEvents);

const LARGE_BODIES = addressesOf(replayOrders);
const FILES = addressesOf(setProductImage);
/** Captures the signed parts: shop and hash. */
const IMAGES = new RegExp(
  `^${getImage.path.replace(':shopId', '([0-9a-f-]{36})').replace(':key', '([0-9a-f]{64})-\\d+\\.webp')}$`,
);

/** The part of a body that is parsed in the time of a usual request. */
const PIECE_BYTES = 16 * 1024;
/** A file is streamed to disk, so it costs less: a phone's picture counts as 8 to 16 requests. */
const FILE_PIECE_BYTES = 256 * 1024;

/**
 * One for each started piece of the body; for a body without a length, as for the largest that the route takes. The caller
 * caps it at half the limit, so that the largest batch goes through beside a till's other requests.
 */
function costOf(ctx: Context): number {
  const [most, pieceBytes] = FILES.test(ctx.path)
    ? [setProductImage.maxBodyBytes, FILE_PIECE_BYTES]
    : [LARGE_BODIES.test(ctx.path) ? replayOrders.maxBodyBytes : MAX_BODY_BYTES, PIECE_BYTES];
  const sizeBytes = ctx.get('transfer-encoding') === '' ? Number(ctx.get('content-length')) : most;
  return Math.max(1, Math.ceil(sizeBytes / pieceBytes));
}

export type LimitHeaders = Record<string, string>;

/** What is left of a limit, by draft-ietf-httpapi-ratelimit-headers-10. */
const limitHeaders = ({ name, times, seconds }: Limit, { remaining, resetSeconds }: Count): LimitHeaders => ({
  'RateLimit-Policy': `"${name}";q=${times};w=${seconds}`,
  RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
});

/** Delay of a rejection, so that a client that retries at once costs next to nothing. */
const HOLD_MS = 200;
/** Delayed rejections at a time. More would cost more memory than they save work. */
const MAX_HELD = 1_000;
let held = 0;

async function hold(): Promise<void> {
  if (held >= MAX_HELD) return;
  held += 1;
  await sleep(HOLD_MS);
  held -= 1;
}

/** Long enough for all devices behind one address to reconnect after a power cut. */
const HANDSHAKE_SECONDS = 10;

/** `tell` gets the headers for the response, which may be a rejection. */
export type CountHandshake = (address: string, tell: (headers: LimitHeaders) => void) => Promise<void>;

/** Counts a connection to the live feed for its address. Throws `too_many_requests`. */
export function handshakeLimit(app: App): CountHandshake {
  const times = Math.ceil((app.config.edge.requestsPerSecond * HANDSHAKE_SECONDS) / 2);
  const limit: Limit = { name: 'handshakes', times, seconds: HANDSHAKE_SECONDS };
  return async (address, tell) => {
    const count = await app.limits.spend(limit, networkOf(address));
    tell(limitHeaders(limit, count));
    if (count.waitSeconds > 0) throw tooMany(count.waitSeconds);
  };
}

const tooMany = (seconds: number) =>
  new ProblemError('too_many_requests', {
    detail: `That is too much at once. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    extra: { retryAfter: seconds },
  });
