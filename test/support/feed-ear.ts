import { io, type Socket } from 'socket.io-client';
import type { AttentionNeeded } from '../../src/contract/attention.ts';
import {
  type EventEnvelope,
  eventTypes,
  type Ready,
  type Resync,
  type UserActivity,
} from '../../src/contract/events.ts';

/** A plain Socket.io client, as any till may have it: what it was told, in the order in which it came. */
export type Ear = {
  socket: Socket;
  events: EventEnvelope[];
  starts: (Ready & Partial<Resync>)[];
  activity: UserActivity[];
  attention: AttentionNeeded[];
  /** Why it was closed, each time. */
  closed: string[];
  /** Refusals, by the problem's code. */
  refused: string[];
};

export type EarAuth = { token: string | null; shopId: string; since?: string };

export function openEar(url: string, auth: EarAuth | (() => EarAuth), options: object = {}): Ear {
  const given = typeof auth === 'function' ? (send: (data: object) => void) => send(auth()) : auth;
  const socket = io(url, { auth: given, transports: ['websocket'], reconnection: false, ...options });
  const ear: Ear = { socket, events: [], starts: [], activity: [], attention: [], closed: [], refused: [] };
  for (const type of eventTypes) socket.on(type, (event) => ear.events.push(event));
  for (const type of ['ready', 'resync']) socket.on(type, (start) => ear.starts.push(start));
  socket.on('user_activity', (activity) => ear.activity.push(activity));
  socket.on('attention_needed', (attention) => ear.attention.push(attention));
  socket.on('disconnect', (reason) => ear.closed.push(reason));
  socket.on('connect_error', (error: Error & { data?: { type: string } }) =>
    ear.refused.push(error.data?.type.replace('urn:smoocho:problem:', '') ?? error.message),
  );
  return ear;
}

/** Until the feed has said from where it goes on, or the socket was refused. */
export async function connectEar(...given: Parameters<typeof openEar>): Promise<Ear> {
  const ear = openEar(...given);
  await until(() => ear.starts.length > 0 || ear.refused.length > 0);
  return ear;
}

export async function until(condition: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  for (const start = Date.now(); Date.now() - start < ms; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`It did not happen within ${ms} ms.`);
}
