import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'socket.io';
import type { App } from '../../app.ts';
import { findFallen, type Standing } from '../../core/auth/standing.ts';

/** A session that ended is looked for at least this often: its sockets close within a second. */
const LOOK_MS = 600;

/**
 * Closes the sockets of sessions that ended, and of people who lost a role or a shop: at once when a process tells of it,
 * else by looking, for the command line tells nobody and Redis may be away.
 */
export function watchStandings(app: App, io: Server): { stop(): void } {
  const closing = new AbortController();
  let looking: Promise<void> | null = null;
  let isStale = false;

  const look = async (): Promise<void> => {
    isStale = false;
    const sockets = [...io.of('/').sockets.values()];
    if (sockets.length === 0) return;
    const standings = new Map<string, Standing>();
    for (const socket of sockets) standings.set(keyOf(socket.data.standing), socket.data.standing);
    const fallen = await findFallen(app.orm.em.fork(), [...standings.values()], app.now());
    const keys = new Set(fallen.map(keyOf));
    // Not as a farewell of Socket.io's: who only lost a role comes back by itself, as what they are now.
    for (const socket of sockets) if (keys.has(keyOf(socket.data.standing))) socket.conn.close(true);
  };

  const lookOnce = (): Promise<void> => {
    isStale = true;
    looking ??= look()
      .catch((error) => app.log.warn({ err: error }, 'sessions could not be looked at; trying again'))
      .finally(() => {
        looking = null;
        if (isStale && !closing.signal.aborted) void lookOnce();
      });
    return looking;
  };

  const stopListening = app.bus.onMessage((message) => {
    if (message.kind === 'sessions') void lookOnce();
  });
  const poll = async () => {
    while (!closing.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: closing.signal }).catch(() => {});
      if (!closing.signal.aborted) await lookOnce();
    }
  };
  void poll();
  return {
    stop() {
      closing.abort();
      stopListening();
    },
  };
}

const keyOf = ({ sessionId, shopId, role }: Standing) => `${sessionId} ${shopId} ${role}`;
