import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'socket.io';
import type { App } from '../../app.ts';
import type { Attention, AttentionNeeded } from '../../contract/attention.ts';
import { byUrgency, changedAttention } from '../../core/attention/attention.ts';
import { findFallen, type Standing } from '../../core/auth/standing.ts';
import type { FeedSocket } from './catch-up.ts';

/** Whoever raises something, in whichever process on whichever machine, tells nobody: owners hear of it within so long. */
const LOOK_MS = 2_000;
/** Owners of all shops: it is about the whole installation. */
const OWNERS_ROOM = 'owners';

export type AttentionFeed = {
  /** Sends an owner what is open, and from then on what changes. Throws what the database throws. */
  welcome(socket: FeedSocket): Promise<void>;
  stop(): Promise<void>;
};

const messageOf = (app: App, data: Attention): AttentionNeeded => ({
  type: 'attention_needed',
  at: app.now().toISOString(),
  data,
});

const sessionGrantOf = (socket: { data: unknown }) => (socket.data as { standing: Standing }).standing;

/**
 * Tells owners what needs them: what is open when they connect, then each change once, in order. The table is looked at while an
 * owner is connected. Whether somebody is an owner still is asked each time, right before something is sent.
 */
export function watchAttention(app: App, io: Server): AttentionFeed {
  const closing = new AbortController();
  /** Up to which change `open` is told. */
  let lastChange = 0;
  const open = new Map<string, Attention>();
  let looking: Promise<void> = Promise.resolve();

  const owners = () =>
    [...(io.of('/').adapter.rooms.get(OWNERS_ROOM) ?? [])].flatMap((id) => io.of('/').sockets.get(id) ?? []);

  const look = async (): Promise<void> => {
    const changes = await changedAttention(app.orm.em.fork(), lastChange);
    if (changes.length === 0) return;
    const before = owners();
    const fallen = new Set(await findFallen(app.orm.em.fork(), before.map(sessionGrantOf), app.now()));
    // From here on without a pause: an owner who joins has either seen a change in `open`, or is sent it.
    const now = owners().filter((socket) => !fallen.has(sessionGrantOf(socket)));
    for (const { changeNo, attention } of changes) {
      if (attention.endedAt === null) open.set(attention.code, attention);
      else open.delete(attention.code);
      lastChange = changeNo;
      for (const socket of now) socket.emit('attention_needed', messageOf(app, attention));
    }
  };

  /** One after the other: changes keep their order. */
  const lookNow = (): Promise<void> => {
    looking = looking.catch(() => {}).then(look);
    return looking;
  };

  const poll = async () => {
    while (!closing.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted || owners().length === 0) continue;
      await lookNow().catch((error) =>
        app.log.warn({ err: error }, 'what needs attention could not be looked at; trying again'),
      );
    }
  };
  void poll();

  return {
    async welcome(socket) {
      await lookNow();
      const [isFallen] = await findFallen(app.orm.em.fork(), [sessionGrantOf(socket)], app.now());
      if (isFallen || !socket.connected) return;
      for (const attention of [...open.values()].toSorted(byUrgency))
        socket.emit('attention_needed', messageOf(app, attention));
      socket.join(OWNERS_ROOM);
    },
    async stop() {
      closing.abort();
      await looking.catch(() => {});
    },
  };
}
