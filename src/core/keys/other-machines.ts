import type { Config } from '../../config.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/**
 * Whether other machines may use this database, each with its own copy of the master key's file. Not the embedded one, nor
 * one that is reached over the loopback or a socket while no Redis joins several servers.
 */
export function mayHaveOtherMachines({ databaseUrl, redisUrl }: Pick<Config, 'databaseUrl' | 'redisUrl'>) {
  if (databaseUrl === undefined) return false;
  return redisUrl !== undefined || !isOnThisMachine(databaseUrl);
}

function isOnThisMachine(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  return host.startsWith('/') || LOOPBACK.test(host);
}
