import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, changeConfigFile, loadConfig, readBackupConfig } from '../src/config.ts';
import { removeFolder, tempFolder } from './support/temp.ts';

const RECIPIENT = `age1${'q'.repeat(58)}`;

describe('the settings of backups', () => {
  let home: string;
  let path: string;
  beforeEach(() => {
    home = tempFolder();
    path = join(home, 'config.json');
  });
  afterEach(() => removeFolder(home));

  const write = (settings: object) => writeFileSync(path, JSON.stringify(settings));
  const load = () => loadConfig({ home }, {}).backup;

  it('make none by themselves unless they say so', () => {
    const keep = { daily: 7, weekly: 4, monthly: 12 };
    const none = { schedule: null, drill: null, keep, to: null, recoveryRecipient: null };
    expect(load()).to.deep.equal(none);
    write({ port: 8001, backup: null });
    expect(load()).to.deep.equal(none);
    write({ backup: { keep: { daily: 3 } } });
    expect(load().keep).to.deep.equal({ ...keep, daily: 3 });
  });

  it('are taken as they are written', () => {
    const backup = {
      schedule: '30 2 * * *',
      drill: '0 4 * * SUN',
      keep: { daily: 1, weekly: 0, monthly: 0 },
      to: 's3://shop-backups/box-1',
      recoveryRecipient: RECIPIENT,
    };
    write({ backup });
    expect(load()).to.deep.equal(backup);
    expect(readBackupConfig(home)).to.deep.equal(backup);
    for (const to of ['/mnt/usb/backups', 's3://shop-backups']) {
      write({ backup: { to } });
      expect(load().to).to.equal(to);
    }
  });

  const wrong: [backup: unknown, sentence: RegExp][] = [
    ['0 3 * * *', /^backup must be settings in braces/],
    [[], /^backup must be settings in braces/],
    [{ scheduel: '0 3 * * *' }, /^backup has "scheduel", which is no setting. Did you mean "schedule"\?$/],
    [{ whenever: true }, /^backup has "whenever", which is no setting. It may have schedule, drill/],
    [{ schedule: 'at night' }, /^backup\.schedule is "at night"; it must be cron text of five fields/],
    [{ schedule: '' }, /^backup\.schedule is ""; it must be cron text/],
    [{ schedule: 3 }, /^backup\.schedule is 3; it must be a text such as/],
    [{ schedule: '0 25 * * *' }, /^backup\.schedule .* \(Invalid value for hour: 25\)\.$/],
    [{ schedule: '0 0 3 * * *' }, /^backup\.schedule .* five fields/],
    [{ schedule: '0 3 30 2 *' }, /^backup\.schedule is "0 3 30 2 \*"; that time never comes\.$/],
    [{ schedule: '* 3 * * *' }, /^backup\.schedule .* more often than each 15 minutes/],
    [{ drill: '*/5 * * * *' }, /^backup\.drill .* more often than each 15 minutes/],
    [{ keep: 7 }, /^backup\.keep must be settings in braces/],
    [{ keep: { hourly: 3 } }, /^backup\.keep has "hourly"/],
    [{ keep: { daily: -1 } }, /^backup\.keep\.daily is -1; it must be a whole number from 0 to 1000/],
    [{ keep: { weekly: '4' } }, /^backup\.keep\.weekly is "4"/],
    [{ keep: { daily: 0, weekly: 0, monthly: 0 } }, /^backup\.keep keeps no backup at all/],
    [{ to: 'backups' }, /^backup\.to is "backups"; it must be a folder from the root on/],
    [{ to: 's3://' }, /^backup\.to is "s3:\/\/"/],
    [{ recoveryRecipient: 'me@example.com' }, /^backup\.recoveryRecipient is not the public half/],
  ];
  for (const [backup, sentence] of wrong) {
    it(`refuse ${JSON.stringify(backup)}, and name the field`, () => {
      write({ backup });
      expect(load).to.throw(ConfigError, sentence);
    });
  }

  it('do not repeat a secret that was put into the wrong place', () => {
    const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`;
    for (const recoveryRecipient of [secret, secret.toLowerCase(), ` ${secret}`]) {
      write({ backup: { recoveryRecipient } });
      expect(load)
        .to.throw(ConfigError, /has the secret half of a key\. Take it out of the file/)
        .with.property('message')
        .that.does.not.match(/qqq/i);
    }
  });

  it('are changed in the file without touching what else is in it, its mode and its neighbours', () => {
    write({ port: 8001, ofTomorrow: { deep: [1] }, backup: { schedule: '0 3 * * *' } });
    chmodSync(path, 0o640);
    changeConfigFile(home, (settings) => ({ ...settings, backup: { schedule: '0 4 * * *' } }));
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal({
      port: 8001,
      ofTomorrow: { deep: [1] },
      backup: { schedule: '0 4 * * *' },
    });
    expect(statSync(path).mode & 0o777).to.equal(0o640);
    expect(readdirSync(home)).to.deep.equal(['config.json']);
  });

  it('make the file, and the home, when there is none', () => {
    const own = join(home, 'deep', 'home');
    changeConfigFile(own, (settings) => ({ ...settings, backup: { drill: '0 4 * * 0' } }));
    expect(loadConfig({ home: own }, {}).backup.drill).to.equal('0 4 * * 0');
    expect(statSync(join(own, 'config.json')).mode & 0o777).to.equal(0o600);
  });

  it('are never written as they would be refused', () => {
    write({ port: 8001 });
    const before = readFileSync(path, 'utf8');
    const change = () => changeConfigFile(home, (settings) => ({ ...settings, backup: { schedule: 'no' } }));
    expect(change).to.throw(ConfigError, /^backup\.schedule/);
    expect(readFileSync(path, 'utf8')).to.equal(before);
    writeFileSync(path, '{');
    expect(() => changeConfigFile(home, (settings) => settings)).to.throw(ConfigError, /is not valid JSON/);
    expect(readFileSync(path, 'utf8')).to.equal('{');
  });

  it('keep what another program wrote meanwhile', () => {
    write({ port: 8001 });
    let calls = 0;
    changeConfigFile(home, (settings) => {
      calls += 1;
      if (calls === 1) write({ port: 8002, host: '127.0.0.1' });
      return { ...settings, backup: { schedule: '0 3 * * *' } };
    });
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal({
      port: 8002,
      host: '127.0.0.1',
      backup: { schedule: '0 3 * * *' },
    });
    const always = () =>
      changeConfigFile(home, (settings) => {
        write({ port: Math.random() });
        return { ...settings, host: 'x' };
      });
    expect(always).to.throw(ConfigError, 'is being changed by another program');
    expect(readdirSync(home)).to.deep.equal(['config.json']);
  });

  it('leave a link where it is and change what it leads to', () => {
    const real = join(home, 'real.json');
    writeFileSync(real, '{"port": 8001}');
    symlinkSync(real, path);
    changeConfigFile(home, (settings) => ({ ...settings, backup: { drill: '0 4 * * 0' } }));
    expect(lstatSync(path).isSymbolicLink()).to.equal(true);
    expect(JSON.parse(readFileSync(real, 'utf8')).port).to.equal(8001);
    expect(load().drill).to.equal('0 4 * * 0');
  });

  it('are read and kept where an editor of Windows put its mark before them', () => {
    writeFileSync(path, '\ufeff{"port": 8001, "backup": {"drill": "0 5 * * *"}}');
    expect(load().drill).to.equal('0 5 * * *');
    changeConfigFile(home, (settings) => ({ ...settings, port: 8002 }));
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal({
      port: 8002,
      backup: { drill: '0 5 * * *' },
    });
  });

  it('say in a sentence that the file can not be written', () => {
    write({ port: 8001 });
    writeFileSync(join(home, 'file'), '');
    const own = join(home, 'file', 'home');
    expect(() => changeConfigFile(own, (settings) => ({ ...settings, port: 1 }))).to.throw(
      ConfigError,
      /config\.json can't be written \(.*\)\. Change it by hand/,
    );
  });

  it('stay the property of who has the file, when root changes them', function () {
    if (process.getuid?.() !== 0) {
      console.log('      (not run: only root can give a file to somebody else)');
      return this.skip();
    }
    write({ port: 8001 });
    const { chownSync } = process.getBuiltinModule('node:fs');
    chownSync(path, 1234, 1235);
    changeConfigFile(home, (settings) => ({ ...settings, port: 8002 }));
    const { uid, gid } = statSync(path);
    expect([uid, gid]).to.deep.equal([1234, 1235]);
  });
});
