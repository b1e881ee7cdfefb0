import type { Server, Socket } from 'socket.io';
import type { Log } from '../../app.ts';

/** A client connects once and then only listens: whoever says more than this is not one of ours. */
const MAX_MESSAGES = 10;
/** Whatever else it sends within a second, such as answers to pings, of which there is one each ten seconds. */
const MAX_SIGNS = 20;
/** Some thousand devices are a chain's; beyond that somebody tries how many there can be. */
const MAX_CONNECTIONS = 10_000;
/** Events that wait for one slow client; it comes back and asks for what it missed. */
const MAX_WAITING = 1_000;
const LOOK_MS = 1_000;

type Connection = Socket['conn'];

/** How many messages wait for the client to take them. The library has the figure, and says so in its documentation only. */
export const waitingOf = (connection: Connection): number =>
  (connection as unknown as { writeBuffer: unknown[] }).writeBuffer.length;

/** The WebSocket below a connection, if it is one. */
const webSocketOf = ({ transport }: Connection): WebSocketBelow | undefined =>
  (transport as unknown as { socket?: WebSocketBelow }).socket;

/** The part of `ws` that Engine.io doesn't show. It answers each ping itself, and keeps the answers for who doesn't read them. */
type WebSocketBelow = {
  on(event: 'ping' | 'pong', listener: () => void): void;
  terminate(): void;
};

/** Not politely: a polite end waits half a minute for the other side to agree, and listens to it meanwhile. */
function cut(connection: Connection): void {
  connection.close(true);
  webSocketOf(connection)?.terminate();
}

/** Bounds on what a connection may do to this process, whoever is behind it. */
export function guardConnections(io: Server, log: Log) {
  /** Each with the signs of life since the last look. */
  const open = new Map<Connection, number>();
  io.engine.on('connection', (connection: Connection) => {
    if (open.size >= MAX_CONNECTIONS) return cut(connection);
    open.set(connection, 0);
    connection.once('close', () => open.delete(connection));
    let messages = 0;
    connection.on('message', () => {
      messages += 1;
      if (messages > MAX_MESSAGES) cut(connection);
    });
    const countSign = () => {
      const signs = (open.get(connection) ?? 0) + 1;
      if (signs > MAX_SIGNS) cut(connection);
      else open.set(connection, signs);
    };
    const watchWebSocket = () => {
      webSocketOf(connection)?.on('ping', countSign);
      webSocketOf(connection)?.on('pong', countSign);
    };
    connection.on('packet', countSign);
    watchWebSocket();
    connection.on('upgrade', watchWebSocket);
  });
  const look = setInterval(() => {
    for (const connection of open.keys()) {
      open.set(connection, 0);
      if (waitingOf(connection) <= MAX_WAITING) continue;
      log.warn({ waiting: waitingOf(connection) }, 'a device is too slow for its feed; it is cut off');
      cut(connection);
    }
  }, LOOK_MS);
  return {
    closeAll() {
      clearInterval(look);
      for (const connection of open.keys()) connection.close(true);
    },
  };
}
