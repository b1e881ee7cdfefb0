import type { Config } from '../../config.ts';
import { pingRedis } from '../../redis/ping.ts';

export type RedisFacts = { isConfigured: boolean; problem: string | null };

export const readRedis = async ({ redisUrl }: Pick<Config, 'redisUrl'>): Promise<RedisFacts> => ({
  isConfigured: redisUrl !== undefined,
  problem: redisUrl === undefined ? null : await pingRedis(redisUrl),
});
