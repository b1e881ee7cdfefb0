import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import { type Certificates, openCertificates } from '../tls/certificates.ts';
import { TlsUnavailableError } from '../tls/errors.ts';
import { urlOf } from './lan-addresses.ts';

/** State of HTTPS before `start` listens: the certificates, or the reason there are none. Both undefined: HTTPS is off. */
export type Https = { certificates?: Certificates; problem?: string };

/** Where HTTPS listens, or why it doesn't; null if it is turned off. */
export type HttpsPort = { port: number } | { error: NodeJS.ErrnoException } | null;

/** Opens the certificates of the settings. Throws ConfigError for files that are open to others, or damaged. */
export async function openHttps({ config, log, now }: App, isMaker: boolean): Promise<Https> {
  const { tls, port } = config;
  if (!tls) return {};
  if (tls.port === port && port !== 0) {
    return { problem: `HTTPS is not served: port ${port} is that of HTTP. ${ANOTHER}` };
  }
  try {
    return { certificates: await openCertificates(config, { log, now, isMaker }) };
  } catch (error) {
    if (!(error instanceof TlsUnavailableError)) throw error;
    return { problem: `HTTPS is not served: ${error.message}` };
  }
}

const ANOTHER = 'Choose another with --https-port, or HTTPS_PORT.';

/** Says in a sentence why HTTPS does not listen. */
export function httpsProblem({ tls, host }: Config, error: NodeJS.ErrnoException): string {
  const port = tls?.port ?? 0;
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is taken by another program. ${ANOTHER}`,
    EACCES: `port ${port} may only be used by root. Choose one above 1023, such as --https-port 8443.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine.`,
  };
  return `HTTPS is not served: ${reasons[error.code ?? ''] ?? error.message}`;
}

export type HttpsGreeting = {
  url: string;
  port: number;
  /** The page that shows devices how to trust it; null with a certificate from elsewhere. */
  trustUrl: string | null;
  fingerprint: string | null;
};

/** Where HTTPS is to be found; `lan` has addresses of this machine, `own` is what it calls itself. */
export function httpsGreeting(
  { names, authority }: Certificates,
  { port, plainPort, lan, own }: { port: number; plainPort: number; lan: string[]; own: string },
): HttpsGreeting {
  const { dns, addresses } = names();
  const known = [...lan, own].filter((name) => dns.includes(name) || addresses.includes(name));
  // A certificate from elsewhere has names of its own, and a pattern of names can't be called.
  const host = known[0] ?? dns.find((name) => !name.includes('*')) ?? own;
  return {
    url: urlOf('https', host, port),
    port,
    trustUrl: authority ? `${urlOf('http', lan[0] ?? own, plainPort)}/ca` : null,
    fingerprint: authority?.fingerprint ?? null,
  };
}

/** The same for people. */
export const httpsLines = ({ url, trustUrl, fingerprint }: HttpsGreeting): string[] => [
  `Over HTTPS: ${url}`,
  ...(trustUrl
    ? [`Devices trust it once they did what ${trustUrl} says; SHA-256 fingerprint:`, `  ${fingerprint}`]
    : []),
];

/** Names that the certificate can't have, and what to do. */
export function uncoveredProblem({ uncovered }: Certificates): string | undefined {
  if (uncovered.length === 0) return undefined;
  return `HTTPS does not go by ${uncovered.join(', ')}: the certificate authority of this installation was made before. To make a new one, which each device has to trust anew, move secrets/tls-authority away and start again.`;
}
