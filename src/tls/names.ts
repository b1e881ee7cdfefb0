import { BlockList, isIP, isIPv6 } from 'node:net';
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/**
 * Networks whose addresses the installation's authority may vouch for: those that nobody on the internet owns (RFC 1918,
 * RFC 4193, the loopback). A box that gets another address in one of them needs no new authority.
 */
export const PRIVATE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', 'fc00::/7'];
/** For machines that say their name on the network (RFC 6762), and for this machine itself. */
const LOCAL_DOMAINS = ['local', 'localhost'];
/** A box in a shop has a few; one that runs hundreds of containers still gets a certificate that clients take. */
const MAX_ADDRESSES = 100;

/** The names of a certificate. */
export type Names = { dns: string[]; addresses: string[] };

const covered = new BlockList();
for (const network of PRIVATE_NETWORKS) {
  const [address, bits] = network.split('/') as [string, string];
  covered.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
}

export const isPrivate = (address: string): boolean =>
  isIP(address) !== 0 && covered.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

/** What a certificate may say as a name: letters, digits, hyphens. A machine may call itself otherwise. */
const isDnsName = (name: string) =>
  name.length <= 253 &&
  /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name);

export const shortName = (host = hostname()) => host.toLowerCase().split('.')[0] ?? '';

/** Domains that the authority is made for, sorted; each stands for what is below it, too. */
export function permittedDomains(allowedHosts: readonly string[], host = hostname()): string[] {
  const own = [...LOCAL_DOMAINS, host.toLowerCase(), ...allowedHosts];
  return sorted(own.filter((name) => isDnsName(name) && isIP(name) === 0));
}

/** What this machine is called now, within the networks and domains that the authority may vouch for. */
export function currentNames(
  allowedHosts: readonly string[],
  { host = hostname(), interfaces = networkInterfaces() } = {},
): Names {
  const own = ['localhost', host.toLowerCase(), `${shortName(host)}.local`, ...allowedHosts];
  const ofInterfaces = Object.values(interfaces)
    .flatMap((list: NetworkInterfaceInfo[] = []) => list)
    .map(({ address }) => address);
  const addresses = ['127.0.0.1', ...ofInterfaces, ...allowedHosts].filter(isPrivate);
  return {
    dns: sorted(own.filter((name) => isDnsName(name) && isIP(name) === 0)),
    addresses: sorted(addresses).slice(0, MAX_ADDRESSES),
  };
}

/** Whether a name is one of the domains, or below one. */
export const isWithin = (name: string, domains: readonly string[]): boolean =>
  domains.some((domain) => name === domain || name.endsWith(`.${domain}`));

const sorted = (texts: string[]) => [...new Set(texts)].sort();
