import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { Session } from '../auth/session.entity.ts';
import { endSessionsOf } from '../auth/session-ends.ts';
import { type Context, deviceOf, eventActor } from '../context.ts';
import { retrying } from '../retrying.ts';
import type { User } from './user.entity.ts';

/** Signs somebody out, everywhere or of one session; gives how many sessions ended. Throws `not_found` for no such one. */
export async function signOut(
  { app, em, actor }: Context,
  user: User,
  sessionId?: string | undefined,
): Promise<number> {
  const now = app.now();
  const end = async (tx: EntityManager) => {
    const one = { id: sessionId, userId: user.id, endedAt: null };
    const count = sessionId
      ? await tx.nativeUpdate(Session, one, { endedAt: now, endReason: 'ended' })
      : await endSessionsOf(tx, user.id, now, 'ended');
    if (sessionId && count === 0) {
      throw new ProblemError('not_found', { detail: `${user.name} has no such session.` });
    }
    if (count === 0) return 0;
    await recordSecurity(tx, {
      type: 'session_ended',
      shopId: user.shopId ?? null,
      at: now,
      actor: eventActor(actor),
      deviceId: deviceOf(actor),
      details: { userId: user.id, name: user.name, ...(sessionId ? { sessionId } : { sessions: count }) },
    });
    return count;
  };
  const ended = await retrying(() => em.transactional(end));
  app.bus.tell({ kind: 'sessions' });
  return ended;
}
