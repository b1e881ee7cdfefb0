import type { Server, Socket } from 'socket.io';
import type { Log } from '../../app.ts';

/** A client connects once and then only listens: whoever says more than this is not one of ours. */
const MAX_MESSAGES = 10;
/** Some thousand devices are a chain's; beyond that somebody tries how many there can be. */
const MAX_CONNECTIONS = 10_000;
/** Events that wait for one slow client; it comes back and asks for what it missed. */
const MAX_WAITING = 1_000;
const LOOK_MS = 1_000;

type Connection = Socket['conn'];

/** How many messages wait for the client to take them. The library has the figure, and says so in its documentation only. */
export const waitingOf = (connection: Connection): number =>
  (connection as unknown as { writeBuffer: unknown[] }).writeBuffer.length;

/** Bounds on what a connection may do to this process, whoever is behind it. */
export function guardConnections(io: Server, log: Log) {
  const open = new Set<Connection>();
  io.engine.on('connection', (connection: Connection) => {
    if (open.size >= MAX_CONNECTIONS) return connection.close(true);
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    let messages = 0;
    connection.on('message', () => {
      messages += 1;
      if (messages > MAX_MESSAGES) connection.close(true);
    });
  });
  const look = setInterval(() => {
    for (const connection of open) {
      if (waitingOf(connection) <= MAX_WAITING) continue;
      log.warn({ waiting: waitingOf(connection) }, 'a device is too slow for its feed; it is cut off');
      connection.close(true);
    }
  }, LOOK_MS);
  return {
    closeAll() {
      clearInterval(look);
      for (const connection of open) connection.close(true);
    },
  };
}
