import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachEmbedded } from '../../src/database/embedded.ts';
import { binaryPackage, usableBinaries } from '../../src/database/embedded-binaries.ts';
import { chooseUser, prepareClusterPaths } from '../../src/database/embedded-user.ts';
import { DatabaseUnreachableError, HomeUnreachableError } from '../../src/database/errors.ts';
import { attach, cleanUp, dataOf, newHome, PASSWORD } from '../support/embedded-homes.ts';
import { givenSmallDisk } from '../support/small-disk.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? describe : describe.skip;
asRoot(`the unprivileged user${isRoot ? '' : ' (skipped: only root needs one)'}`, function () {
  this.timeout(120_000);

  afterEach(cleanUp);

  it('is explained the mend when a parent of the home is closed to it', async () => {
    const parent = newHome();
    chmodSync(parent, 0o700);
    const failure = await attachEmbedded({ home: join(parent, 'shop'), password: PASSWORD }).catch((e) => e);
    expect(failure).to.be.instanceOf(HomeUnreachableError);
    expect(failure.message).to.include(`chmod o+x ${parent}`).and.include('SMOOCHO_HOME');
    expect(statSync(parent).mode & 0o777).to.equal(0o700);
    expect(existsSync(join(parent, 'shop'))).to.equal(false);
  });

  it('passes through our own folders, which are opened for it, and owns no more than the data', async () => {
    const outer = join(newHome(), 'home');
    mkdirSync(join(outer, 'demo'), { recursive: true, mode: 0o700 });
    const home = join(outer, 'demo');
    await attach(home, { outerHome: outer });
    for (const folder of [outer, home]) expect(statSync(folder).mode & 0o777).to.equal(0o711);
    expect(statSync(join(home, 'postgres')).uid).to.equal(0);
    expect(statSync(dataOf(home)).uid).not.to.equal(0);
    expect(statSync(dataOf(home)).mode & 0o777).to.equal(0o700);
  });

  it('runs a copy of the programs when it cannot reach them, with what an install script left out', async function () {
    const home = newHome();
    const paths = await prepareClusterPaths(home);
    const user = await chooseUser(paths);
    // On another disk, for on the same one links would do.
    const disk = givenSmallDisk(this, join(home, 'hidden'), 150);
    chmodSync(disk.folder, 0o700);
    const hidden = disk.folder;
    const source = join(hidden, 'package');
    cpSync(binaryPackage(), source, { recursive: true, verbatimSymlinks: true });
    const links = readdirSync(join(source, 'native/lib'), { withFileTypes: true });
    for (const link of links.filter((each) => each.isSymbolicLink()))
      rmSync(join(link.parentPath, link.name));
    chmodSync(join(source, 'native/bin/postgres'), 0o600);

    const binaries = await usableBinaries(paths.folder, user, source);
    expect(binaries.postgres).to.equal(
      join(paths.folder, `bin-${binaries.version}`, 'native', 'bin', 'postgres'),
    );
    const again = await usableBinaries(paths.folder, user, source);
    expect(again).to.deep.equal(binaries);
    disk.remove();
  });
});

describe('the programs of PostgreSQL', () => {
  afterEach(cleanUp);

  it('stay where they are when the package is replaced, and take no room of their own', async () => {
    const paths = newHome();
    const source = join(newHome(), 'package');
    cpSync(binaryPackage(), source, { recursive: true, verbatimSymlinks: true });
    const binaries = await usableBinaries(paths, undefined, source);
    const program = statSync(join(source, 'native/bin/postgres'));
    expect(statSync(binaries.postgres).ino).to.equal(program.ino);
    rmSync(source, { recursive: true });
    const { status, stdout } = spawnSync(binaries.postgres, ['--version'], { encoding: 'utf8' });
    expect(status, stdout).to.equal(0);
    expect(readdirSync(join(paths, `linked-${binaries.version}`, 'native'))).to.include.members([
      'bin',
      'lib',
      'share',
    ]);
  });
});

describe('a home that cannot be used', () => {
  afterEach(cleanUp);

  it('is named, with what to do', async () => {
    const file = join(newHome(), 'file');
    writeFileSync(file, '');
    const failure = await attachEmbedded({ home: join(file, 'shop'), password: PASSWORD }).catch((e) => e);
    expect(failure).to.be.instanceOf(HomeUnreachableError);
    expect(failure.message).to.include(file).and.include('SMOOCHO_HOME');
  });
});

describe('binaryPackage', () => {
  it('names the way out where no PostgreSQL is brought for the system', () => {
    expect(() => binaryPackage('sunos', 'x64')).to.throw(DatabaseUnreachableError, 'set DATABASE_URL');
  });
});
