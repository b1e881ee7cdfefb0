import { io } from 'socket.io-client';
import type { AttentionNeeded } from '../contract/attention.ts';
import type { EventEnvelope, FeedPosition, Resync, UserActivity } from '../contract/events.ts';
import { NoAnswerError, type ProblemAnswer, readProblem } from './errors.ts';

export type SocketHooks = {
  onReady(at: FeedPosition): void;
  onResync(at: Resync): void;
  onEvent(event: EventEnvelope): void;
  onActivity(activity: UserActivity): void;
  onAttention(attention: AttentionNeeded): void;
  /** Once, when the connection is over: refused by the server, or lost. */
  onEnd(error: ProblemAnswer | NoAnswerError): void;
};

/**
 * One connection to `/socket.io`; it doesn't connect again by itself. Gives the way to end it, after which no hook is
 * called.
 */
export function openSocket(
  url: string,
  auth: { token: string; shopId: string; since?: string },
  timeoutMs: number,
  hooks: SocketHooks,
): () => void {
  const { origin, pathname } = new URL(url);
  const socket = io(origin, {
    path: `${pathname.replace(/\/+$/, '')}/socket.io`,
    transports: ['websocket'],
    auth,
    timeout: timeoutMs,
    reconnection: false,
    forceNew: true,
  });
  let isOver = false;
  const close = () => {
    isOver = true;
    clearTimeout(mute);
    socket.offAny();
    socket.disconnect();
  };
  const end = (error: ProblemAnswer | NoAnswerError) => {
    if (isOver) return;
    close();
    hooks.onEnd(error);
  };
  // Connected is not enough: a server that says nothing then is none.
  const mute = setTimeout(
    () => end(new NoAnswerError('timeout', `The feed said nothing within ${timeoutMs / 1000} seconds.`)),
    timeoutMs * 2,
  );
  socket.on('connect_error', (error) => {
    const problem = readProblem((error as Error & { data?: unknown }).data);
    end(problem ?? new NoAnswerError('network', 'The feed can not be reached.', error));
  });
  socket.on('disconnect', (reason) => end(new NoAnswerError('network', `The feed ended: ${reason}.`)));
  // Any, not a list: an event of a type that is not known here has its seq all the same.
  socket.onAny((name: string, payload: unknown) => {
    if (isOver) return;
    if (name === 'ready' || name === 'resync') clearTimeout(mute);
    if (name === 'ready') hooks.onReady(payload as FeedPosition);
    else if (name === 'resync') hooks.onResync(payload as Resync);
    else if (name === 'user_activity') hooks.onActivity(payload as UserActivity);
    else if (name === 'attention_needed') hooks.onAttention(payload as AttentionNeeded);
    else if (isEnvelope(payload)) hooks.onEvent(payload);
  });
  return close;
}

const isEnvelope = (payload: unknown): payload is EventEnvelope =>
  typeof payload === 'object' && payload !== null && 'seq' in payload && 'epoch' in payload;
