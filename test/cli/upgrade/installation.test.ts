import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RefusedError, UsageError } from '../../../src/cli/exit-codes.ts';
import { findInstallation, keptIn, lockUpgrade, stagedIn } from '../../../src/cli/upgrade/installation.ts';
import { specOf } from '../../../src/cli/upgrade/npm.ts';
import { swapFolders } from '../../../src/cli/upgrade/replace-program.ts';
import { runProgram } from '../../../src/cli/upgrade/run-program.ts';
import { compareVersions } from '../../../src/cli/upgrade/versions.ts';
import { removeFolder, tempFolder } from '../../support/temp.ts';

describe('what an upgrade replaces', () => {
  let folder: string;
  before(() => {
    folder = tempFolder();
  });
  after(() => removeFolder(folder));

  it('is a package that npm installed, and neither a checkout nor an image', () => {
    const mark = join(folder, 'mark');
    writeFileSync(mark, '');
    const root = join(folder, 'lib', 'node_modules', 'smoocho');
    expect(findInstallation(root, [mark])).to.deep.equal({ kind: 'package', root });
    mkdirSync(join(folder, 'src', '.git'), { recursive: true });
    expect(findInstallation(join(folder, 'src'), [mark]).kind).to.equal('checkout');
    expect(findInstallation(join(folder, 'app'), [mark]).kind).to.equal('container');
    expect(findInstallation(join(folder, 'app'), []).kind).to.equal('checkout');
    // On the same file system, so that a rename swaps them.
    for (const place of [stagedIn(root), keptIn(root)])
      expect(place).to.match(/node_modules\/\.smoocho-\w+$/);
  });

  it('comes from a version, the newest one, or a package file that is there', () => {
    const file = join(folder, 'smoocho-1.0.0.tgz');
    writeFileSync(file, '');
    expect([undefined, '1.2.0', '1.2.0-beta.1', file].map(specOf)).to.deep.equal([
      'smoocho@latest',
      'smoocho@1.2.0',
      'smoocho@1.2.0-beta.1',
      file,
    ]);
    for (const wrong of [
      '--registry=http://example.com',
      'other-package',
      '',
      join(folder, 'gone.tgz'),
      '1.2',
    ])
      expect(() => specOf(wrong), wrong).to.throw(UsageError);
  });

  it('is replaced by one upgrade at a time; the lock of one that was killed is taken over', () => {
    const root = join(folder, 'lib', 'node_modules', 'smoocho');
    mkdirSync(root, { recursive: true });
    const release = lockUpgrade(root);
    expect(() => lockUpgrade(root)).to.throw(RefusedError, 'Another upgrade');
    release();
    // No process has this id: it is above what Linux gives.
    writeFileSync(join(folder, 'lib', 'node_modules', '.smoocho-upgrading'), '4194305');
    lockUpgrade(root)();
  });

  it('is newer by the order of versions', () => {
    const sorted = ['0.9.0', '0.10.0', '1.0.0-alpha.2', '1.0.0-alpha.10', '1.0.0', '1.0.1'];
    expect(sorted.toReversed().toSorted(compareVersions)).to.deep.equal(sorted);
    expect(compareVersions('1.2.0', '1.2.0')).to.equal(0);
  });

  it('is there as it was when the new version can not take its place', () => {
    const [root, staged, kept] = ['program', 'next', 'before'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const [path, content] of [
      [root, 'old'],
      [staged, 'new'],
    ] as const) {
      mkdirSync(path);
      writeFileSync(join(path, 'version'), content);
    }
    const versionIn = (path: string) => readFileSync(join(path, 'version'), 'utf8');
    swapFolders(root, staged, kept);
    expect([versionIn(root), versionIn(kept)]).to.deep.equal(['new', 'old']);
    expect(() => swapFolders(root, staged, kept), 'nothing is staged').to.throw('ENOENT');
    expect([versionIn(root), existsSync(kept)]).to.deep.equal(['new', false]);
  });

  it('is asked for JSON, and says why it failed in its own words', async () => {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(
      join(folder, 'bin', 'smoocho.js'),
      `const [what] = process.argv.slice(2);
       console.error('at work');
       if (what === 'fail') console.log(JSON.stringify({ error: { title: 'No', detail: 'The disk is full.' } }));
       else console.log(JSON.stringify({ argv: process.argv.slice(2) }));
       process.exitCode = { fail: 6, check: 4, fall: 9 }[what] ?? 0;`,
    );
    const told: string[] = [];
    const running = { home: '/shop', tell: (text: string) => told.push(text) };
    expect(await runProgram(folder, ['check', 'it'], running)).to.deep.equal({
      argv: ['check', 'it', '--home', '/shop', '--json'],
    });
    expect(told).to.deep.equal(['at work']);
    const failed = async (word: string) =>
      await runProgram(folder, [word], running).catch((error: Error) => error.message);
    expect(await failed('fail')).to.equal('The disk is full.');
    expect(await failed('fall')).to.equal('smoocho fall ended with exit code 9');
  });
});
