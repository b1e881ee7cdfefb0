import { io } from 'socket.io-client';
import { type EventEnvelope, eventTypes } from '../../src/contract/events.ts';

/** The relay needs less for what is committed already: it polls each second. */
const TIMEOUT_MS = 20_000;

export type FeedListener = {
  /** Every event up to `seq`, once it has arrived. */
  until(seq: number): Promise<EventEnvelope[]>;
  close(): void;
};

/** Listens to a shop's feed as a kitchen screen does. `joinedAt` is the last sequence number before. */
export async function listenTo(
  url: string,
  auth: { token: string; shopId: string },
  joinedAt: number,
): Promise<FeedListener> {
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
        const timer = setTimeout(
          () => reject(new Error(`The feed came to ${at()} and not to ${seq} in ${TIMEOUT_MS} ms.`)),
          TIMEOUT_MS,
        );
        onEvent = () => {
          if (at() < seq) return;
          clearTimeout(timer);
          resolve();
        };
        onEvent();
      });
      return heard;
    },
    close: () => socket.disconnect(),
  };
}
