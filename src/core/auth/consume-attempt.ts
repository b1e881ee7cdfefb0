import type { ProblemError } from '../../contract/problem.ts';
import type { Limit } from '../../redis/limits.ts';
import type { Services } from '../context.ts';

/**
 * Consumes one attempt of each limit before a secret is checked, so that of many attempts at once no more are checked than
 * may be wrong. If one limit is used up, gives back what the others before it counted and throws what `refuse` returns.
 * `reward` gives all of it back, for an attempt that was right or was not checked.
 */
export async function consumeAttempt(
  { limits }: Pick<Services, 'limits'>,
  counters: [limit: Limit, key: string][],
  refuse: (waitSeconds: number) => ProblemError,
): Promise<{ reward(): Promise<void> }> {
  const consumed: typeof counters = [];
  const reward = async () => {
    for (const [limit, key] of consumed.toReversed()) await limits.giveBack(limit, key);
  };
  for (const [limit, key] of counters) {
    const waitSeconds = await limits.take(limit, key);
    if (waitSeconds > 0) {
      await reward();
      throw refuse(waitSeconds);
    }
    consumed.push([limit, key]);
  }
  return { reward };
}
