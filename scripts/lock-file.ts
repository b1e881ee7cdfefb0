import { readFileSync } from 'node:fs';

/** A package as the lock file has it. */
export type Locked = {
  name: string;
  version: string;
  licence: string;
  /** Whether its code gets to a shop: put into dist/program, or installed beside it. */
  isShipped: boolean;
  integrity?: string;
  resolved?: string;
  hasScript: boolean;
};

type Entry = {
  version: string;
  license?: string;
  dev?: boolean;
  integrity?: string;
  resolved?: string;
  hasInstallScript?: boolean;
};

/** Those that say it in a way that npm no longer reads: what their own files say. */
const SAID_OTHERWISE: Record<string, string> = { 'xmlhttprequest-ssl': 'MIT' };

const readText = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const read = (name: string) => JSON.parse(readText(name));

const HEADING = /^(\S+) (\d+\.\d+\.\d+\S*) \(.+\)$/gm;

/** Whose code the last build put into dist/program, as `name version`. */
const inProgram = (): Set<string> =>
  new Set(
    [...readText('dist/program/LICENCES.txt').matchAll(HEADING)].map(
      ([, name, version]) => `${name} ${version}`,
    ),
  );

/** Every package that `npm ci` installs somewhere: of some, one platform's alone. What was built says which are shipped. */
export function lockedPackages(): Locked[] {
  const { packages } = read('package-lock.json') as { packages: Record<string, Entry> };
  const bundled = inProgram();
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => {
      const name = path.replace(/^.*node_modules\//, '');
      return {
        name,
        version: entry.version,
        licence: entry.license ?? SAID_OTHERWISE[name] ?? 'unknown',
        isShipped: entry.dev !== true || bundled.has(`${name} ${entry.version}`),
        hasScript: entry.hasInstallScript === true,
        ...(entry.integrity === undefined ? {} : { integrity: entry.integrity }),
        ...(entry.resolved === undefined ? {} : { resolved: entry.resolved }),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
}

/** The packages whose install scripts may run. */
export const allowedScripts = (): string[] => {
  const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
  return Object.keys(allowScripts).filter((name) => allowScripts[name]);
};
