import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { initOptions, launcher } from '../support/cli.ts';
import { onlyInLongRuns } from '../support/kills.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the package', () => {
  it('names the Node in engines that its launcher wants', () => {
    const wanted = /REQUIRED = \[(\d+), (\d+)\]/.exec(readFileSync(launcher, 'utf8'));
    expect(engines.node).to.equal(`>=${wanted?.[1]}.${wanted?.[2]}`);
  });

  describe('installed for everybody by npm', function () {
    this.timeout(300_000);
    const folder = tempFolder();
    const bin = join(folder, 'bin');
    after(() => removeFolder(folder));

    /** With nothing in the environment but where Node is, as a timer or a service has it. */
    const run = (command: string[], user?: { uid: number; gid: number }, env = {}) => {
      const [file = '', ...args] = command;
      const options = { cwd: folder, encoding: 'utf8', timeout: 120_000, ...user } as const;
      return spawnSync(file, args, { ...options, env: { PATH: `${bin}:/usr/bin:/bin`, ...env } });
    };

    before(function () {
      onlyInLongRuns(this, 'npm would fetch PostgreSQL');
      mkdirSync(bin);
      chmodSync(folder, 0o755);
      copyFileSync(process.execPath, join(bin, 'node'));
      chmodSync(join(bin, 'node'), 0o755);
      const npm = spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(npm.status, npm.stderr).to.equal(0);
      const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
      const install = ['npm', 'install', '--global', '--prefix', folder, join(folder, tarball)];
      const installed = spawnSync(install[0] as string, install.slice(1), {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
      });
      expect(installed.status, installed.stderr).to.equal(0);
      expect(installed.stderr).not.to.include('EBADENGINE');
    });

    for (const name of ['root', 'an ordinary user']) {
      it(`sets a shop up with the PostgreSQL that it brings, for ${name}`, function () {
        const isRoot = process.getuid?.() === 0;
        if (name === 'root' && !isRoot) {
          console.log('      skipped: only root can be root');
          this.skip();
        }
        // nobody, to whom nothing of the package belongs.
        const user = name !== 'root' && isRoot ? { uid: 65_534, gid: 65_534 } : undefined;
        const home = join(folder, name.replaceAll(' ', '-'));
        mkdirSync(home, { mode: 0o777 });
        chmodSync(home, 0o777);
        const options = initOptions(home);
        chmodSync(join(home, 'password.txt'), 0o644);
        const at = [`--home=${join(home, 'shop')}`];
        const init = run(['smoocho', 'init', ...options, ...at], user);
        expect(init.status, init.stderr).to.equal(0);
        expect(init.stdout).to.include(`Open it: smoocho --home ${join(home, 'shop')} start\n`);
        const list = run(['smoocho', 'shop', 'list', ...at, '--json'], user);
        expect(JSON.parse(list.stdout)).to.have.length(1);
        const none = join(home, 'none');
        const empty = run(['smoocho', 'shop', 'list', `--home=${none}`], user);
        expect([empty.status, empty.stderr]).to.deep.equal([
          3,
          `Nothing is set up here yet. Run: smoocho --home ${none} init\n`,
        ]);
      });
    }

    it('says which Node it wants to one that is older', function () {
      const old = ['/usr/bin/node', '/usr/local/bin/node'].find((path) =>
        /^v(1\d|2[0-3])\./.test(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
      );
      if (!old) {
        console.log('      skipped: there is no older Node here');
        this.skip();
      }
      const { status, stderr } = run([old as string, join(bin, 'smoocho'), 'shop', 'list']);
      expect([status, stderr.split(';')[0]]).to.deep.equal([1, 'smoocho needs Node 24.8 or newer']);
    });
  });
});
