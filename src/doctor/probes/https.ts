import { X509Certificate } from 'node:crypto';
import type { Config } from '../../config.ts';
import { openCertificates } from '../../tls/certificates.ts';
import { TlsUnavailableError } from '../../tls/errors.ts';
import { currentNames } from '../../tls/names.ts';

export type HttpsFacts = {
  mode: 'off' | 'own' | 'files';
  /** Null where there is no certificate: the own one is made by the first start. */
  endsAt: Date | null;
  /** Why it can't be served, in a sentence. */
  problem: string | null;
  /** Names and addresses of this machine that the certificate doesn't have. */
  uncovered: string[];
};

/** Reads the certificate as a server does, and makes none. */
export async function readHttps(config: Config): Promise<HttpsFacts> {
  if (!config.tls) return { mode: 'off', endsAt: null, problem: null, uncovered: [] };
  const mode = config.tls.files ? 'files' : 'own';
  try {
    const log = { info: () => {}, error: () => {} };
    const certificates = await openCertificates(config, { log, now: () => new Date(), isMaker: false });
    try {
      const { validToDate } = new X509Certificate(certificates.current().certificate);
      const uncovered = uncoveredNames(config, certificates.names(), mode);
      return { mode, endsAt: validToDate, problem: null, uncovered };
    } finally {
      certificates.close();
    }
  } catch (error) {
    const isNotMade = error instanceof TlsUnavailableError;
    const problem = isNotMade ? null : (error as Error).message;
    return { mode, endsAt: null, problem, uncovered: [] };
  }
}

/** A certificate from elsewhere has the names that its owner wanted: those that the settings name count. */
function uncoveredNames(
  { edge: { allowedHosts } }: Config,
  has: { dns: string[]; addresses: string[] },
  mode: 'own' | 'files',
): string[] {
  const all = currentNames(allowedHosts);
  const wanted = mode === 'own' ? [...all.dns, ...all.addresses] : allowedHosts;
  const isCovered = (name: string) =>
    has.addresses.includes(name) ||
    has.dns.some((own) => own === name || (own.startsWith('*.') && name.endsWith(own.slice(1))));
  return wanted.filter((name) => !isCovered(name));
}
