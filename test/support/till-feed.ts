import { io } from 'socket.io-client';
import { type EventEnvelope, eventTypes } from '../../src/contract/events.ts';

/** What the relay needs at most for what is committed already; it polls each second. */
const LATE_MS = 5_000;

export type FeedEar = {
  /** Everything heard up to `seq`, once it is there. */
  until(seq: number): Promise<EventEnvelope[]>;
  close(): void;
};

/** Listens to a shop as a screen in its kitchen does. */
export async function listenTo(url: string, auth: { token: string; shopId: string }): Promise<FeedEar> {
  const socket = io(url, { path: '/socket.io', auth, reconnection: false, transports: ['websocket'] });
  const heard: EventEnvelope[] = [];
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
          () =>
            reject(new Error(`The feed came to ${heard.at(-1)?.seq} and not to ${seq} in ${LATE_MS} ms.`)),
          LATE_MS,
        );
        onEvent = () => {
          if ((heard.at(-1)?.seq ?? 0) < seq) return;
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
