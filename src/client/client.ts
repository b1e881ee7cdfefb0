import type { NumberLease } from '../contract/devices.ts';
import type { CallAnswer, Route } from '../contract/route.ts';
import { createAnsweredOrders } from './answered-orders.ts';
import { type AnyInput, type CallArguments, type CallOptions, pathOf } from './calls.ts';
import { type Call, type Context, createLine, tell } from './context.ts';
import { createEpochs } from './epochs.ts';
import { isProblem, localProblem, NoAnswerError, type ProblemAnswer } from './errors.ts';
import { type Feed, type FeedOptions, openFeed } from './feed.ts';
import { createHttp, type Fetch } from './http.ts';
import { createLeases } from './leases.ts';
import { createOutbox } from './outbox.ts';
import { nap, type Pauses, patiently, usualPauses } from './pauses.ts';
import type { Conflict, Flushed, Sale, SentSale, Sold, WaitingSale } from './sales.ts';
import { createSessions, type PairedDevice, type Session, type UnpairedDevice } from './sessions.ts';
import type { Store } from './store.ts';

/** Long enough for a poor line, short enough for a customer who waits. */
const TIMEOUT_MS = 10_000;

export type ClientOptions = {
  /** Where the server is: `https://pos.example.com`. */
  url: string;
  store: Store;
  /** What this till calls itself while it isn't paired. */
  device?: UnpairedDevice;
  /** Of each call; default 10 seconds. */
  timeoutMs?: number;
  /** Between tries to send what waits and to reach the feed; default 1 to 30 seconds. */
  pauses?: Partial<Pauses>;
  fetch?: Fetch;
  /** Milliseconds since 1970; default `Date.now`. */
  now?: () => number;
  /** The session is over and was not ended by `signOut`: ask for the password again. */
  onSignedOut?: (problem: ProblemAnswer) => unknown;
  /** A waiting order was accepted, or a confirmed one was returned to a server restored from a backup. */
  onSaleSent?: (sent: SentSale) => unknown;
  /** A sale that waited can't be taken as it is; it is kept among `conflicts()`. */
  onSaleConflict?: (conflict: Conflict) => unknown;
  /** What goes wrong in the background: a handler that threw, a store that is full. Default: the console. */
  onError?: (error: unknown) => void;
};

export type Client = {
  /** Throws `wrong_credentials`, `device_refused`, `too_many_requests`, `too_busy`. */
  signIn(credentials: { email: string; password: string }): Promise<Session>;
  /** Sends what waits, if it can; then ends the session. Sales that are left go out under whoever signs in next. */
  signOut(): Promise<void>;
  /** Who is signed in, as of the sign-in. */
  session(): Promise<Session | null>;
  /** Turns the code that a manager made into this till's credential; sign in after it. Throws `pairing_refused`. */
  pair(code: string, name?: string): Promise<PairedDevice>;
  device(): Promise<PairedDevice | null>;
  /** The till is no paired device any more; the shop still lists it until it is revoked there. */
  forgetDevice(): Promise<void>;

  /**
   * Any line of the route table: `call(contract.listProducts, { params: { shopId } })`. Gives the body, or null. Where the
   * server says when to come again, and that is within the call's time, it does. Throws ProblemAnswer or NoAnswerError.
   */
  call<R extends Route>(route: R, ...args: CallArguments<R>): Promise<CallAnswer<R>>;

  /**
   * Sells. The sale is in the store before it is sent, and stays there until it is answered: without a line it is
   * `queued`. Throws the ProblemAnswer of a sale that the server refuses; that one is not made.
   */
  sell(shopId: string, sale: Sale): Promise<Sold>;
  /** Sends what waits now; it also happens by itself. Never throws for the line: `error` says why something is left. */
  flush(): Promise<Flushed>;
  /**
   * Orders that the server has not confirmed, oldest first; after a restore of the server also confirmed ones that it may have
   * lost.
   */
  outbox(): Promise<WaitingSale[]>;
  /** Sales that the server can't take, kept until `retryConflict` or `dropConflict`. */
  conflicts(): Promise<Conflict[]>;
  retryConflict(id: string): Promise<void>;
  dropConflict(id: string): Promise<void>;

  /**
   * Lends this paired device numbers for offline bills (100 if not said); later they are topped up by themselves. Throws
   * `forbidden` for a device that isn't paired, `lease_refused`.
   */
  leaseNumbers(shopId: string, options?: { count?: number; day?: string }): Promise<NumberLease>;
  /** How many offline bills of today can have a number of their own. */
  numbersLeft(shopId: string): Promise<number>;

  /** Follows what happens in the shop. */
  feed(shopId: string, options: FeedOptions): Feed;
  /** Ends the feeds, the calls under way and all tries in the background. What is in the store stays. */
  close(): void;
};

