import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** How often something may be done in how many seconds, counted apart for each key. */
export type Limit = { name: string; times: number; seconds: number };

/** What is left of a limit; `waitSeconds` is above 0 when it is used up, and `resetSeconds` when it is whole again. */
export type Count = { remaining: number; resetSeconds: number; waitSeconds: number };

export type Limits = {
  /** Counts one, and says what is left; `seconds` as with `take`. Never throws. */
  spend(limit: Limit, key: string, seconds?: number): Promise<Count>;
  /**
   * Counts one; gives the seconds to wait when that is one too many, else 0. If it is the first, the count is forgotten
   * after `seconds`, where they are given, in place of the limit's own. Never throws.
   */
  take(limit: Limit, key: string, seconds?: number): Promise<number>;
  /** Takes one back that was counted and should not have been. Never throws. */
  giveBack(limit: Limit, key: string): Promise<void>;
  /** How many are counted now. Never throws. */
  count(limit: Limit, key: string): Promise<number>;
  /** Takes back all that were counted. Never throws. */
  forget(limit: Limit, key: string): Promise<void>;
  close(): void;
};

/** Counts in Redis, so that all processes count together; in memory when there is none, or while it is away. */
export async function openLimits(redisUrl: string | undefined, installation: string): Promise<Limits> {
  // The bus tells when Redis goes away.
  const redis = redisUrl
    ? (await import('./connect.ts')).connectRedis(redisUrl, { warn: () => {}, info: () => {} })
    : undefined;
  const limiters = new Map<string, RateLimiterMemory | RateLimiterRedis>();
  const limiterOf = ({ name, times, seconds }: Limit) => {
    const known = limiters.get(name);
    if (known) return known;
    const options = { keyPrefix: `smoocho:${installation}:${name}`, points: times, duration: seconds };
    const memory = new RateLimiterMemory(options);
    const limiter = redis
      ? new RateLimiterRedis({
          ...options,
          storeClient: redis,
          rejectIfRedisNotReady: true,
          insuranceLimiter: memory,
        })
      : memory;
    limiters.set(name, limiter);
    return limiter;
  };
  const spend = async (limit: Limit, key: string, seconds = limit.seconds): Promise<Count> => {
    let isRefused = false;
    const counted = await limiterOf(limit)
      .consume(key, 1, { customDuration: seconds })
      .catch((refused: unknown) => {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        isRefused = true;
        return refused;
      });
    const resetSeconds = Math.max(1, Math.ceil(counted.msBeforeNext / 1000));
    const remaining = Math.max(0, counted.remainingPoints);
    return { remaining, resetSeconds, waitSeconds: isRefused ? resetSeconds : 0 };
  };
  return {
    spend,
    take: async (limit, key, seconds) => (await spend(limit, key, seconds)).waitSeconds,
    async giveBack(limit, key) {
      await limiterOf(limit).reward(key);
    },
    async count(limit, key) {
      const counted = await limiterOf(limit).get(key);
      return counted && counted.msBeforeNext > 0 ? counted.consumedPoints : 0;
    },
    async forget(limit, key) {
      await limiterOf(limit).delete(key);
    },
    close: () => redis?.disconnect(),
  };
}
