import { createSecureContext } from 'node:tls';
import { type Config, ConfigError, readSecretFile } from '../config.ts';
import { type Authority, ensureAuthority, readAuthority } from './authority.ts';
import { TlsUnavailableError } from './errors.ts';
import type { KeyAndCertificate } from './make-certificates.ts';
import { currentNames, type Names } from './names.ts';
import { namesOf, readOwn, renewOwn, uncoveredBy } from './own-certificates.ts';
import { parsePem, type ReadPair } from './pem.ts';

/** How often the addresses of the machine and the files are looked at. */
const LOOK_MS = 15_000;
/** As `MASTER_KEY_FILE`: orchestrators mount secrets for a group, and certbot's hooks copy keys for one. */
const CLOSED_BUT_TO_GROUP = 0o037;

/** External tools usually renew a certificate a month before it ends. Warn if this one was not renewed by then. */
const WARN_BEFORE_MS = 14 * 86_400_000;
const WARN_EVERY_MS = 86_400_000;

/** The certificate of the servers of this process, kept up to date while it runs. */
export type Certificates = {
  current(): KeyAndCertificate;
  names(): Names;
  /** The installation's own root, for devices to trust; undefined where the certificate comes from elsewhere. */
  authority: { pem: string; fingerprint: string } | undefined;
  /** Names that the server goes by and its own authority was not made for. */
  uncovered: string[];
  /** `listener` is called when there is another certificate. */
  onChange(listener: () => void): void;
  close(): void;
};

type Log = { info(message: string): void; error(details: object, message: string): void };

export type CertificateOptions = {
  log: Log;
  now(): Date;
  /** Of several processes with one home, one makes certificates and the others read them. */
  isMaker: boolean;
  lookMs?: number;
  findNames?: () => Names;
};

type Source = {
  authority?: Authority;
  uncovered: string[];
  /** Makes a new one if need be. */
  renew(): Promise<void>;
  read(): ReadPair;
};

/**
 * Opens the certificate of the settings, or the installation's own, which is made if missing. Throws ConfigError for files
 * that are open to others or damaged, TlsUnavailableError if there is no HTTPS in this configuration, or its files can't be written.
 */
export async function openCertificates(
  config: Pick<Config, 'home' | 'tls' | 'edge'>,
  options: CertificateOptions,
): Promise<Certificates> {
  if (!config.tls) throw new TlsUnavailableError('HTTPS is turned off.');
  const source = config.tls.files ? filesSource(config.tls.files) : await ownSource(config, options);
  let current = source.read();
  const listeners: (() => void)[] = [];
  const warnOfExpiry = expiryWarning(options);
  warnOfExpiry(current);
  const look = async () => {
    await source.renew();
    const next = source.read();
    warnOfExpiry(next);
    if (next.certificate === current.certificate) return;
    current = next;
    for (const listener of listeners) listener();
    options.log.info('HTTPS has a new certificate');
  };
  const { authority, uncovered } = source;
  return {
    current: () => current,
    names: () => namesOf(current),
    authority: authority && {
      pem: authority.certificate,
      fingerprint: authority.x509.fingerprint256,
    },
    uncovered,
    onChange: (listener) => listeners.push(listener),
    close: repeat(look, options),
  };
}

/** Calls `look` over and over, never twice at once; returns what ends it. The same fault is logged once. */
function repeat(look: () => Promise<void>, { log, lookMs = LOOK_MS }: CertificateOptions): () => void {
  let lastFault = '';
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
      lastFault = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastFault) log.error({ err: error }, 'the certificate of HTTPS stays as it is');
      lastFault = message;
    } finally {
      isLooking = false;
    }
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Logs, at most once a day, that a certificate expires soon. Nothing else would show it before devices stop connecting. */
function expiryWarning({ now, log }: CertificateOptions): (pair: ReadPair) => void {
  let warnedAt = -Infinity;
  return ({ x509: { validToDate } }) => {
    const isSoon = validToDate.getTime() - now().getTime() < WARN_BEFORE_MS;
    if (!isSoon || performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    log.error({ endsAt: validToDate }, 'the certificate of HTTPS ends soon, or has ended: renew it');
  };
}

/** Throws ConfigError where the files of TLS are not a certificate and its key that can be served. */
export const checkCertificateFiles = (files: { cert: string; key: string }): void =>
  void filesSource(files).read();

function filesSource({ cert, key }: { cert: string; key: string }): Source {
  return {
    uncovered: [],
    renew: async () => {},
    read() {
      const pair = parsePem(`${readSecretFile(cert, 0)}\n${readSecretFile(key, CLOSED_BUT_TO_GROUP)}`);
      if (pair) return requirePresentable(pair, cert);
      throw new ConfigError(
        `${cert} (TLS_CERT_FILE) and ${key} (TLS_KEY_FILE) are not a certificate and its key, as PEM and without a passphrase.`,
      );
    },
  };
}

/** Throws ConfigError for what OpenSSL does not serve, such as a chain that is damaged or a key that is too weak. */
function requirePresentable(pair: ReadPair, file: string): ReadPair {
  try {
    createSecureContext({ cert: pair.certificate, key: pair.key });
    return pair;
  } catch (error) {
    throw new ConfigError(`${file} (TLS_CERT_FILE) can't be served: ${(error as Error).message}.`);
  }
}

async function ownSource(
  { home, edge: { allowedHosts } }: Pick<Config, 'home' | 'edge'>,
  { isMaker, now, log, findNames = () => currentNames(allowedHosts) }: CertificateOptions,
): Promise<Source> {
  const authority = isMaker ? await ensureAuthority(home, allowedHosts, now()) : readAuthority(home);
  const read = () => {
    const pair = readOwn(home);
    if (pair) return pair;
    throw new TlsUnavailableError('There is no certificate that can be read.');
  };
  if (!authority) throw new TlsUnavailableError('There is no certificate authority yet.');
  const renew = async () => {
    if (isMaker) await renewOwn(home, authority, findNames(), now());
  };
  try {
    await renew();
  } catch (error) {
    // A home that can't be written any more: the certificate that is there may still do.
    if (!(error instanceof TlsUnavailableError) || !readOwn(home)) throw error;
    log.error({ err: error }, 'the certificate of HTTPS stays as it is');
  }
  return { authority, uncovered: uncoveredBy(authority, findNames()), renew, read };
}
