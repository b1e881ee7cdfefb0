import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { isLockNotAvailable } from '../../database/pg-errors.ts';
import { inOneTransaction } from '../after-commit.ts';
import type { Services } from '../context.ts';
import { createQueue, createQueues } from '../queue.ts';
import { requestHashOf } from '../request-hash.ts';
import { type Answered, findAnswer, type KeyOf, keepAnswer, lockKey, makeRoom, nameOf } from './answers.ts';

const BUSY = 'The same request is still being answered. Send it again in a few seconds, with the same key.';

/** The same request again waits here, and holds no connection while it does. More of them are no retries. */
const repeats = createQueues({ atOnce: 1, waiting: 10, longestMs: 10_000, busy: BUSY });

/** Each holds a connection for as long as it takes, and may need a second one: the rest of a pool of eight is for orders. */
const keyed = createQueue({
  atOnce: 3,
  waiting: 200,
  longestMs: 10_000,
  busy: 'Too many requests with an Idempotency-Key are under way. Try again in a few seconds.',
});

/**
 * Does work once for a key, and gives the same answer when the same request comes again within a day. Key, answer and work
 * commit together, so that a crash leaves all of them or none. What throws keeps nothing: the key is free for the next try.
 * `work` gets the entity manager to work with. Throws `idempotency_conflict` when another request has the key, `too_busy`.
 */
export async function runOnce(
  { app, em }: { app: Services; em: EntityManager },
  of: KeyOf,
  request: object,
  work: (em: EntityManager) => Promise<Answered>,
): Promise<Answered> {
  // Keyed, for a request may hold a password, which nobody with a copy of the database is to try out.
  const requestHash = app.keys
    .hmac('customer-lookup', 'idempotency', requestHashOf(request))
    .toString('base64url');
  const answer = () =>
    inOneTransaction(em, async (tx) => {
      await lockKey(tx, of).catch((error) => {
        throw isLockNotAvailable(error) ? new ProblemError('too_busy', { detail: BUSY }) : error;
      });
      const kept = await findAnswer(tx, of, app.now());
      if (kept && kept.requestHash !== requestHash) throw conflict();
      if (kept) return { isKept: true, status: kept.status, body: JSON.parse(kept.body) };
      // Before the work, which takes the shop's counters last and holds them until the commit.
      await makeRoom(tx, of, app.now());
      const { status, body } = await work(tx);
      const text = JSON.stringify(body ?? null);
      await keepAnswer(tx, of, { requestHash, status, body: text }, app.now());
      return { isKept: false, status, body };
    });
  const { isKept, status, body } = await repeats.run(nameOf(of), () => keyed.run(answer));
  // Whoever hears the answer again was perhaps told that nothing confirmed it.
  if (isKept) await app.standby.confirm(em);
  return { status, body };
}

const conflict = () =>
  new ProblemError('idempotency_conflict', {
    detail: 'Another request was sent with this Idempotency-Key. A new request needs a new key.',
    errors: [{ pointer: '/header/Idempotency-Key', detail: 'belongs to another request' }],
  });
