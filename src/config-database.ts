import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';

/** Parameters of a URL that name files of TLS; the driver reads them. */
const FILES = ['sslrootcert', 'sslcert', 'sslkey'];

/** Validates the URL of a database; `name` is the setting it came from. Throws ConfigError, without the URL: it may contain a password. */
export function asDatabaseUrl(url: string | undefined, name = 'DATABASE_URL'): string | undefined {
  if (url === undefined) return undefined;
  if (hasSeveralHosts(url)) throw new ConfigError(oneAddress(name));
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url) || !isEncoded(url)) {
    throw new ConfigError(
      `${name} is not an address like postgres://user:password@localhost:5432/smoocho. ` +
        'In a password, write @ as %40, / as %2F, # as %23 and % as %25.',
    );
  }
  const { searchParams } = new URL(url);
  for (const file of FILES) checkReadable(name, file, searchParams.get(file));
  // With a space in it, as in the path of a file, the driver would read % in the password another way.
  return url.replaceAll(' ', '%20');
}

/** As libpq takes them: `host1:5432,host2:5432`, also several in `?host=`. The driver takes one. */
const hasSeveralHosts = (url: string) =>
  /^postgres(ql)?:\/\/([^/?#]*@)?[^/?#@]*,[^/?#@]*([/?#]|$)/.test(url) || /[?&]host=[^&#]*(,|%2C)/i.test(url);

const oneAddress = (name: string) =>
  `${name} names several servers, and may name one. To go on with another by itself, put a proxy or an address that moves before them.`;

function isEncoded(url: string): boolean {
  try {
    return decodeURIComponent(url) !== '';
  } catch {
    return false;
  }
}

function checkReadable(name: string, parameter: string, path: string | null): void {
  // The driver ignores an empty one.
  if (!path) return;
  try {
    readFileSync(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new ConfigError(`${name} names a file in ${parameter} that can't be read: ${path} (${reason}).`);
  }
}
