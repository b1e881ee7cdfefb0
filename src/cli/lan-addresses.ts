import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** An address of IPv6 stands in brackets (RFC 3986 §3.2.2). */
export const urlOf = (scheme: 'http' | 'https', host: string, port: number) =>
  `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Where others on the network reach a server that listens at `host`: none unless it listens on all interfaces. */
export function lanAddresses({ host }: { host: string }): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [];
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
}
