import { Redis } from 'ioredis';

const TIMEOUT_MS = 3_000;

/** Asks a Redis once whether it answers. Returns null, or why not, without the address: it may hold a password. */
export async function pingRedis(url: string): Promise<string | null> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
  });
  let reason: string | undefined;
  redis.on('error', ({ message, code }: Error & { code?: string }) => {
    reason ??= message || code;
  });
  try {
    await redis.connect();
    await redis.ping();
    return null;
  } catch (error) {
    return reason ?? (error as Error).message;
  } finally {
    redis.disconnect();
  }
}
