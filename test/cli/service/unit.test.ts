import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requireHome } from '../../../src/cli/commands/service-install.ts';
import { RefusedError } from '../../../src/cli/exit-codes.ts';
import { describeLine } from '../../../src/cli/service/journal.ts';
import { findHidden, unitFor } from '../../../src/cli/service/unit.ts';
import { homeIn, isServiceOf } from '../../../src/systemd.ts';
import { requirePrograms } from '../../support/programs.ts';
import { removeFolder, tempFolder } from '../../support/temp.ts';

const template = readFileSync(
  fileURLToPath(new URL('../../../deploy/systemd/smoocho.service', import.meta.url)),
  'utf8',
);
const usual = {
  program: ['/usr/local/bin/node', '/usr/local/lib/node_modules/smoocho/bin/smoocho.js'],
  home: '/var/lib/smoocho',
  user: 'smoocho',
  group: 'smoocho',
};
const linesOf = (unit: string, name: string) =>
  unit.split('\n').filter((line) => line.startsWith(`${name}=`));

describe('the unit that is installed', () => {
  it('is the one of the package, but for the program where all is in its usual place', () => {
    const unit = unitFor(template, usual);
    const others = unit.split('\n').filter((line) => !template.split('\n').includes(line));
    expect(others).to.deep.equal([
      'ExecStart=/usr/local/bin/node /usr/local/lib/node_modules/smoocho/bin/smoocho.js start',
    ]);
  });

  it('may write to a home elsewhere, and has no other', () => {
    const unit = unitFor(template, { ...usual, home: '/srv/shop', user: 'asha', group: 'staff' });
    expect(linesOf(unit, 'ReadWritePaths')).to.deep.equal([
      'ReadWritePaths=/srv/shop',
      'ReadWritePaths=-/mnt -/media',
    ]);
    expect(unit).to.include('SMOOCHO_HOME=/srv/shop').and.to.not.include('/var/lib/smoocho\n');
    expect(linesOf(unit, 'StateDirectory')).to.deep.equal([]);
    expect([linesOf(unit, 'User'), linesOf(unit, 'Group')]).to.deep.equal([['User=asha'], ['Group=staff']]);
  });

  it('is understood by systemd with odd names of folders', function () {
    requirePrograms(this, 'systemd-analyze');
    const folder = tempFolder();
    try {
      // Programs have to be there.
      const odd = join(folder, 'my 50% "shop" $HOME');
      const unit = unitFor(template, {
        ...usual,
        program: ['/bin/true', odd],
        home: odd,
        user: 'root',
        group: 'root',
      });
      const file = join(folder, 'smoocho.service');
      writeFileSync(file, unit);
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      expect(`${stdout}${stderr}`).to.equal('');
      expect(status).to.equal(0);
    } finally {
      removeFolder(folder);
    }
  });

  it('names its home, from which it is read again', () => {
    for (const home of ['/var/lib/smoocho', '/srv/my 50% "shop"', '/srv/$HOME'])
      expect(homeIn(unitFor(template, { ...usual, home })), home).to.equal(home);
    expect(homeIn('[Service]\nExecStart=/bin/true\n')).to.equal(undefined);
    const unit = unitFor(template, { ...usual, home: '/srv/my shop' });
    expect(isServiceOf('/srv/my shop', unit)).to.equal(true);
    expect(isServiceOf('/srv/my shop/demo', unit)).to.equal(false);
    expect(isServiceOf('/srv/my shop', undefined)).to.equal(false);
  });

  it('takes no folder for a home that has other things in it', () => {
    const folder = tempFolder();
    try {
      requireHome(join(folder, 'new'));
      requireHome(folder);
      writeFileSync(join(folder, 'holiday.jpg'), '');
      expect(() => requireHome(folder)).to.throw(RefusedError, 'other things');
      writeFileSync(join(folder, 'config.json'), '{}');
      requireHome(folder);
    } finally {
      removeFolder(folder);
    }
  });

  it('names what the service would not see', () => {
    expect(findHidden(['/usr/bin/node', '/home/asha/smoocho/bin/smoocho.js'])).to.equal(
      '/home/asha/smoocho/bin/smoocho.js',
    );
    expect(findHidden(['/usr/bin/node', '/opt/smoocho/bin/smoocho.js', '/homes/shop'])).to.equal(undefined);
  });
});

describe('lines of the log for people', () => {
  it('says when, how serious and what, and leaves other lines alone', () => {
    const line = {
      level: 40,
      time: '2026-11-30T21:04:05.678Z',
      msg: 'Redis is away',
      err: { message: 'connect ECONNREFUSED' },
    };
    expect(describeLine(JSON.stringify(line))).to.equal(
      '2026-11-30T21:04:05Z  warning  Redis is away (connect ECONNREFUSED)',
    );
    for (const other of ['Started smoocho.service', '{broken', '{"a":1}', 'null'])
      expect(describeLine(other)).to.equal(other);
  });
});
