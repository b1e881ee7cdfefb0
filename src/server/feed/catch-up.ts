import type { Socket } from 'socket.io';
import type { App } from '../../app.ts';
import type { FeedPosition, Ready, Resync, ResyncReason } from '../../contract/events.ts';
import { eventsAfter, resyncReason } from '../../core/events/read-events.ts';
import { waitingOf } from './connections.ts';
import type { Relay } from './relay.ts';

/** Events that are worth sending one by one; whoever missed more is quicker with fetching everything again. */
const MAX_BEHIND = 5_000;
const BATCH = 200;

// biome-ignore lint/suspicious/noExplicitAny: each event has a name of its own and an envelope of one shape
export type Outgoing = Record<string, (message: any) => void>;
export type FeedSocket = Socket<Record<string, never>, Outgoing>;

/** Every socket of a shop that has caught up. */
export const room = (shopId: string) => `shop:${shopId}`;

/**
 * Sends what was missed since a position, then joins the room, with nothing left out or doubled in between: it joins in
 * the very moment in which it has what the relay has handed on.
 */
export async function catchUp(
  app: App,
  relay: Relay,
  socket: FeedSocket,
  shopId: string,
  since: FeedPosition | null | undefined,
): Promise<void> {
  if (!socket.connected) return;
  // Another process may have told the client of more than this one has read.
  if (since && since.seq > relay.position(shopId).seq) await relay.refresh(shopId);
  // Whoever is gone follows nothing any more.
  if (!socket.connected) return;
  const start = (reason: ResyncReason | null) => {
    const head = relay.position(shopId);
    if (reason) socket.emit('resync', { ...head, reason } satisfies Resync);
    else socket.emit('ready', head satisfies Ready);
    socket.join(room(shopId));
  };
  if (!since) return start(null);
  const head = relay.position(shopId);
  const reason = resyncReason(since, head) ?? (head.seq - since.seq > MAX_BEHIND ? 'too_far_behind' : null);
  if (reason) return start(reason);

  socket.emit('ready', since satisfies Ready);
  let { seq } = since;
  for (;;) {
    const target = relay.position(shopId);
    if (target.epoch !== since.epoch) return start('other_epoch');
    if (seq >= target.seq) break;
    const limit = Math.min(BATCH, target.seq - seq);
    const events = await eventsAfter(app.orm.em.fork(), shopId, seq, limit);
    if (!socket.connected) return;
    if (events[0]?.epoch !== since.epoch) return start('other_epoch');
    for (const event of events) {
      socket.emit(event.type, event);
      seq = event.seq;
    }
    await drained(socket);
    if (!socket.connected) return;
  }
  socket.join(room(shopId));
}

/** Until the client has taken what it was sent: a slow line must not fill this process' memory. */
async function drained(socket: FeedSocket): Promise<void> {
  const { conn } = socket;
  if (waitingOf(conn) === 0 || conn.readyState !== 'open') return;
  await new Promise<void>((resolve) => {
    const go = () => {
      conn.off('drain', go);
      conn.off('close', go);
      resolve();
    };
    conn.once('drain', go);
    conn.once('close', go);
  });
}
