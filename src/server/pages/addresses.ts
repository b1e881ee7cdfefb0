import { isIP, isIPv6 } from 'node:net';
import type { Context } from 'koa';
import type { Names } from '../../tls/names.ts';
import type { Caller } from '../edge/callers.ts';
import type { Trust } from '../routes/trust.ts';

/** How a browser reached this server, and where else it can. Addresses are origins, such as `https://shop.local:8443`. */
export type Reached = {
  /** As the browser called it. */
  here: string;
  isSecure: boolean;
  /** This machine alone can use the address that the page was called by. */
  isOnlyHere: boolean;
  /** Over HTTPS; undefined where this server has none. */
  secure: string | undefined;
  /** Whether devices have to be told to trust it, by the page /ca. */
  hasAuthority: boolean;
};

export function reachedBy(ctx: Context, trust: Trust | undefined): Reached {
  const { hosts, protocol, isProxied } = ctx.state.caller as Caller;
  const host = hosts.at(-1) ?? '';
  const port = trust?.port();
  const here = `${protocol ?? 'http'}://${host}`;
  // A proxy has TLS of its own; this server's ports lead nowhere from outside of it.
  const isServed = trust !== undefined && port !== undefined && !isProxied;
  const name = isServed ? reachableName(hostNameOf(host), trust.certificates.names()) : undefined;
  return {
    here,
    isSecure: protocol === 'https',
    isOnlyHere: isOnlyHere(hostNameOf(host)),
    secure: protocol === 'https' ? here : name && addressOf('https', name, port as number),
    hasAuthority: isServed && trust.certificates.authority !== undefined,
  };
}

export const addressOf = (scheme: string, name: string, port: number) =>
  `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`;

/** The name of a host without its port and its last dot; of IPv6 the address. */
export const hostNameOf = (host: string): string =>
  URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
    : '';

/** Other devices would reach themselves. */
export const isOnlyHere = (name: string) =>
  name === '' || name === 'localhost' || name === '::1' || name.startsWith('127.');

/** What the page was asked by if the certificate has it; else a name or address that it has and others can use. */
export function reachableName(asked: string, { dns, addresses }: Names): string {
  const others = [...addresses, ...dns].filter((name) => !isOnlyHere(name) && !name.includes('*'));
  if (others.includes(asked)) return asked;
  const byAddress = others.find((name) => isIP(name) === 4);
  return byAddress ?? others.find((name) => name.endsWith('.local')) ?? others[0] ?? 'localhost';
}
