import type { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, makeSecretFile, readSecretFile } from '../config.ts';
import { contextTag, decode } from './der.ts';
import { TlsUnavailableError } from './errors.ts';
import { makeApart } from './make-apart.ts';
import type { KeyAndCertificate } from './make-certificates.ts';
import { permittedDomains } from './names.ts';
import { joinPem, parsePem } from './pem.ts';

/** The installation's own root: what devices trust. */
export type Authority = KeyAndCertificate & {
  x509: X509Certificate;
  /** Domains that it may vouch for. */
  domains: string[];
};

export const authorityFile = (home: string) => join(home, 'secrets', 'tls-authority');

/** The authority, which is made if missing. Throws ConfigError as below, TlsUnavailableError if it can't be made or written. */
export async function ensureAuthority(
  home: string,
  allowedHosts: readonly string[],
  now: Date,
): Promise<Authority> {
  if (!existsSync(authorityFile(home))) {
    const domains = permittedDomains(allowedHosts);
    const made = await makeApart({ what: 'authority', domains, now: now.getTime() });
    keepAuthority(home, joinPem(made));
  }
  return readAuthority(home) as Authority;
}

/** Puts an authority into the home; one that is there stays. Throws TlsUnavailableError. */
export function keepAuthority(home: string, pem: string): void {
  try {
    makeSecretFile(authorityFile(home), pem);
  } catch (error) {
    throw new TlsUnavailableError((error as Error).message);
  }
}

/** Undefined if there is none. Throws ConfigError if others can read its file, or it is damaged. */
export function readAuthority(home: string): Authority | undefined {
  const path = authorityFile(home);
  if (!existsSync(path)) return undefined;
  const authority = parseAuthority(readSecretFile(path));
  if (authority) return authority;
  throw new ConfigError(
    `${path} is not a certificate authority with its key. Put it back from a backup, or move it away: a new one is made, and each device has to trust that one.`,
  );
}

/** Undefined for what is no authority with its own key, or could vouch for any site. */
export function parseAuthority(pem: string): Authority | undefined {
  const pair = parsePem(pem);
  if (!pair?.x509.ca) return undefined;
  try {
    const domains = domainsOf(pair.x509);
    return domains.length > 0 ? { ...pair, domains } : undefined;
  } catch {
    return undefined;
  }
}

/** OBJECT IDENTIFIER 2.5.29.30 */
const NAME_CONSTRAINTS = '551d1e';
const EXTENSIONS = contextTag(3);
const PERMITTED = contextTag(0);
const DNS_NAME = 0x82;

/** The domains of its name constraints, which Node doesn't show. */
function domainsOf({ raw }: X509Certificate): string[] {
  const inside = (content: Buffer) => decode(content)[0]?.body ?? Buffer.alloc(0);
  const fields = decode(inside(inside(raw)));
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS)?.body;
  const found = decode(inside(extensions ?? Buffer.alloc(0)))
    .map(({ body }) => decode(body))
    .find(([id]) => id?.body.toString('hex') === NAME_CONSTRAINTS);
  const permitted = decode(inside(found?.at(-1)?.body ?? Buffer.alloc(0))).find(
    ({ tag }) => tag === PERMITTED,
  );
  return decode(permitted?.body ?? Buffer.alloc(0)).flatMap(({ body }) => {
    const [base] = decode(body);
    return base?.tag === DNS_NAME ? [base.body.toString('latin1')] : [];
  });
}
