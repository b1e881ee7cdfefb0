import type { AttentionNeeded } from '../contract/attention.ts';
import {
  type ActivityChange,
  type FeedPosition,
  formatPosition,
  listEvents,
  MAX_WAIT_SECONDS,
  Position,
} from '../contract/events.ts';
import { type Call, type Context, tell } from './context.ts';
import { isProblem, NoAnswerError, ProblemAnswer } from './errors.ts';
import { createReader, type FeedHandlers, type Stumble } from './feed-reader.ts';
import { openSocket } from './feed-socket.ts';
import { isUnanswered } from './meanings.ts';
import { type Nap, nap, pauseFor } from './pauses.ts';
import { createPeople } from './people.ts';
import type { Sessions } from './sessions.ts';

/** So many WebSockets in a row that can't be opened, while HTTP works, are no accident: something in between has none. */
const SOCKET_TRIES = 3;
/** How long it stays with HTTP before it tries a WebSocket again. */
const HTTP_FOR_MS = 5 * 60_000;
const LEAST_POLL_MS = 1_000;
/** So many gaps at the same place, and it is asked for over HTTP. */
const GAP_TRIES = 3;
/** So many refusals of a token that was renewed just now, and it is not the token. */
const TOKEN_TRIES = 3;

export type Transport = 'websocket' | 'http';

export type FeedState =
  | { status: 'connecting' }
  | { status: 'live'; transport: Transport }
  /** It tries again by itself. */
  | { status: 'waiting'; error: Error | null }
  /** It doesn't: `close()` was called, or the server refuses, as after a sign-out or for a shop that is not yours. */
  | { status: 'stopped'; error: Error | null };

export type FeedOptions = FeedHandlers & {
  onState?: (state: FeedState) => unknown;
  /**
   * Called once for each device that connected or disconnected; after connecting, once for each that is online. Only for
   * managers and owners, and only over a WebSocket.
   */
  onActivity?: (activity: ActivityChange, at: string) => unknown;
  /**
   * What needs the owner, such as a failed backup: all open items on each connection, then each change, with `endedAt` set when
   * it is over. Only owners receive it, and only over a WebSocket; `GET /api/attention` lists what is open.
   */
  onAttention?: (attention: AttentionNeeded['data'], at: string) => unknown;
  /** `auto` (the default) is a WebSocket, and long polling where there can be none. */
  transport?: 'auto' | Transport;
  /** Tells readers of one shop on one store apart: each name has its own place. */
  name?: string;
};

export type Feed = { close(): void };

/** How a connection ended. */
type End =
  | { why: 'stopped' }
  | { why: 'stumbled'; stumble: Stumble }
  | { why: 'failed'; error: unknown }
  /** Over HTTP: long enough to try the better way again. */
  | { why: 'switch' };

