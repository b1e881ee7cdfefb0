import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { removeFolder, tempFolder } from '../support/temp.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a page's snippets may take for given. */
const GIVEN = `
import type { Client } from 'smoocho/client';
declare global {
  const client: Client;
  const shopId: string;
  const product: { id: string; price: string };
}
`;

const page = readFileSync(join(root, 'docs/client.md'), 'utf8');
const snippets = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string);

describe('docs/client.md', () => {
  it('prints what its pricing example says beside each line', () => {
    const [example = '', ...others] = snippets.filter((code) => code.includes("from 'smoocho/pricing'"));
    expect(others).to.deep.equal([]);
    const folder = tempFolder();
    const file = join(folder, 'pricing.ts');
    const source = pathToFileURL(join(root, 'src/pricing/index.ts')).href;
    writeFileSync(file, example.replace("'smoocho/pricing'", `'${source}'`));
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    removeFolder(folder);
    const said = [...example.matchAll(/^console\.log\(.*\/\/ (.*)$/gm)].map(([, text]) => text);
    expect(said).to.have.length(3);
    expect(stdout.trim().split('\n'), stderr).to.deep.equal(said);
  });

  it('has snippets that fit the types', function () {
    this.timeout(120_000);
    expect(snippets.length).to.be.greaterThan(5);
    const folder = tempFolder();
    writeFileSync(join(folder, 'given.d.ts'), GIVEN);
    for (const [i, code] of snippets.entries())
      writeFileSync(join(folder, `snippet-${i}.ts`), `${code}\nexport {};\n`);
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        module: 'esnext',
        moduleResolution: 'bundler',
        noUnusedLocals: false,
        paths: Object.fromEntries(
          [
            'client/index',
            'client/file-store',
            'contract/index',
            'contract/order-rules',
            'pricing/index',
          ].map((path) => [
            `smoocho/${path.replace(/\/index$|^contract\/(?=order)/, '')}`,
            [join(root, `src/${path}.ts`)],
          ]),
        ),
      },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(
      'package.json',
      'bin/tsc',
    );
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    removeFolder(folder);
    expect(stdout).to.equal('');
  });
});
