import { io } from 'socket.io-client';
import { type EventEnvelope, eventTypes } from '../../src/contract/events.ts';

/** What the relay needs at most for what is committed already; it polls each second. */
const LATE_MS = 5_000;

export type FeedEar = {
  /** Everything heard up to `seq`, once it is there. */
  until(seq: number): Promise<EventEnvelope[]>;
  close(): void;
};

/** Listens to a shop as a screen in its kitchen does; its feed stands at `joinedAt`. */
export async function listenTo(
  url: string,
  auth: { token: string; shopId: string },
  joinedAt: number,
): Promise<FeedEar> {
  const socket = io(url, { path: '/socket.io', auth, reconnection: false, transports: ['websocket'] });
  const heard: EventEnvelope[] = [];
  const at = () => heard.at(-1)?.seq ?? joinedAt;
  let onEvent = () => {};
  for (const type of eventTypes) {
    socket.on(type, (event: EventEnvelope) => {
      heard.push(event);
      onEvent();
    });
  }
  await new Promise<void>((resolve, reject) => {
    socket.on('connect', resolve);
    socket.on('connect_error', reject);
  });
  return {
    async until(seq) {
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`The feed came to ${at()} and not to ${seq} in ${LATE_MS} ms.`)),
          LATE_MS,
        );
        onEvent = () => {
          if (at() < seq) return;
          clearTimeout(late);
          resolve();
        };
        onEvent();
      });
      return heard;
    },
    close: () => socket.disconnect(),
  };
}
