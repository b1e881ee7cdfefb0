import { formatPosition } from '../../src/contract/events.ts';
import { type Ear, openEar } from './feed-ear.ts';

/** A device of a shop that comes back by itself, and asks for what it missed. */
export type Listener = Ear & { shopId: string; reconnects: number; close(): void };

/** It keeps nothing but the place of the last event, and drops nothing: a doubled event stays doubled. */
export function openListener(url: string, shopId: string, token: string | null): Listener {
  const at = () => {
    const last = ear.events.at(-1) ?? ear.starts[0];
    return last ? formatPosition(last) : undefined;
  };
  const auth = () => {
    const since = at();
    return { token, shopId, ...(since ? { since } : {}) };
  };
  const ear = openEar(url, auth, {
    reconnection: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 500,
    timeout: 3_000,
    forceNew: true,
  });
  const listener: Listener = Object.assign(ear, {
    shopId,
    reconnects: 0,
    close() {
      clearTimeout(again);
      ear.socket.disconnect();
    },
  });
  let again: NodeJS.Timeout | undefined;
  ear.socket.on('disconnect', () => {
    listener.reconnects += 1;
  });
  // Whoever was refused, such as by a server that is just closing, has to ask again.
  ear.socket.on('connect_error', (error: Error & { data?: object }) => {
    if (error.data) again = setTimeout(() => ear.socket.connect(), 200);
  });
  return listener;
}

/** Breaks the connection below Socket.io, as a Wi-Fi does. */
export const cut = ({ socket }: Listener) => socket.io.engine?.close();
