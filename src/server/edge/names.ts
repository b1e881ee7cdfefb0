import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { EdgeConfig } from '../../config.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { Caller } from './callers.ts';

const SHOWN = 100;

/** Throws `bad_request`, `host_refused`. */
export type HostCheck = (caller: Caller) => void;

export type OriginCheck = {
  isListed(origin: string): boolean;
  /** Throws `origin_refused`. */
  check(origin: string | undefined, caller: Caller): void;
};

/**
 * Whether this server may be called so. A page of the internet can make its own name lead to a machine of the shop's network
 * (DNS rebinding), but it can't make that machine's address or name its own: a name has to be known here.
 */
export function createHostCheck({ allowedHosts }: Pick<EdgeConfig, 'allowedHosts'>): HostCheck {
  const own = hostname().toLowerCase();
  const names = new Set(['localhost', own, `${own.split('.')[0]}.local`, ...allowedHosts]);
  return ({ hosts }) => {
    if (hosts.length === 0) throw new ProblemError('bad_request', { detail: 'Send one Host header.' });
    for (const host of hosts) {
      const name = nameOf(host);
      if (name !== undefined && (names.has(name) || isIP(name) !== 0)) continue;
      const detail = `This server does not go by ${quoted(host)}. Call it by its address, or add the name to allowedHosts in config.json (ALLOWED_HOSTS).`;
      throw new ProblemError('host_refused', { detail });
    }
  };
}

/** The name of a host without its port and its last dot; of IPv6 the address. */
function nameOf(host: string): string | undefined {
  if (!/^(\[[\da-f:.]+\]|[^\s/?#@\\:[\]]+)(:\d{1,5})?$/i.test(host)) return undefined;
  if (!URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

/** Whether pages of that origin may use this server: its own, and those that are listed. */
export function createOriginCheck({ allowedOrigins }: Pick<EdgeConfig, 'allowedOrigins'>): OriginCheck {
  const listed = new Set(allowedOrigins);
  return {
    isListed: (origin) => listed.has(origin),
    check(origin, { hosts, protocol }) {
      if (origin === undefined || listed.has(origin)) return;
      if (isSameOrigin(origin, hosts.at(-1), protocol)) return;
      const detail = `Pages of ${quoted(origin)} may not use this server, unless allowedOrigins in config.json (ALLOWED_ORIGINS) has it.`;
      throw new ProblemError('origin_refused', { detail });
    },
  };
}

/** Where no proxy says how it was reached, one that nobody named may have taken the TLS off: either scheme will do. */
function isSameOrigin(origin: string, host: string | undefined, protocol: Caller['protocol']): boolean {
  const scheme = /^https?(?=:\/\/)/.exec(origin)?.[0];
  if (!scheme || !host || (protocol !== null && protocol !== scheme)) return false;
  return URL.canParse(`${scheme}://${host}`) && new URL(`${scheme}://${host}`).origin === origin;
}

const quoted = (text: string) => JSON.stringify(text.slice(0, SHOWN).toWellFormed());
