import { networkInterfaces } from 'node:os';

/** Where others on the network reach a server that listens at `host`: none unless it listens on all interfaces. */
export function lanAddresses({ host }: { host: string }): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [];
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
}
