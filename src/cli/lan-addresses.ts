import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** An address of IPv6 stands in brackets (RFC 3986 §3.2.2). */
export const urlOf = (scheme: 'http' | 'https', host: string, port: number) =>
  `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Whether a server that listens there can be reached by all of this machine's addresses. */
export const isEverywhere = (host: string) => host === '0.0.0.0' || host === '::';

/** Bridges of containers and virtual machines: nobody else reaches them. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|podman|cni|lxc|lxd)/;
/** Nobody gave it an address (RFC 3927). */
const LINK_LOCAL = /^169\.254\./;

/**
 * Where others on the network reach a server that listens at `host`: none unless it listens on all interfaces. Those that
 * a till is least likely to reach come last.
 */
export function lanAddresses({ host }: { host: string }, interfaces = networkInterfaces()): string[] {
  if (!isEverywhere(host)) return [];
  return Object.entries(interfaces)
    .flatMap(([name, addresses = []]) => addresses.map((address) => ({ ...address, name })))
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ name, address }) => ({ address, isUnlikely: VIRTUAL.test(name) || LINK_LOCAL.test(address) }))
    .sort((one, other) => Number(one.isUnlikely) - Number(other.isUnlikely))
    .map(({ address }) => address);
}
