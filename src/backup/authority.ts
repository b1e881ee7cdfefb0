import { ConfigError } from '../config.ts';
import { keepAuthority, parseAuthority, readAuthority } from '../tls/authority.ts';
import { TlsUnavailableError } from '../tls/errors.ts';
import { joinPem } from '../tls/pem.ts';
import type { Secrets } from './archive/format.ts';

/** `kept`: the machine had another one, which stays. Null if the archive has none. */
export type AuthorityOutcome = 'restored' | 'same' | 'kept' | null;

/** The authority that devices trust, as an archive has it; null without one. A file that the server refuses keeps nobody from a backup. */
export function archivedAuthority(home: string): string | null {
  try {
    const authority = readAuthority(home);
    return authority ? joinPem(authority) : null;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

/** Puts the authority of an archive into a home that has none, so that devices go on trusting the shop's server. */
export function restoreAuthority(home: string, secrets: Secrets | null): AuthorityOutcome {
  const archived = parseAuthority(secrets?.tlsAuthority ?? '');
  if (!archived) return null;
  try {
    const own = readAuthority(home);
    if (own) return own.x509.fingerprint256 === archived.x509.fingerprint256 ? 'same' : 'kept';
    keepAuthority(home, joinPem(archived));
    return 'restored';
  } catch (error) {
    // The restore is done. What is wrong with the file, the server says when it starts.
    if (error instanceof ConfigError || error instanceof TlsUnavailableError) return 'kept';
    throw error;
  }
}
