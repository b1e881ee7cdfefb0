import type { Config } from '../config.ts';
import { proxyOf } from '../server-file.ts';
import { isEverywhere, lanAddresses, urlOf } from './lan-addresses.ts';

/** Where a server listens, and what it was told of the way there. */
export type ServerAddress = {
  host: string;
  port: number;
  /** Null where HTTPS is not served. */
  httpsPort: number | null;
  /** Tills reach it through a proxy, by these names. */
  isProxied: boolean;
  allowedHosts: string[];
};

/** Where a server would listen by the settings alone. */
export const configuredAddress = (config: Config): ServerAddress => ({
  host: config.host,
  port: config.port,
  httpsPort: config.tls?.port ?? null,
  ...proxyOf(config),
});

/**
 * Where devices reach it, the likeliest first; none if it listens on this machine alone. Over plain HTTP, for a device that
 * doesn't trust the shop's certificate yet; through a proxy by HTTPS, which is what a proxy is there for.
 */
export function deviceUrls({ host, port, isProxied, allowedHosts }: ServerAddress): string[] {
  if (isProxied) return allowedHosts.map((name) => `https://${name}`);
  if (isEverywhere(host)) return lanAddresses({ host }).map((address) => urlOf('http', address, port));
  return isLoopback(host) ? [] : [urlOf('http', host, port)];
}

/** What this machine itself reaches it by. */
export const ownUrl = ({ host, port }: Pick<ServerAddress, 'host' | 'port'>) =>
  urlOf('http', isEverywhere(host) ? 'localhost' : host, port);

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');
