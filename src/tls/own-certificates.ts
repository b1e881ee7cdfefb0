import { existsSync, renameSync, rmSync } from 'node:fs';
import { isIPv6, SocketAddress } from 'node:net';
import { dirname, join } from 'node:path';
import { ConfigError, makeSecretFile, readSecretFile, syncFolder } from '../config.ts';
import type { Authority } from './authority.ts';
import { TlsUnavailableError } from './errors.ts';
import { makeApart } from './make-apart.ts';
import { isWithin, type Names } from './names.ts';
import { joinPem, parsePem, type ReadPair } from './pem.ts';
import { bestTime, isDue, type Validity } from './validity.ts';

export const certificateFile = (home: string) => join(home, 'secrets', 'tls-certificate');

/** The certificate that the authority made last; undefined if there is none, or it is damaged. Throws ConfigError if others can read it. */
export function readOwn(home: string): ReadPair | undefined {
  const path = certificateFile(home);
  return existsSync(path) ? parsePem(readSecretFile(path)) : undefined;
}

/** Names that the authority was not made for: it can't vouch for them. */
export const uncoveredBy = ({ domains }: Pick<Authority, 'domains'>, { dns }: Names): string[] =>
  dns.filter((name) => !isWithin(name, domains));

/**
 * Makes a new certificate if the names changed, the old one ends soon, or is another authority's. Throws ConfigError,
 * TlsUnavailableError if it can't be made or written.
 */
export async function renewOwn(home: string, authority: Authority, wanted: Names, now: Date): Promise<void> {
  const uncovered = uncoveredBy(authority, wanted);
  const names = { ...wanted, dns: wanted.dns.filter((name) => !uncovered.includes(name)) };
  const last = readOwn(home);
  const at = bestTime(now, last && validityOf(last));
  if (last && isOf(authority, last) && hasNames(last, names) && !isDue(validityOf(last), at)) return;
  const { certificate, key } = authority;
  const made = await makeApart({ what: 'leaf', authority: { certificate, key }, names, now: at.getTime() });
  replace(certificateFile(home), joinPem(made));
}

const validityOf = ({ x509 }: ReadPair): Validity => ({
  notBefore: x509.validFromDate,
  notAfter: x509.validToDate,
});

const isOf = (authority: Authority, { x509 }: ReadPair) => x509.verify(authority.x509.publicKey);

function hasNames(pair: ReadPair, wanted: Names): boolean {
  const { dns, addresses } = namesOf(pair);
  const text = (names: string[]) => [...names].sort().join();
  return text(dns) === text(wanted.dns) && text(addresses) === text(wanted.addresses.map(canonical));
}

/** The alternative names of a certificate. */
export function namesOf({ x509 }: Pick<ReadPair, 'x509'>): Names {
  const entries = (x509.subjectAltName ?? '').split(', ');
  const of = (prefix: string) =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return { dns: of('DNS:'), addresses: of('IP Address:').map(canonical) };
}

/** An address in the one way of writing it. */
const canonical = (address: string): string =>
  new SocketAddress({ address, family: isIPv6(address) ? 'ipv6' : 'ipv4' }).address;

/** Atomically, so that a worker that reads it meanwhile has the old one or the new one. */
function replace(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    rmSync(draft, { force: true });
    makeSecretFile(draft, text);
    renameSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    const { message } = error as Error;
    throw new TlsUnavailableError(
      error instanceof ConfigError ? message : `${path} can't be written (${message}).`,
    );
  }
}
