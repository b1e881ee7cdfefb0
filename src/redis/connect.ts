import { Redis } from 'ioredis';

/** Where it is said that Redis went away and came back. */
export type RedisLog = { warn(fields: object, message: string): void; info(message: string): void };

const CONNECT_TIMEOUT_MS = 3_000;
const COMMAND_TIMEOUT_MS = 2_000;
const MAX_PAUSE_MS = 2_000;

/**
 * A connection that comes back by itself however long Redis is away. Meanwhile what is sent fails at once instead of
 * waiting: nothing of the shop may hang on Redis.
 */
export function connectRedis(url: string, log: RedisLog, commandTimeout = COMMAND_TIMEOUT_MS): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout,
    retryStrategy: (times) => Math.min(MAX_PAUSE_MS, 50 * times),
  });
  // Said once each time that it goes away, not with each attempt.
  let isAway = false;
  redis.on('error', ({ message, code }: Error & { code?: string }) => {
    if (isAway) return;
    isAway = true;
    const what = /^(WRONGPASS|NOAUTH)/.test(message) ? 'refuses the password in REDIS_URL' : 'is away';
    // Not the error itself: the command that failed, and with it the password, hangs on it.
    log.warn({ reason: message, code }, `Redis ${what}; the feed goes on by polling until it is back`);
  });
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back');
    isAway = false;
  });
  return redis;
}
