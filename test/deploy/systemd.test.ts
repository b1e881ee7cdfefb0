import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { AnotherServerError, DatabaseUnreachableError, HomeUnreachableError } from '../../src/app.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { requirePrograms } from '../support/programs.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const path = fileURLToPath(new URL('../../deploy/systemd/smoocho.service', import.meta.url));
/** 1.6 with systemd 252; what newer ones judge besides may add to it. */
const MOST_EXPOSURE = 2;

describe('deploy/systemd/smoocho.service', function () {
  this.timeout(120_000);
  const unit = readFileSync(path, 'utf8');
  const settingsOf = (name: string) =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value);
  let folder: string;

  before(function () {
    requirePrograms(this, 'systemd-analyze');
    folder = tempFolder();
  });
  after(() => {
    if (folder) removeFolder(folder);
  });

  it('has nothing that systemd does not know', () => {
    // The program needs not be installed here.
    const copy = join(folder, 'smoocho.service');
    writeFileSync(copy, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).to.equal('');
    expect(status).to.equal(0);
  });

  it('leaves the service little of the machine', () => {
    const report = execFileSync('systemd-analyze', ['security', '--offline=true', path], {
      encoding: 'utf8',
    });
    const exposure = /Overall exposure level for smoocho\.service: ([\d.]+)/.exec(report)?.[1];
    expect(Number(exposure), report).to.be.greaterThan(0).and.at.most(MOST_EXPOSURE);
  });

  it('tries again what may mend itself, and not what would only make another backup', () => {
    expect(settingsOf('RestartPreventExitStatus')).to.deep.equal([`${exitCodes.usage} ${exitCodes.refused}`]);
    const passing = [
      new AnotherServerError('The database has not noticed yet that the machine lost power.'),
      new DatabaseUnreachableError('It starts, too.'),
      new HomeUnreachableError('Its disk is not there yet.'),
      new Error('Port 8080 is taken by another program.'),
    ];
    for (const error of passing) {
      expect(failureOf(error).exitCode, error.message).to.not.be.oneOf([exitCodes.usage, exitCodes.refused]);
    }
  });

  it('keeps what PostgreSQL shares with commands in a shell', () => {
    for (const name of ['PrivateUsers', 'PrivateIPC', 'RemoveIPC', 'MemoryDenyWriteExecute']) {
      expect(settingsOf(name), name).to.deep.equal(['no']);
    }
  });
});
