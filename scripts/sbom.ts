import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lockedPackages } from './lock-file.ts';

type Licence = { license?: { id?: string; name?: string }; expression?: string };
export type Sbom = {
  bomFormat: string;
  specVersion: string;
  metadata: { component: { 'bom-ref': string } };
  components: {
    'bom-ref': string;
    name: string;
    version: string;
    scope?: string;
    properties?: { name: string; value: string }[];
    licenses?: Licence[];
    hashes?: { alg: string }[];
  }[];
  dependencies: { ref: string; dependsOn: string[] }[];
};

/**
 * A software bill of materials of what runs in a shop, by npm from the lock file: of every platform. For npm, the packages whose code
 * is in dist/program are for development: what is for that alone is taken off here.
 */
export function makeSbom(): Sbom {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  const sbom = JSON.parse(text.toString('utf8')) as Sbom;
  const licences = new Map<string, string>();
  for (const { isShipped, name, version, licence } of lockedPackages()) {
    if (isShipped) licences.set(`${name}@${version}`, licence);
  }
  const components = sbom.components
    .filter((component) => licences.has(component['bom-ref']))
    .map((component) => ({
      ...(isForDevelopment(component) ? asShipped(component) : component),
      // npm no longer reads how some say theirs.
      licenses: component.licenses?.length
        ? component.licenses
        : [{ license: { id: licences.get(component['bom-ref']) as string } }],
    }));
  const root = sbom.metadata.component['bom-ref'];
  const isThere = (ref: string) => ref === root || licences.has(ref);
  const dependencies = sbom.dependencies
    .filter(({ ref }) => isThere(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isThere) }));
  return { ...sbom, components, dependencies };
}

const DEVELOPMENT = 'cdx:npm:package:development';

const isForDevelopment = ({ properties = [] }: Sbom['components'][number]) =>
  properties.some(({ name }) => name === DEVELOPMENT);

/** For npm it is installed to develop with, and may be left out; its code is in dist/program. */
const asShipped = (component: Sbom['components'][number]) => ({
  ...component,
  scope: 'required',
  properties: component.properties?.filter(({ name }) => name !== DEVELOPMENT) ?? [],
});

/** What is wrong with it, a line each: every package that runs in a shop has to be there, with its licence and its hash. */
export function faultsOf({ bomFormat, specVersion, components }: Sbom): string[] {
  const faults: string[] = [];
  if (bomFormat !== 'CycloneDX') faults.push(`It is ${bomFormat}, not CycloneDX.`);
  if (!/^1\.[5-9]$/.test(specVersion)) faults.push(`It is of version ${specVersion}, not 1.5 or newer.`);
  for (const { name, version, licence, isShipped } of lockedPackages()) {
    if (!isShipped) continue;
    const found = components.find((one) => one.name === name && one.version === version);
    if (!found) faults.push(`${name} ${version} is missing.`);
    else if (!textOf(found.licenses).includes(licence.replace(/^\(|\)$/g, ''))) {
      faults.push(`${name} ${version} is under ${licence}, not ${textOf(found.licenses)}.`);
    } else if (!found.hashes?.length) faults.push(`${name} ${version} has no hash.`);
  }
  return faults;
}

const textOf = (licences: Licence[] = []) =>
  licences.map(({ license, expression }) => license?.id ?? license?.name ?? expression ?? '').join(' ');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL('../artifacts/', import.meta.url));
  const sbom = makeSbom();
  const faults = faultsOf(sbom);
  for (const fault of faults) console.error(fault);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}sbom.cdx.json`, `${JSON.stringify(sbom, null, 2)}\n`);
  console.log(`artifacts/sbom.cdx.json: CycloneDX ${sbom.specVersion}, ${sbom.components.length} packages`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
