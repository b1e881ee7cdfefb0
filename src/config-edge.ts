import { isIP, isIPv6 } from 'node:net';
import { ConfigError } from './config-error.ts';
import { type Attempt, orThrow, quoted, spelled } from './config-sources.ts';

/** Who may reach the server, and how much of it one may use. */
export type EdgeConfig = {
  /** Names that the server goes by, beside its addresses, localhost and the machine's own name. */
  allowedHosts: string[];
  /** Sites whose pages may use the server, beside its own, such as `https://till.example.com`. */
  allowedOrigins: string[];
  /** Addresses and networks (CIDR) of the proxies whose X-Forwarded-… headers are believed. */
  trustedProxies: string[];
  /** Of each session, and of each address for whoever has none. */
  requestsPerSecond: number;
  /** That one address may have open at a time; proxies that are named may have any number. */
  connectionsPerAddress: number;
};

/** As the file has them, not looked at yet. */
export type EdgeSettings = { [Name in keyof EdgeConfig]?: unknown };

/** A till makes a few a second when it is busy, and a hundred at once when it starts. */
const DEFAULT_REQUESTS_PER_SECOND = 50;
/** A shop of fifty devices, each with its requests, its live feed and some tabs left open. */
const DEFAULT_CONNECTIONS_PER_ADDRESS = 256;

/** What the environment or `config.json` say, checked. Throws ConfigError. */
export function edgeConfig(
  file: EdgeSettings,
  env: Record<string, string | undefined>,
  attempt: Attempt = orThrow,
): EdgeConfig {
  const list = (name: ListName, variable: string, read: (text: string) => string | undefined) =>
    attempt(() => {
      const called = env[variable] === undefined ? `${name} in config.json` : variable;
      return asList({ name, called }, env[variable] ?? file[name], read);
    }) ?? [];
  const count = (name: CountName, variable: string) =>
    attempt(() => asCount(spelled(env, variable, name), env[variable] || file[name]));
  return {
    allowedHosts: list('allowedHosts', 'ALLOWED_HOSTS', asHost),
    allowedOrigins: list('allowedOrigins', 'ALLOWED_ORIGINS', asOrigin),
    trustedProxies: list('trustedProxies', 'TRUSTED_PROXIES', asNetwork),
    requestsPerSecond: count('requestsPerSecond', 'REQUESTS_PER_SECOND') ?? DEFAULT_REQUESTS_PER_SECOND,
    connectionsPerAddress:
      count('connectionsPerAddress', 'CONNECTIONS_PER_ADDRESS') ?? DEFAULT_CONNECTIONS_PER_ADDRESS,
  };
}

type ListName = 'allowedHosts' | 'allowedOrigins' | 'trustedProxies';
type CountName = 'requestsPerSecond' | 'connectionsPerAddress';

/** Of the environment, a text with commas; of the file, that or an array. */
function asList(
  { name, called }: { name: string; called: string },
  value: unknown,
  read: (text: string) => string | undefined,
): string[] {
  const parts = typeof value === 'string' ? value.split(',') : (value ?? []);
  const texts = Array.isArray(parts) ? parts.map((part) => String(part).trim()) : [String(parts)];
  return texts.filter(Boolean).map((text) => {
    const one = read(text);
    if (one !== undefined) return one;
    throw new ConfigError(`${called} has ${JSON.stringify(text)}; it must be ${EXAMPLES[name]}.`);
  });
}

const EXAMPLES: Record<string, string> = {
  allowedHosts: 'a name alone, such as till.example.com',
  allowedOrigins: 'an origin, such as https://till.example.com',
  trustedProxies: 'the address of a proxy, such as 10.0.0.2, or a network of nothing but proxies',
};

/** As browsers write it: in small letters, and international names in their ASCII form. */
function asHost(text: string): string | undefined {
  if (!/^[^\s/?#@:[\]*]+$/.test(text) || !URL.canParse(`http://${text}`)) return undefined;
  return new URL(`http://${text}`).hostname;
}

/** Apps have schemes of their own, such as capacitor://localhost. */
function asOrigin(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*,]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, protocol, host } = new URL(text);
  return origin === 'null' ? `${protocol}//${host}` : origin;
}

/** Not all of the internet: everybody would then say who they are. */
function asNetwork(text: string): string | undefined {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIPv6(address) ? 128 : 32;
  const isFine = isIP(address) && rest.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
  const size = Number(bits ?? most);
  return isFine && size >= 1 && size <= most ? text : undefined;
}

function asCount(name: string, value: unknown): number | undefined {
  if (value === undefined || value === '') return undefined;
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= 1_000_000) return count;
  throw new ConfigError(`${name} is ${quoted(value)}; it must be a whole number from 1 up.`);
}
