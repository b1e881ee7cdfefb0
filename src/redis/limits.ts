import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** How often something may be done in how many seconds, counted apart for each key. */
export type Limit = { name: string; times: number; seconds: number };

/** What is left of a limit; `waitSeconds` is above 0 when it is used up, and `resetSeconds` when it is whole again. */
export type Count = { remaining: number; resetSeconds: number; waitSeconds: number };

export type Limits = {
  /** Counts one, or as many as it costs, and says what is left; `seconds` as with `take`. Never throws. */
  spend(limit: Limit, key: string, spent?: { cost?: number; seconds?: number | undefined }): Promise<Count>;
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

/** Long enough that a Redis which is slow to answer costs nobody much, and soon enough that all count together again. */
const AWAY_MS = 2_000;
/** A request waits for its count; without an answer by then it is counted here. */
const ANSWER_TIMEOUT_MS = 200;

type Limiter = RateLimiterMemory | RateLimiterRedis;

/** Counts in Redis, so that all processes count together; in memory when there is none, or while it is away or mute. */
export async function openLimits(redisUrl: string | undefined, installation: string): Promise<Limits> {
  // The bus tells when Redis goes away.
  const redis = redisUrl
    ? (await import('./connect.ts')).connectRedis(
        redisUrl,
        { warn: () => {}, info: () => {} },
        ANSWER_TIMEOUT_MS,
      )
    : undefined;
  const limiters = new Map<string, { memory: Limiter; shared: Limiter | undefined }>();
  const limitersOf = ({ name, times, seconds }: Limit) => {
    const known = limiters.get(name);
    if (known) return known;
    const options = { keyPrefix: `smoocho:${installation}:${name}`, points: times, duration: seconds };
    const shared =
      redis && new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true });
    const made = { memory: new RateLimiterMemory(options), shared };
    limiters.set(name, made);
    return made;
  };
  let awayUntil = 0;
  const counting = async <T>(limit: Limit, work: (limiter: Limiter) => Promise<T>): Promise<T> => {
    const { memory, shared } = limitersOf(limit);
    if (!shared || performance.now() < awayUntil) return await work(memory);
    try {
      return await work(shared);
    } catch (error) {
      if (error instanceof RateLimiterRes) throw error;
      awayUntil = performance.now() + AWAY_MS;
      return await work(memory);
    }
  };
  const spend: Limits['spend'] = async (limit, key, { cost = 1, seconds = limit.seconds } = {}) => {
    let isRefused = false;
    const counted = await counting(limit, (limiter) =>
      limiter.consume(key, cost, { customDuration: seconds }),
    ).catch((refused: unknown) => {
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
    take: async (limit, key, seconds) => (await spend(limit, key, { seconds })).waitSeconds,
    async giveBack(limit, key) {
      await counting(limit, (limiter) => limiter.reward(key));
    },
    async count(limit, key) {
      const counted = await counting(limit, (limiter) => limiter.get(key));
      return counted && counted.msBeforeNext > 0 ? counted.consumedPoints : 0;
    },
    async forget(limit, key) {
      await counting(limit, (limiter) => limiter.delete(key));
    },
    close: () => redis?.disconnect(),
  };
}
