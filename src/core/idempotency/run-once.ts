import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { isLockNotAvailable } from '../../database/pg-errors.ts';
import { inOneTransaction } from '../after-commit.ts';
import type { Services } from '../context.ts';
import { createQueue, createQueues } from '../queue.ts';
import { requestHashOf } from '../request-hash.ts';
import {
  findResponse,
  type KeyedResponse,
  type KeyScope,
  keepResponse,
  lockKey,
  makeRoom,
  scopeName,
} from './kept-responses.ts';

const BUSY = 'The same request is still running. Send it again in a few seconds, with the same key.';

/** Queues repeats of a request in memory, so that they hold no connection. More than ten waiting are no retries. */
const repeats = createQueues({ atOnce: 1, waiting: 10, longestMs: 10_000, busy: BUSY });

/** Each holds a connection while it runs, and may need a second one: the rest of a pool of eight is for orders. */
const keyedRequests = createQueue({
  atOnce: 3,
  waiting: 200,
  longestMs: 10_000,
  busy: 'Too many requests with an Idempotency-Key are running. Try again in a few seconds.',
});

/**
 * Runs `work` once per key, and returns the kept response when the same request is repeated within a day. Key, response
 * and work commit together, so that a crash leaves all of them or none. When `work` throws, nothing is kept and the key
 * can be used again. `work` gets the entity manager to work with. Throws `idempotency_conflict` when another request has
 * the key, `too_busy`.
 */
export async function runOnce(
  { app, em }: { app: Services; em: EntityManager },
  scope: KeyScope,
  request: object,
  work: (em: EntityManager) => Promise<KeyedResponse>,
): Promise<KeyedResponse> {
  // Keyed, because a request may hold a password: a plain hash could be used to guess it from a copy of the database.
  const requestHash = app.keys.hmac('idempotency', 'request', requestHashOf(request)).toString('base64url');
  const respond = () =>
    inOneTransaction(em, async (tx) => {
      await lockKey(tx, scope).catch((error) => {
        throw isLockNotAvailable(error) ? new ProblemError('too_busy', { detail: BUSY }) : error;
      });
      const kept = await findResponse(tx, scope, app.now());
      if (kept && kept.requestHash !== requestHash) throw conflict();
      if (kept) return { isKept: true, status: kept.status, body: JSON.parse(kept.body) };
      // Before the work, which locks the shop's counters last and holds them until the commit.
      await makeRoom(tx, scope, app.now());
      const { status, body } = await work(tx);
      const text = JSON.stringify(body ?? null);
      await keepResponse({ keys: app.keys, em: tx }, scope, { requestHash, status, body: text }, app.now());
      return { isKept: false, status, body };
    });
  const { isKept, status, body } = await repeats.run(scopeName(scope), () => keyedRequests.run(respond));
  // The first response may have been a failure because no standby confirmed the commit.
  if (isKept) await app.standby.confirm(em);
  return { status, body };
}

const conflict = () =>
  new ProblemError('idempotency_conflict', {
    detail: 'Another request was sent with this Idempotency-Key. A new request needs a new key.',
    errors: [{ pointer: '/header/Idempotency-Key', detail: 'belongs to another request' }],
  });