/** A till's way to the server. `store` holds what a restart must not lose. */
export function createClient(options: ClientOptions): Client {
  const closing = new AbortController();
  const context: Context = {
    url: options.url,
    store: options.store,
    line: createLine(),
    pauses: { ...usualPauses, ...options.pauses },
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    closed: closing.signal,
    now: options.now ?? Date.now,
    onError: options.onError ?? logError,
  };
  const { line } = context;
  const feeds = new Set<Feed>();
  const fetch = options.fetch ?? ((...args: Parameters<Fetch>) => globalThis.fetch(...args));
  const http = createHttp(options.url, fetch, { onAnswer: line.isUp, closed: closing.signal });
  const sessions = createSessions(context, http, {
    device: options.device,
    async onSignedOut(problem) {
      closeFeeds();
      await options.onSignedOut?.(problem);
    },
  });

  const send = async (
    route: Route,
    input: AnyInput = {},
    callOptions: CallOptions = {},
  ): Promise<unknown> => {
    const token = await sessions.token();
    if (token === null && route.permission !== 'nobody')
      throw localProblem('unauthenticated', 'Sign in first.');
    const request = {
      method: route.method,
      path: pathOf(route, input),
      body: input.body,
      isFile: route.answersWith !== undefined,
      timeoutMs: callOptions.timeoutMs ?? context.timeoutMs,
      signal: callOptions.signal,
    };
    const attempt = async (with_: string | null) => {
      const { status, body } = await http({ ...request, token: with_ });
      if (status in route.responses) return body;
      throw new NoAnswerError('unreadable', `Something answered ${status} that is not the server.`);
    };
    try {
      return await attempt(token);
    } catch (error) {
      if (token === null || !isProblem(error, 'unauthenticated')) throw error;
      return await attempt(await sessions.renewed(token));
    }
  };
  const call = send as Call;
  const leases = createLeases(context, call, sessions);
  const soldBy = async () => {
    const session = await sessions.session();
    return session && { user: session.user, device: (await sessions.device()) ?? options.device ?? null };
  };
  const answered = createAnsweredOrders(context, () => epochs.isObserved());
  const epochs = createEpochs(context, call, sessions, answered, leases, () => catchUp());
  const outbox = createOutbox(context, call, { leases, answered, epochs, soldBy }, options);

  const topUp = async () => {
    for (const shopId of await leases.shops()) await leases.topUp(shopId);
  };
  /** The server is there (again). */
  const catchUp = () => {
    outbox.wake();
    void tell(context, topUp);
  };
  const closeFeeds = () => {
    for (const feed of feeds) feed.close();
    feeds.clear();
  };
  line.onUp(() => {
    void tell(context, topUp);
    void tell(context, epochs.check);
  });

  // What a till left behind when it was switched off.
  void tell(context, async () => {
    if ((await sessions.session()) === null || closing.signal.aborted) return;
    catchUp();
    await epochs.check();
  });

  return {
    async signIn({ email, password }) {
      const session = await sessions.signIn(email, password);
      catchUp();
      void tell(context, epochs.check);
      return session;
    },
    async signOut() {
      closeFeeds();
      // Whoever goes home doesn't wait longer for it than for any other call.
      const { over, wake } = nap(line.isDown() ? 0 : context.timeoutMs);
      await Promise.race([outbox.flush().catch(context.onError), over]);
      wake();
      await sessions.signOut();
    },
    session: sessions.session,
    pair: sessions.pair,
    device: sessions.device,
    forgetDevice: sessions.forgetDevice,
    call: (async (route: Route, input?: AnyInput, callOptions: CallOptions = {}) => {
      const { signal, timeoutMs = context.timeoutMs } = callOptions;
      return await patiently(
        (leftMs) => send(route, input, { signal, timeoutMs: leftMs }),
        timeoutMs,
        context.pauses,
        signal ? AbortSignal.any([signal, closing.signal]) : closing.signal,
      );
    }) as Client['call'],
    sell: outbox.sell,
    flush: outbox.flush,
    outbox: outbox.waiting,
    conflicts: outbox.conflicts,
    retryConflict: outbox.retryConflict,
    dropConflict: outbox.dropConflict,
    leaseNumbers: (shopId, leaseOptions) => leases.lease(shopId.toLowerCase(), leaseOptions),
    numbersLeft: (shopId) => leases.left(shopId.toLowerCase()),
    feed(shopId, feedOptions) {
      const id = shopId.toLowerCase();
      const feed = openFeed(context, call, sessions, id, feedOptions, (epoch) => {
        catchUp();
        void tell(context, () => epochs.observe(id, epoch));
      });
      feeds.add(feed);
      return {
        close() {
          feeds.delete(feed);
          feed.close();
        },
      };
    },
    close() {
      closing.abort();
      outbox.close();
      feeds.clear();
    },
  };
}

function logError(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: a till that doesn't say what it does with faults still leaves a trace of them
  console.error('smoocho client:', error);
}
