import 'fake-indexeddb/auto';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { fileStore } from '../../src/client/file-store.ts';
import { indexedDbStore } from '../../src/client/indexed-db-store.ts';
import { memoryStore, type Store } from '../../src/client/store.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const folders: string[] = [];
const newFolder = () => {
  const folder = tempFolder();
  folders.push(folder);
  return folder;
};

/** Opens a store, and the same one again as after a restart. */
const kinds: Record<string, () => { store: Store; reopen: (() => Store) | null }> = {
  memoryStore: () => ({ store: memoryStore(), reopen: null }),
  indexedDbStore: () => {
    const name = randomUUID();
    return { store: indexedDbStore(name), reopen: () => indexedDbStore(name) };
  },
  fileStore: () => {
    const folder = join(newFolder(), 'not', 'there yet');
    return { store: fileStore(folder), reopen: () => fileStore(folder) };
  },
};

after(() => folders.forEach(removeFolder));

for (const [name, open] of Object.entries(kinds)) {
  describe(`a ${name}`, () => {
    let store: Store;
    let reopen: (() => Store) | null;

    beforeEach(() => {
      ({ store, reopen } = open());
    });

    it('gives back what was put, the newest of it, and nothing that was deleted', async () => {
      expect(await store.get('a')).to.equal(undefined);
      await store.put('a', { n: 1, list: ['x', null, 1.5], text: 'नमस्ते' });
      expect(await store.get('a')).to.deep.equal({ n: 1, list: ['x', null, 1.5], text: 'नमस्ते' });
      await store.put('a', 'other');
      expect(await store.get('a')).to.equal('other');
      await store.delete('a');
      await store.delete('a');
      expect(await store.get('a')).to.equal(undefined);
    });

    it('lists by the start of keys, in their order, whatever characters they have', async () => {
      const keys = [
        'sale/2',
        'sale/10',
        'sale',
        'sale-x',
        'Sale/1',
        'sale/ü .. %2f\\*',
        'other/1',
        'sale/../../etc',
      ];
      for (const key of keys) await store.put(key, key);
      const mine = keys.filter((key) => key.startsWith('sale/')).sort();
      expect(await store.list('sale/')).to.deep.equal(mine.map((key) => [key, key]));
      expect((await store.list('')).map(([key]) => key)).to.have.members(keys);
      expect(await store.list('nothing')).to.deep.equal([]);
    });

    it('is not changed by a change of what was put into it or got from it', async () => {
      const value = { n: 1 };
      await store.put('a', value);
      value.n = 2;
      const got = (await store.get('a')) as { n: number };
      got.n = 3;
      expect(await store.get('a')).to.deep.equal({ n: 1 });
    });

    it('updates in one step: none of many at once is lost', async () => {
      const count = (value: unknown) => ((value as number | undefined) ?? 0) + 1;
      const other = reopen?.() ?? store;
      const updates = Array.from({ length: 25 }, (_, i) => (i % 2 ? store : other).update('n', count));
      const results = (await Promise.all(updates)) as number[];
      expect(results.sort((a, b) => a - b)).to.deep.equal(results.map((_, i) => i + 1));
      expect(await store.get('n')).to.equal(25);
      expect(await store.update('n', () => undefined)).to.equal(undefined);
      expect(await store.get('n')).to.equal(undefined);
    });

    it('leaves a value alone when its change throws', async () => {
      await store.put('n', 1);
      const fail = () => {
        throw new Error('no');
      };
      const outcome = await store.update('n', fail).then(
        () => 'changed',
        (error) => error.message,
      );
      expect([outcome, await store.get('n')]).to.deep.equal(['no', 1]);
      expect(await store.update('n', () => 2)).to.equal(2);
    });

    if (name === 'memoryStore') return;

    it('has everything after a restart', async () => {
      await store.put('a/1', 1);
      await store.update('a/2', () => 2);
      expect(await reopen?.().list('a/')).to.deep.equal([
        ['a/1', 1],
        ['a/2', 2],
      ]);
    });
  });
}

describe('a file store', () => {
  it('keeps what it holds from other users of the machine, and leaves nothing half written', async () => {
    const folder = join(newFolder(), 'till');
    const store = fileStore(folder);
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.put('a', i)));
    await store.update('a', () => 'x');
    expect(readdirSync(folder)).to.deep.equal(['a.json']);
    expect(statSync(folder).mode & 0o077).to.equal(0);
    expect(statSync(join(folder, 'a.json')).mode & 0o077).to.equal(0);
  });

  it('puts aside what can not be read, and clears up what a crash left', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'sale%2f1.json'), '{"id":');
    writeFileSync(join(folder, 'sale%2f2.json'), '2');
    writeFileSync(join(folder, 'a.json.1.tmp'), '');
    utimesSync(join(folder, 'a.json.1.tmp'), 0, 0);
    const store = fileStore(folder);
    expect(await store.list('sale/')).to.deep.equal([['sale/2', 2]]);
    expect(readdirSync(folder)).to.have.members(['sale%2f1.json.broken', 'sale%2f2.json']);
  });

  it('takes over the lock of a program that crashed while it held it', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'n.json.lock'), '');
    const old = Date.now() / 1000 - 10;
    utimesSync(join(folder, 'n.json.lock'), old, old);
    expect(await fileStore(folder).update('n', () => 1)).to.equal(1);
  });

  it('loses no update of several processes', async () => {
    const folder = newFolder();
    const module = new URL('../../src/client/file-store.ts', import.meta.url).href;
    const script = `
      import { fileStore } from ${JSON.stringify(module)};
      const store = fileStore(${JSON.stringify(folder)});
      for (let i = 0; i < 20; i += 1) await store.update('n', (n) => (n ?? 0) + 1);`;
    const run = async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
      const [code] = await once(child, 'exit');
      expect(code).to.equal(0);
    };
    await Promise.all([run(), run(), run()]);
    expect(await fileStore(folder).get('n')).to.equal(60);
  });
});
