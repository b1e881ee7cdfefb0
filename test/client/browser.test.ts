import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const src = new URL('../../src/', import.meta.url);
const IMPORT =
  /^\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;

/** All files that `entry` leads to, and what they import from outside. */
function walk(entry: string): { files: string[]; packages: Set<string> } {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (url: URL) => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, from, bare, dynamic] of readFileSync(url, 'utf8').matchAll(IMPORT)) {
      const name = (from ?? bare ?? dynamic) as string;
      if (name.startsWith('.')) visit(new URL(name, url));
      else packages.add(name);
    }
  };
  visit(new URL(entry, src));
  return { files: [...seen].map((href) => relative(fileURLToPath(src), fileURLToPath(href))), packages };
}

// Its globals are held to a browser's by `npm run types`, which checks these entries without Node's types.
describe('what a browser loads', () => {
  const allowed: Record<string, string[]> = {
    'client/index.ts': ['zod', 'socket.io-client'],
    'contract/index.ts': ['zod'],
    'pricing/index.ts': ['zod'],
  };
  for (const [entry, packages] of Object.entries(allowed)) {
    it(`is free of Node: ${entry}`, () => {
      const found = walk(entry);
      expect(found.files.length).to.be.greaterThan(5);
      expect([...found.packages]).to.have.members(packages);
      expect([...found.packages].filter(isBuiltin)).to.deep.equal([]);
      expect(found.files).to.not.include('client/file-store.ts');
    });
  }

  it('is what the walk sees: the file store does need Node', () => {
    expect([...walk('client/file-store.ts').packages].filter(isBuiltin)).to.include('node:fs/promises');
  });
});
