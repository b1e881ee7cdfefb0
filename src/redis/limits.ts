import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** How often something may be done in how many seconds, counted apart for each key. */
export type Limit = { name: string; times: number; seconds: number };

/** What is left of a limit; `waitSeconds` is above 0 when it is used up, and `resetSeconds` when it is whole again. */
export type Count = { remaining: number; resetSeconds: number; waitSeconds: number };

export type Limits = {
  /** Counts one, and says what is left. Never throws. */
  count(limit: Limit, key: string): Promise<Count>;
  /** Counts one; gives the seconds to wait when that is one too many, else 0. Never throws. */
  take(limit: Limit, key: string): Promise<number>;
  /** Takes one back that was counted and should not have been. Never throws. */
  giveBack(limit: Limit, key: string): Promise<void>;
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
  const count = async (limit: Limit, key: string): Promise<Count> => {
    let isRefused = false;
    const counted = await limiterOf(limit)
      .consume(key)
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
    count,
    take: async (limit, key) => (await count(limit, key)).waitSeconds,
    async giveBack(limit, key) {
      await limiterOf(limit).reward(key);
    },
    close: () => redis?.disconnect(),
  };
}
