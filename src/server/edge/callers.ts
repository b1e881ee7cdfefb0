import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Where a request comes from, as far as it can be known. */
export type Caller = {
  /** The address of whoever sent it; of what proxies say, only what a named one says counts. */
  address: string;
  /** Every name that it calls this server by: `Host`, and what a named proxy was called. */
  hosts: string[];
  /** How it reached a named proxy, or us by TLS; null when that can't be known. */
  protocol: 'http' | 'https' | null;
  /** Whether it came through a named proxy. */
  isProxied: boolean;
};

export type Callers = {
  isProxy(address: string): boolean;
  /** Of the other end of a connection, in the one way of writing it. */
  addressOf(socket: { remoteAddress?: string | undefined }): string;
  of(request: IncomingMessage): Caller;
};

/** Reads X-Forwarded-For, -Host and -Proto of the proxies in `trusted` (addresses and networks), and of nobody else. */
export function readCallers(trusted: readonly string[]): Callers {
  const list = new BlockList();
  for (const network of trusted) {
    const [address, bits] = network.split('/') as [string, string?];
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  const isProxy = (address: string) =>
    isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  const addressOf: Callers['addressOf'] = ({ remoteAddress }) => plainAddress(remoteAddress ?? '');
  return {
    isProxy,
    addressOf,
    of(request) {
      const peer = addressOf(request.socket);
      const hosts = hostOf(request);
      const isProxied = isProxy(peer);
      if (!isProxied) {
        return { address: peer, hosts, protocol: isEncrypted(request) ? 'https' : null, isProxied };
      }
      const protocol = partsOf(request.headers['x-forwarded-proto']).at(-1)?.toLowerCase();
      return {
        address: lastUnknown(peer, partsOf(request.headers['x-forwarded-for']), isProxy),
        hosts: [...hosts, ...partsOf(request.headers['x-forwarded-host'])],
        protocol: protocol === 'https' || protocol === 'http' ? protocol : null,
        isProxied,
      };
    },
  };
}

const isEncrypted = ({ socket }: IncomingMessage) => (socket as Partial<TLSSocket>).encrypted === true;

/** Of two Host headers Node would take the first, and a proxy before it perhaps the second: two are none. */
function hostOf({ rawHeaders, headers: { host } }: IncomingMessage): string[] {
  const lines = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  return lines.length === 1 && host ? [host] : [];
}

/** Each proxy adds, on the right, who it heard from: the first from there that is no proxy of ours is the caller. */
function lastUnknown(peer: string, chain: string[], isProxy: (address: string) => boolean): string {
  let address = peer;
  for (const hop of chain.reverse()) {
    const next = plainAddress(hop.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1'));
    if (isIP(next) === 0) break;
    address = next;
    if (!isProxy(next)) break;
  }
  return address;
}

const partsOf = (header: string | string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .flatMap((text) => text.split(','))
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** In the one way of writing it: IPv4 as such, also when it comes as IPv6 (`::ffff:10.0.0.1`), and without a zone. */
function plainAddress(text: string): string {
  const bare = text.replace(/%.*$/, '');
  if (!isIPv6(bare)) return bare;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  const inner = address.replace(/^::ffff:/, '');
  return isIPv4(inner) ? inner : address;
}