/** Follows a shop from the place that is in the store, over every loss of the line, until it is closed or refused. */
export function openFeed(
  context: Context,
  call: Call,
  sessions: Sessions,
  shopId: string,
  options: FeedOptions,
  onLive: (epoch: string) => void,
): Feed {
  const reader = createReader(context, `feed/${shopId}${options.name ? `/${options.name}` : ''}`, options);
  const people = createPeople();
  const stopping = new AbortController();
  const wanted = options.transport ?? 'auto';
  let failures = 0;
  let socketFailures = 0;
  let gaps = { at: '', count: 0 };
  let refusedTokens = 0;
  let pause: Nap | null = null;
  let state: FeedState | null = null;

  function setState(next: FeedState): void {
    if (state?.status === 'stopped') return;
    state = next;
    void tell(context, () => options.onState?.(next));
  }

  function isLive(transport: Transport, { epoch }: FeedPosition): void {
    failures = 0;
    refusedTokens = 0;
    if (transport === 'websocket') socketFailures = 0;
    // Any answer: what waits in the outbox can go.
    context.line.isUp();
    setState({ status: 'live', transport });
    onLive(epoch);
  }

  function stop(error: Error | null): void {
    stopping.abort();
    reader.stop();
    pause?.wake();
    setState({ status: 'stopped', error });
  }

  async function overSocket(): Promise<End> {
    const token = await sessions.token();
    if (token === null) return { why: 'failed', error: new SignedOut() };
    const position = reader.position();
    const auth = { token, shopId, ...(position ? { since: formatPosition(position) } : {}) };
    return await new Promise<End>((resolve) => {
      let close = () => {};
      const end = (how: End) => {
        stopping.signal.removeEventListener('abort', stopped);
        close();
        resolve(how);
      };
      const stopped = () => end({ why: 'stopped' });
      stopping.signal.addEventListener('abort', stopped);
      reader.onStumble((stumble) => end({ why: 'stumbled', stumble }));
      close = openSocket(context.url, auth, context.timeoutMs, {
        onReady(at) {
          reader.push({ kind: 'ready', at });
          isLive('websocket', at);
        },
        onResync(at) {
          reader.push({ kind: 'resync', at });
          isLive('websocket', at);
        },
        onEvent: (event) => reader.push({ kind: 'event', event }),
        onActivity(message) {
          for (const change of people.changes(message))
            void tell(context, () => options.onActivity?.(change, message.at));
        },
        onAttention: ({ data, at }) => void tell(context, () => options.onAttention?.(data, at)),
        onEnd: (error) =>
          end({
            why: 'failed',
            error: isProblem(error, 'unauthenticated') ? new Stale(token, error) : error,
          }),
      });
    });
  }

  /** Long polling; with `once` until it has caught up. */
  async function overHttp(once = false): Promise<End> {
    const until = context.now() + HTTP_FOR_MS;
    let stumbled: Stumble | null = null;
    let isFirst = true;
    reader.onStumble((stumble) => {
      stumbled = stumble;
    });
    while (!stopping.signal.aborted) {
      const position = reader.position();
      const query = {
        ...(position ? { after: formatPosition(position) } : {}),
        // The first answer says whether it works at all, and comes at once.
        wait: isFirst ? 0 : MAX_WAIT_SECONDS,
      };
      const timeoutMs = context.timeoutMs + (isFirst ? 0 : MAX_WAIT_SECONDS * 1000);
      const askedAt = Date.now();
      try {
        const answer = await call(
          listEvents,
          { params: { shopId }, query },
          { timeoutMs, signal: stopping.signal },
        );
        const at = Position.parse(answer.position);
        if (answer.resync) reader.push({ kind: 'resync', at: { ...at, reason: answer.resync } });
        else if (isFirst && !once) reader.push({ kind: 'ready', at: position ?? at });
        for (const event of answer.data) reader.push({ kind: 'event', event });
        await reader.idle();
        // There is no third way to learn what is missing.
        if (stumbled === 'gap') {
          reader.push({ kind: 'resync', at: { ...at, reason: 'gap' } });
          stumbled = null;
          await reader.idle();
        }
        if (stumbled) return { why: 'stumbled', stumble: stumbled };
        if (isFirst && !once) isLive('http', at);
        else if (answer.resync) onLive(at.epoch);
        isFirst = false;
        if (once && answer.data.length === 0) return { why: 'switch' };
        if (wanted === 'auto' && context.now() > until) return { why: 'switch' };
        // Who doesn't wait as asked is not to be asked all the time.
        const tookMs = Date.now() - askedAt;
        if (answer.data.length === 0 && query.wait > 0 && tookMs < LEAST_POLL_MS)
          await rest(LEAST_POLL_MS - tookMs);
      } catch (error) {
        return { why: 'failed', error };
      }
    }
    return { why: 'stopped' };
  }

  async function rest(ms: number): Promise<void> {
    pause = nap(ms);
    await pause.over;
    pause = null;
  }

  async function connect(): Promise<End> {
    if (wanted === 'http') return await overHttp();
    if (gaps.count >= GAP_TRIES) {
      const end = await overHttp(true);
      if (end.why === 'switch') gaps = { at: '', count: 0 };
      return end;
    }
    if (wanted === 'auto' && socketFailures >= SOCKET_TRIES) {
      const end = await overHttp();
      // HTTP doesn't work either: it is the line, and the WebSocket gets its chance again.
      socketFailures = end.why === 'failed' && failures > 0 ? SOCKET_TRIES - 1 : 0;
      return end;
    }
    const end = await overSocket();
    if (end.why === 'failed' && end.error instanceof NoAnswerError) socketFailures += 1;
    return end;
  }

  /** What follows from the end of a connection: null to connect again at once, an error to wait first. Throws to stop. */
  async function judge(end: End): Promise<Error | null> {
    if (end.why === 'stumbled') {
      if (end.stumble === 'gap') {
        const at = JSON.stringify(reader.position());
        gaps = { at, count: gaps.at === at ? gaps.count + 1 : 1 };
      }
      return end.stumble === 'full' ? null : new Error(stumbles[end.stumble]);
    }
    if (end.why !== 'failed') return null;
    const { error } = end;
    if (error instanceof Stale && refusedTokens < TOKEN_TRIES) {
      try {
        await sessions.renewed(error.token);
        refusedTokens += 1;
        return null;
      } catch (fault) {
        return waitFor(fault);
      }
    }
    if (error instanceof Stale) throw error.problem;
    if (error instanceof SignedOut) throw error;
    return waitFor(error);
  }

  /** Only a refusal of what was asked, this shop by this person, stops it. */
  function waitFor(error: unknown): Error {
    if (error instanceof ProblemAnswer && !isUnanswered(error)) throw error;
    return error as Error;
  }

  async function follow(): Promise<void> {
    await reader.load();
    while (!stopping.signal.aborted) {
      setState({ status: 'connecting' });
      const end = await connect().catch((error): End => ({ why: 'failed', error }));
      await reader.idle();
      if (stopping.signal.aborted) return;
      const error = await judge(end);
      if (!error) continue;
      failures += 1;
      setState({ status: 'waiting', error });
      await rest(pauseFor(error, failures, context.pauses));
    }
  }

  const stopListening = context.line.onUp(() => pause?.wake());
  const closeWithClient = () => stop(null);
  context.closed.addEventListener('abort', closeWithClient);
  follow()
    .catch((error) => stop(error as Error))
    .finally(() => {
      stopListening();
      context.closed.removeEventListener('abort', closeWithClient);
    });
  return { close: () => stop(null) };
}

const stumbles = { gap: 'Something was missing in the feed.', failed: 'onReady or onResync failed.' };

/** A connection was refused for its token. */
class Stale extends Error {
  readonly token: string;
  readonly problem: ProblemAnswer;

  constructor(token: string, problem: ProblemAnswer) {
    super(problem.message);
    this.token = token;
    this.problem = problem;
  }
}

class SignedOut extends Error {
  constructor() {
    super('Nobody is signed in.');
  }
}
