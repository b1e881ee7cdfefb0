import { expect } from 'chai';
import type { Socket } from 'socket.io';
import type { Client, ClientOptions } from '../../src/client/client.ts';
import type { FeedOptions, FeedState } from '../../src/client/feed.ts';
import type { FeedEvent, FeedResync } from '../../src/client/feed-reader.ts';
import { memoryStore } from '../../src/client/store.ts';
import type { AttentionNeeded } from '../../src/contract/attention.ts';
import {
  type ActivityChange,
  type EventEnvelope,
  formatPosition,
  listEvents,
} from '../../src/contract/events.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import {
  closeTills,
  EPOCH,
  eventOf,
  pause,
  problem,
  type ScriptedServer,
  SHOP,
  startScriptedServer,
  tillOf,
  until,
} from './support.ts';

const OTHER_EPOCH = '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a56';
const AT = '2026-04-01T10:00:00.000Z';

type Auth = { token: string; shopId: string; since?: string };

describe('the feed of the client', () => {
  let server: ScriptedServer;
  /** What happened in the shop. */
  let log: EventEnvelope[];
  let auths: Auth[];
  let serve: (socket: Socket, since: number | null) => void;

  beforeEach(async () => {
    server = await startScriptedServer();
    log = [];
    auths = [];
    serve = (socket, since) => {
      const seq = since ?? log.length;
      socket.emit('ready', { epoch: EPOCH, seq });
      for (const event of log.slice(seq)) socket.emit(event.type, event);
    };
    server.io.on('connection', (socket) => {
      const auth = socket.handshake.auth as Auth;
      auths.push(auth);
      serve(socket, auth.since ? Number(auth.since.split(':')[1]) : null);
    });
    server.on('GET /api/shops/:shopId/events', async ({ query }) => {
      const after = Number(query.get('after')?.split(':')[1] ?? log.length);
      const wait = Number(query.get('wait'));
      for (const end = Date.now() + wait * 20; log.length === after && Date.now() < end; ) await pause(5);
      return {
        body: { data: log.slice(after), position: `${EPOCH}:${log.length}`, resync: null },
      };
    });
  });
  afterEach(async () => {
    closeTills();
    await server.close();
  });

  const happen = (more: Partial<EventEnvelope> = {}) => {
    const event = eventOf(log.length + 1, more);
    log.push(event);
    server.io.emit(event.type, event);
  };
  const polls = () => server.heard.filter(({ path }) => path.endsWith('/events'));

  async function signedIn(options: Partial<ClientOptions> = {}, url = server.url): Promise<Client> {
    const till = tillOf(url, options);
    await till.signIn({ email: 'a@b.c', password: 'x' });
    return till;
  }

  function follow(till: Client, options: Partial<FeedOptions> = {}) {
    const heard = {
      seqs: [] as number[],
      events: [] as FeedEvent[],
      readies: [] as object[],
      resyncs: [] as FeedResync[],
      states: [] as FeedState[],
      last: () => heard.states.at(-1) as FeedState,
      isLive: () => heard.states.at(-1)?.status === 'live',
    };
    const feed = till.feed(SHOP, {
      onReady: (at) => heard.readies.push(at),
      onResync: (at) => heard.resyncs.push(at),
      onState: (state) => heard.states.push(state),
      ...options,
      async onEvent(event) {
        await options.onEvent?.(event);
        heard.events.push(event);
        heard.seqs.push(event.seq);
      },
    });
    return { ...heard, feed };
  }

  const upTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => from + i);

  it('begins where the feed stands, and hands over each event in order', async () => {
    happen();
    const { seqs, events, readies, states, isLive } = follow(await signedIn());
    await until(isLive);
    happen();
    happen({ type: 'data_imported', data: { kind: 'sales', orders: 1, lines: 1, products: 0 } });
    await until(() => seqs.length === 2);
    expect(readies).to.deep.equal([{ epoch: EPOCH, seq: 1, isResumed: false }]);
    expect(events).to.deep.equal(log.slice(1));
    for (const event of events)
      if (event.type === 'data_imported') expect(event.data.orders satisfies number).to.equal(1);
    expect(states).to.deep.equal([{ status: 'connecting' }, { status: 'live', transport: 'websocket' }]);
    expect(auths).to.deep.equal([{ token: 'access-1', shopId: SHOP }]);
  });

  it('goes on from its place after each loss of the line: nothing twice, nothing left out', async () => {
    const line = await startTcpProxy(server.url);
    const { seqs, readies, isLive } = follow(await signedIn({}, line.url));
    await until(isLive);
    for (let round = 1; round <= 5; round += 1) {
      happen();
      happen();
      await until(() => seqs.length === round * 4 - 2);
      line.cut();
      happen();
      happen();
      await until(() => seqs.length === round * 4);
    }
    expect(seqs).to.deep.equal(upTo(20));
    expect(readies.slice(1)).to.deep.equal(
      auths.slice(1).map(({ since }) => ({
        epoch: EPOCH,
        seq: Number(since?.split(':')[1]),
        isResumed: true,
      })),
    );
    await line.close();
  });

  it('goes on from its place after a restart; each name has a place of its own', async () => {
    const store = memoryStore();
    const till = await signedIn({ store });
    const before = follow(till);
    await until(before.isLive);
    happen();
    await until(() => before.seqs.length === 1);
    before.feed.close();
    expect(before.last()).to.deep.equal({ status: 'stopped', error: null });
    till.close();
    happen();
    const again = tillOf(server.url, { store });
    const { seqs } = follow(again);
    await until(() => seqs.length === 1);
    expect(seqs).to.deep.equal([2]);
    const kitchen = follow(again, { name: 'kitchen' });
    await until(kitchen.isLive);
    expect(kitchen.readies).to.deep.equal([{ epoch: EPOCH, seq: 2, isResumed: false }]);
  });

  it('counts an event only when its handler is through: after a crash it comes again', async () => {
    const store = memoryStore();
    const till = await signedIn({ store });
    const started: number[] = [];
    const crashed = follow(till, {
      onEvent: ({ seq }) => {
        started.push(seq);
        return seq === 2 ? new Promise(() => {}) : undefined;
      },
    });
    await until(crashed.isLive);
    for (let i = 0; i < 3; i += 1) happen();
    await until(() => started.length === 2);
    till.close();
    const { seqs } = follow(tillOf(server.url, { store }));
    await until(() => seqs.length === 2);
    expect(seqs).to.deep.equal([2, 3]);
  });

  it('hands over one event at a time, and leaves the line when too many wait', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    const till = await signedIn();
    const { seqs, isLive } = follow(till, {
      async onEvent({ seq }) {
        running += 1;
        expect(running).to.equal(1);
        await (seq === 1 ? gate : null);
        running -= 1;
      },
    });
    await until(isLive);
    for (let i = 0; i < 1_500; i += 1) happen();
    await until(() => server.io.engine.clientsCount === 0);
    release();
    await until(() => seqs.length === 1_500);
    expect(seqs).to.deep.equal(upTo(1_500));
    expect(auths).to.have.length(2);
  });

  it('drops what it has seen, and hears of types that it does not know', async () => {
    const { seqs, isLive } = follow(await signedIn());
    await until(isLive);
    happen();
    server.io.emit('product_deleted', eventOf(1));
    happen({ type: 'moon_rose' as 'order_created' });
    server.io.emit('product_deleted', eventOf(1));
    happen();
    await until(() => seqs.length === 3);
    expect(seqs).to.deep.equal([1, 2, 3]);
    expect(auths).to.have.length(1);
  });

  it('connects again from its place when something is missing', async () => {
    const { seqs, isLive } = follow(await signedIn());
    await until(isLive);
    happen();
    log.push(eventOf(2));
    happen();
    await until(() => seqs.length === 3);
    expect(seqs).to.deep.equal([1, 2, 3]);
    expect(auths.map(({ since }) => since)).to.deep.equal([undefined, `${EPOCH}:1`]);
  });

  it('asks over HTTP when it is missing again and again', async () => {
    const holes = (socket: Socket, since: number | null) => {
      socket.emit('ready', { epoch: EPOCH, seq: since ?? log.length });
      if (since === 1) socket.emit('product_deleted', eventOf(3));
    };
    const { seqs, resyncs, isLive } = follow(await signedIn());
    await until(isLive);
    happen();
    await until(() => seqs.length === 1);
    serve = holes;
    log.push(eventOf(2));
    happen();
    await until(() => seqs.length === 3);
    await until(isLive);
    happen();
    await until(() => seqs.length === 4);
    expect(seqs).to.deep.equal([1, 2, 3, 4]);
    expect(resyncs).to.deep.equal([]);
    expect(polls()[0]?.query.get('after')).to.equal(`${EPOCH}:1`);
  });

  it('says that it does not know when HTTP has the same hole, and goes on after it', async () => {
    const { seqs, resyncs, isLive } = follow(await signedIn());
    await until(isLive);
    happen();
    await until(() => seqs.length === 1);
    server.on('GET /api/shops/:shopId/events', ({ query }) => {
      const after = Number(query.get('after')?.split(':')[1]);
      return { body: { data: log.filter(({ seq }) => seq > after), position: `${EPOCH}:3`, resync: null } };
    });
    serve = (socket, since) => {
      socket.emit('ready', { epoch: EPOCH, seq: since ?? 0 });
      for (const event of log.filter(({ seq }) => seq > (since ?? 0))) socket.emit(event.type, event);
    };
    log.push(eventOf(3));
    server.io.emit('product_deleted', eventOf(3));
    await until(() => resyncs.length === 1);
    expect(resyncs).to.deep.equal([{ epoch: EPOCH, seq: 3, reason: 'gap' }]);
    await until(isLive);
    log.push(eventOf(4));
    server.io.emit('product_deleted', eventOf(4));
    await until(() => seqs.length === 2);
    expect(seqs).to.deep.equal([1, 4]);
  });

  it('fetches everything again when the server can not tell what was missed', async () => {
    const store = memoryStore();
    await store.put(`feed/${SHOP}`, formatPosition({ epoch: OTHER_EPOCH, seq: 77 }));
    serve = (socket, since) => {
      if (since === 77) socket.emit('resync', { epoch: EPOCH, seq: 5, reason: 'other_epoch' });
      else socket.emit('ready', { epoch: EPOCH, seq: since });
      if (log.length > 5) socket.emit('product_deleted', log[5]);
    };
    for (let i = 0; i < 5; i += 1) happen();
    const order: string[] = [];
    let tries = 0;
    const errors: unknown[] = [];
    const till = await signedIn({ store, onError: (error) => errors.push(error) });
    const { resyncs, seqs } = follow(till, {
      async onResync({ reason, seq }) {
        tries += 1;
        // The first time it can't fetch: it is told again.
        if (tries === 1) throw new Error('no line');
        await pause(20);
        order.push(`${reason} ${seq}`);
      },
      onEvent: ({ seq }) => order.push(`event ${seq}`),
    });
    await until(() => order.length === 1);
    happen();
    await until(() => seqs.length === 1);
    expect(order).to.deep.equal(['other_epoch 5', 'event 6']);
    expect([tries, resyncs.length, errors.length]).to.deep.equal([2, 0, 1]);
    expect(await store.get(`feed/${SHOP}`)).to.equal(`${EPOCH}:6`);
  });

  it('calls a handler that throws again, and goes on without it in the end', async () => {
    const errors: unknown[] = [];
    const { seqs, isLive } = follow(await signedIn({ onError: (error) => errors.push(error) }), {
      onEvent({ seq }) {
        if (seq === 1 && errors.length < 1) throw new Error('once');
        if (seq === 2) throw new Error('always');
      },
    });
    await until(isLive);
    for (let i = 0; i < 3; i += 1) happen();
    await until(() => seqs.length === 2);
    expect(seqs).to.deep.equal([1, 3]);
    expect(errors.map((error) => (error as Error).message)).to.deep.equal([
      'once',
      'always',
      'always',
      'always',
    ]);
  });

  it('renews a token that is refused, and stops when the server means somebody else', async () => {
    let refuse = (auth: Auth): string | null => (auth.token === 'access-1' ? 'unauthenticated' : null);
    server.io.use((socket, next) => {
      const code = refuse(socket.handshake.auth as Auth);
      if (!code) return next();
      const data = (problem(code, code === 'not_found' ? 404 : 401) as { body: object }).body;
      next(Object.assign(new Error('No.'), { data }));
    });
    const till = await signedIn();
    const { isLive } = follow(till);
    await until(isLive);
    expect(auths.map(({ token }) => token)).to.deep.equal(['access-2']);
    refuse = () => 'not_found';
    const stopped = follow(till, { name: 'other' });
    await until(() => stopped.last()?.status === 'stopped');
    expect((stopped.last() as { error: Error }).error).to.include({ code: 'not_found', status: 404 });
    refuse = () => 'unauthenticated';
    const never = follow(till, { name: 'third' });
    await until(() => never.last()?.status === 'stopped');
    expect((never.last() as { error: Error }).error).to.include({ code: 'unauthenticated' });
    expect(server.heard.filter(({ path }) => path.endsWith('/refresh')).length).to.be.lessThan(6);
  });

  for (const answer of [
    problem('too_many_requests', 429),
    problem('too_busy', 503),
    problem('internal', 500),
    problem('host_refused', 421),
    problem('origin_refused', 403),
    problem('request_timeout', 408),
  ]) {
    const { body } = answer as { body: { type: string } };
    it(`waits when its token can not be renewed now, and goes on: ${body.type}`, async () => {
      server.io.use((socket, next) => {
        if ((socket.handshake.auth as Auth).token !== 'access-1') return next();
        const data = (problem('unauthenticated', 401) as { body: object }).body;
        next(Object.assign(new Error('No.'), { data }));
      });
      const { states, isLive } = follow(await signedIn());
      let refusals = 0;
      server.on('POST /api/auth/refresh', () => {
        refusals += 1;
        const tokens = { accessToken: 'access-9', refreshToken: 'refresh-9', expiresIn: 900 };
        // More often than a token that was just renewed may be refused.
        return refusals < 9 ? answer : { body: tokens };
      });
      await until(isLive);
      // `fetch` by itself asks twice where the answer is 421.
      expect(states.filter(({ status }) => status === 'waiting').length).to.be.at.least(4);
    });
  }

  it('stops when nobody is signed in any more', async () => {
    const till = await signedIn();
    const { last, isLive } = follow(till);
    await until(isLive);
    await till.signOut();
    expect(last().status).to.equal('stopped');
    const nobody = follow(till);
    await until(() => nobody.last()?.status === 'stopped');
    expect((nobody.last() as { error: Error }).error.message).to.equal('Nobody is signed in.');
    await until(() => server.io.engine.clientsCount === 0);
  });

  it('does not take a server that says nothing for a feed', async () => {
    serve = () => {};
    const { states } = follow(await signedIn({ timeoutMs: 60 }), { transport: 'websocket' });
    await until(() => states.filter(({ status }) => status === 'waiting').length === 2);
    expect(states.map(({ status }) => status).slice(0, 4)).to.deep.equal([
      'connecting',
      'waiting',
      'connecting',
      'waiting',
    ]);
  });

  it('sends what waits in the outbox as soon as the server is heard again', async () => {
    const line = await startTcpProxy(server.url);
    const sent: string[] = [];
    // Of its own accord it would try in ten minutes.
    const pauses = { leastMs: 600_000, mostMs: 600_000 };
    const till = await signedIn({ pauses, onSaleSent: ({ id }) => sent.push(id) }, line.url);
    server.on('POST /api/shops/:shopId/orders/batch', ({ body }) => ({
      body: { data: body.orders.map(({ id }: { id: string }) => ({ id, result: 'created', order: { id } })) },
    }));
    const sell = () => till.sell(SHOP, { items: [{ productId: SHOP, quantity: 1 }], paymentMethod: 'cash' });
    line.refuse();
    expect((await sell()).status).to.equal('queued');
    line.accept();
    await till.call(listEvents, { params: { shopId: SHOP } });
    await until(() => sent.length === 1);
    line.refuse();
    expect((await sell()).status).to.equal('queued');
    line.accept();
    await until(follow(till).isLive);
    await until(() => sent.length === 2);
    await line.close();
  });

  it('shows managers who is there', async () => {
    const seen: [ActivityChange, string][] = [];
    const { isLive } = follow(await signedIn(), { onActivity: (data, at) => seen.push([data, at]) });
    await until(isLive);
    const at = '2026-04-01T10:00:00.000Z';
    const change = (id: string, isOnline: boolean) => ({ id, name: id, isOnline });
    const send = (isWhole: boolean, ...data: ReturnType<typeof change>[]) =>
      server.io.emit('user_activity', { type: 'user_activity', at, isWhole, data });
    send(true, change('Asha', true), change('Ravi', true));
    // What is known is no news, nor is it that somebody went who was never there.
    send(false, change('Ravi', true), change('Asha', false), change('Mira', false));
    // As after a line that was away: who isn't on the list any more has gone.
    send(true, change('Kiran', true));
    await until(() => seen.length === 5);
    expect(seen).to.deep.equal(
      [
        change('Asha', true),
        change('Ravi', true),
        change('Asha', false),
        change('Ravi', false),
        change('Kiran', true),
      ].map((data) => [data, at]),
    );
  });

  it('shows owners what needs them', async () => {
    const seen: [AttentionNeeded['data'], string][] = [];
    const { isLive, seqs } = follow(await signedIn(), { onAttention: (data, at) => seen.push([data, at]) });
    await until(isLive);
    const data = {
      code: 'backup_failed',
      severity: 'problem',
      detail: 'The disk is full.',
      since: AT,
      endedAt: null,
    };
    server.io.emit('attention_needed', { type: 'attention_needed', at: AT, data });
    server.io.emit('attention_needed', { type: 'attention_needed', at: AT, data: { ...data, endedAt: AT } });
    await until(() => seen.length === 2);
    expect(seen).to.deep.equal([
      [data, AT],
      [{ ...data, endedAt: AT }, AT],
    ]);
    expect(seqs).to.deep.equal([]);
  });

  describe('without WebSockets', () => {
    it('goes over HTTP from the same place', async () => {
      const store = memoryStore();
      const till = await signedIn({ store });
      const { seqs, readies, states, isLive, feed } = follow(till, { transport: 'http' });
      await until(isLive);
      for (let i = 1; i <= 3; i += 1) {
        happen();
        await until(() => seqs.length === i);
      }
      expect(seqs).to.deep.equal([1, 2, 3]);
      expect(readies).to.deep.equal([{ epoch: EPOCH, seq: 0, isResumed: false }]);
      expect(states.at(-1)).to.deep.equal({ status: 'live', transport: 'http' });
      feed.close();
      const socket = follow(till);
      await until(socket.isLive);
      expect(auths).to.deep.equal([{ token: 'access-1', shopId: SHOP, since: `${EPOCH}:3` }]);
    });

    it('finds that out by itself', async () => {
      server.io.engine.use((_request: unknown, response: { writeHead(n: number): void; end(): void }) => {
        response.writeHead(400);
        response.end();
      });
      const { seqs, isLive, last } = follow(await signedIn());
      await until(isLive);
      expect(last()).to.deep.equal({ status: 'live', transport: 'http' });
      happen();
      await until(() => seqs.length === 1);
    });

    it('hears that it has to fetch again, and waits out a loss of the line', async () => {
      const line = await startTcpProxy(server.url);
      const { seqs, resyncs, isLive, states } = follow(await signedIn({}, line.url), { transport: 'http' });
      await until(isLive);
      happen();
      await until(() => seqs.length === 1);
      line.refuse();
      await until(() => states.at(-1)?.status === 'waiting');
      happen();
      line.accept();
      await until(() => seqs.length === 2);
      server.on('GET /api/shops/:shopId/events', async ({ query }) => {
        if (query.get('after') !== `${EPOCH}:2`) await pause(50);
        const resync = query.get('after') === `${EPOCH}:2` ? 'too_far_behind' : null;
        return { body: { data: [], position: `${EPOCH}:900`, resync } };
      });
      await until(() => resyncs.length === 1);
      expect(resyncs).to.deep.equal([{ epoch: EPOCH, seq: 900, reason: 'too_far_behind' }]);
      await line.close();
    });
  });
});
