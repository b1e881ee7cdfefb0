import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'socket.io';
import type { App } from '../../app.ts';
import type { Attention, AttentionNeeded } from '../../contract/attention.ts';
import { byUrgency, changedAttention } from '../../core/attention/attention.ts';
import { endedStandby, standbyAttention } from '../../core/attention/standby-attention.ts';
import { findFallen, type Standing } from '../../core/auth/standing.ts';
import type { FeedSocket } from './catch-up.ts';

/** Poll interval: no process publishes what it raises, so owners are notified within this time. */
const LOOK_MS = 2_000;
/** Owners of all shops: attention concerns the whole installation. */
const OWNERS_ROOM = 'owners';

export type AttentionFeed = {
  /** Sends an owner what is open, and from then on each change. Throws the database's error. */
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
 * Notifies owners of what needs them: everything open when they connect, then each change once, in order. Polls the table while
 * an owner is connected, and checks the session grants right before sending.
 */
export function watchAttention(app: App, io: Server): AttentionFeed {
  const closing = new AbortController();
  /** The last change that is part of `open`. */
  let lastChange = 0;
  const open = new Map<string, Attention>();
  let looking: Promise<void> = Promise.resolve();

  const owners = () =>
    [...(io.of('/').adapter.rooms.get(OWNERS_ROOM) ?? [])].flatMap((id) => io.of('/').sockets.get(id) ?? []);

  /** What changed about the attention that has no row. */
  const changedStandby = (): Attention[] => {
    const now = standbyAttention(app);
    const isKnown = ({ code, detail, since }: Attention) => {
      const before = open.get(code);
      return detail === before?.detail && since === before.since;
    };
    return [...now.filter((one) => !isKnown(one)), ...endedStandby(app, open)];
  };

  const look = async (): Promise<void> => {
    const changes = await changedAttention(app.orm.em.fork(), lastChange);
    if (changes.length === 0 && changedStandby().length === 0) return;
    const before = owners();
    const fallen = new Set(await findFallen(app.orm.em.fork(), before.map(sessionGrantOf), app.now()));
    // No await from here on: an owner who joins gets a change either in `open` or as an event.
    const now = owners().filter((socket) => !fallen.has(sessionGrantOf(socket)));
    const changed = [...changedStandby(), ...changes.map(({ attention }) => attention)];
    lastChange = changes.at(-1)?.changeNo ?? lastChange;
    for (const attention of changed) {
      if (attention.endedAt === null) open.set(attention.code, attention);
      else open.delete(attention.code);
      for (const socket of now) socket.emit('attention_needed', messageOf(app, attention));
    }
  };

  /** Polls one after another, so that changes keep their order. */
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
