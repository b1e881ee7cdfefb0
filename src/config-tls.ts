import { isAbsolute } from 'node:path';
import { ConfigError } from './config-error.ts';
import { type Attempt, asText, type Env, orThrow, quoted, spelled } from './config-sources.ts';

/** How the server speaks HTTPS; undefined where it doesn't. */
export type TlsConfig = {
  /** 0 takes a free one. */
  port: number;
  /** Files with a certificate from elsewhere and its key; without them the installation makes its own. */
  files: { cert: string; key: string } | undefined;
};

/** Settings from the file, not validated. */
export type TlsSettings = {
  tls?: unknown;
  httpsPort?: unknown;
  tlsCertFile?: unknown;
  tlsKeyFile?: unknown;
};

const DEFAULT_HTTPS_PORT = 8443;
const MODES = ['auto', 'off', 'files'];

/** Reads and validates the environment and `config.json`; `port` is an option's, and wins. Throws ConfigError. */
export function tlsConfig(
  file: TlsSettings,
  env: Env,
  port?: string,
  attempt: Attempt = orThrow,
): TlsConfig | undefined {
  const cert = attempt(() => asPath(env, 'TLS_CERT_FILE', 'tlsCertFile', file.tlsCertFile));
  const key = attempt(() => asPath(env, 'TLS_KEY_FILE', 'tlsKeyFile', file.tlsKeyFile));
  // Naming files implies TLS=files.
  const mode = attempt(() =>
    asMode(env.TLS || file.tls || (cert || key ? 'files' : 'auto'), spelled(env, 'TLS', 'tls')),
  );
  const portName = port === undefined ? spelled(env, 'HTTPS_PORT', 'httpsPort') : '--https-port';
  const number = attempt(() => asHttpsPort(port ?? (env.HTTPS_PORT || file.httpsPort), portName));
  if (mode === undefined || mode === 'off' || number === undefined) return undefined;
  if (mode === 'auto') return { port: number, files: undefined };
  return attempt(() => {
    if (cert && key) return { port: number, files: { cert, key } };
    throw new ConfigError(
      'TLS is files, but TLS_CERT_FILE and TLS_KEY_FILE do not both name one: a certificate with its chain, and its key, as PEM.',
    );
  });
}

function asMode(mode: unknown, name: string): unknown {
  if (MODES.includes(mode as string)) return mode;
  throw new ConfigError(`${name} is ${quoted(mode)}; it must be auto, off or files.`);
}

function asPath(env: Env, variable: string, field: string, value: unknown) {
  const path = env[variable] || asText(field, value);
  if (path === undefined || isAbsolute(path)) return path;
  throw new ConfigError(
    `${spelled(env, variable, field)} is ${JSON.stringify(path)}; it must be a path from the root on.`,
  );
}

/** Undefined for 0, which turns HTTPS off; `any` is a free one. */
function asHttpsPort(value: unknown, name: string): number | undefined {
  if (value === undefined || value === '') return DEFAULT_HTTPS_PORT;
  if (value === 'any') return 0;
  const port = Number(value);
  if (typeof value === 'boolean' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError(
      `${name} is ${quoted(value)}; it must be a number from 1 to 65535, any for a free one, or 0 for no HTTPS.`,
    );
  }
  return port === 0 ? undefined : port;
}
