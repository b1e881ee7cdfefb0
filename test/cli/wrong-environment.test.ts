import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { asTyped, inPlaceOf, typedName } from '../../src/as-typed.ts';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import { findHome } from '../../src/config-home.ts';
import { initOptions, launcher, smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenSmallDisk } from '../support/small-disk.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('a wrong environment', function () {
  this.timeout(60_000);
  const home = tempFolder();
  after(() => removeFolder(home));

  /** One sentence or two, and nothing of the program's inside. */
  const expectSentence = (text: string) => {
    expect(text.trim().split('\n'), text).to.have.length(1);
    expect(text).to.match(/[.!?]$|GRANT .* TO \S+$/m);
    expect(text).not.to.match(/\n\s+at |Error:|must be included/);
  };
  const refused = async (code: number, args: string[], env: Record<string, string>, said: RegExp) => {
    const ran = await smoocho(args, { SMOOCHO_HOME: home, ...env }, '', { timeoutMs: 20_000 });
    expect(ran.stderr).to.match(said);
    expectSentence(ran.stderr);
    expect(ran.code, ran.stderr).to.equal(code);
  };

  it('is told in a sentence: a level of the log, a host, a setting that is nearly one', async () => {
    await refused(
      2,
      ['shop', 'list'],
      { LOG_LEVEL: 'loud' },
      /^LOG_LEVEL is "loud"; it must be one of trace, /,
    );
    await refused(2, ['shop', 'list'], { PORT: 'abc' }, /^PORT is "abc"/);
    writeFileSync(join(home, 'config.json'), '{"databseURL": "postgres://db/shop"}');
    await refused(
      2,
      ['shop', 'list'],
      {},
      /"databseURL", which is no setting\. Did you mean "databaseUrl"\?$/m,
    );
    writeFileSync(join(home, 'config.json'), '{"databaseUrl": 5432}');
    await refused(2, ['shop', 'list'], {}, /^databaseUrl in config\.json is no text/);
    writeFileSync(join(home, 'config.json'), '{}');
  });

  it('is told where the home can be none', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    for (const place of [file, join(file, 'below')])
      expect(() => findHome(place, undefined)).to.throw(/is a file, not a folder\. Name a folder/);
    // Node never comes back from making a folder there.
    if (process.platform === 'linux')
      await refused(2, ['shop', 'list', '--home=/proc/shop'], {}, /\/proc holds no files/);
    expect(findHome(join(home, 'new', 'one'), undefined)).to.equal(join(home, 'new', 'one'));
  });

  it('is told where the disk is full', async function () {
    const folder = join(home, 'disk');
    const disk = givenSmallDisk(this, folder, 1);
    try {
      disk.fill();
      const { recipient } = await newKeyPair();
      const key = ['backup', 'key', 'create', '--recipient', recipient];
      await refused(6, [...key, `--home=${folder}`], {}, /disk is full: free some room/);
    } finally {
      disk.remove();
    }
  });

  describe('of the database', () => {
    let database: TestDatabase;
    const poor = `poor_${process.pid}`;
    before(async () => {
      database = await testDatabase({ migrated: false });
      const db = await database.connect();
      await db.query(`CREATE ROLE ${poor} LOGIN PASSWORD 'poor'`);
    });
    after(async () => {
      const db = await database.connect();
      await db.query(`DROP OWNED BY ${poor}; DROP ROLE ${poor}`);
      await database.drop();
    });
    const env = () => {
      const url = new URL(database.url);
      [url.username, url.password] = [poor, 'poor'];
      return { DATABASE_URL: url.href };
    };

    it('says which right its role lacks, before anything is made, and goes on once it has it', async () => {
      const init = ['init', ...initOptions(home)];
      const lacks = new RegExp(
        `^The role ${poor} may not make tables .* GRANT USAGE, CREATE ON SCHEMA public TO ${poor}$`,
        'm',
      );
      for (const command of [init, ['start', '--port=0'], ['migrate', 'up']])
        await refused(6, command, env(), lacks);
      const db = await database.connect();
      await db.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${poor}`);
      const { code, stderr } = await smoocho(init, { SMOOCHO_HOME: home, ...env() });
      expect(code, stderr).to.equal(0);
      await db.query(`REASSIGN OWNED BY ${poor} TO CURRENT_USER`);
      await refused(
        6,
        ['shop', 'list'],
        env(),
        /^The role of DATABASE_URL may not do this .*permission denied/,
      );
    });

    it('is told in a sentence when it is started on a host that leads nowhere', async () => {
      await refused(
        2,
        ['start', '--port=0', '--host=no.such.invalid'],
        { DATABASE_URL: database.url },
        /^The host "no\.such\.invalid" is no address/,
      );
    });
  });
});

describe('the name of the command in messages', () => {
  const folder = tempFolder();
  after(() => removeFolder(folder));
  const place = { command: undefined, isNpx: false, path: '/usr/bin', launcher, cwd: '/' };

  it('is what can be typed where the reader is', () => {
    const root = launcher.replace('/bin/smoocho.js', '');
    expect(typedName({ ...place, cwd: root })).to.equal('./bin/smoocho.js');
    expect(typedName({ ...place, cwd: '/usr' })).to.equal(launcher);
    expect(typedName({ ...place, launcher: '/my shop/smoocho.js', cwd: '/' })).to.equal(
      "'./my shop/smoocho.js'",
    );
    expect(typedName({ ...place, isNpx: true })).to.equal('npx smoocho');
    expect(typedName({ ...place, command: 'docker compose exec smoocho smoocho' })).to.match(/^docker/);
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other', 'smoocho'), '#!/bin/sh\n');
    chmodSync(join(folder, 'other', 'smoocho'), 0o755);
    // Another program of the name is not ours.
    expect(typedName({ ...place, path: `${folder}/other`, cwd: root })).to.equal('./bin/smoocho.js');
    symlinkSync(launcher, join(folder, 'smoocho'));
    expect(typedName({ ...place, path: `/none:${folder}`, cwd: root })).to.equal('smoocho');
  });

  it('takes the place of smoocho in front of commands alone', async () => {
    expect(asTyped('Run: smoocho init')).to.equal('Run: smoocho init');
    const env = { SMOOCHO_HOME: folder, SMOOCHO_COMMAND: 'podman exec till smoocho' };
    const { stderr } = await smoocho(['shop', 'list'], env);
    expect(stderr).to.equal('Nothing is set up here yet. Run: podman exec till smoocho init\n');
    const other = join(folder, 'my shop');
    const named = await smoocho(['shop', 'list', '--json', '--home', other], env);
    expect(named.json().error.title).to.match(/ podman exec till smoocho --home '\/.*\/my shop' init$/);
    // Said twice, it is still one command.
    const twice = inPlaceOf(/smoocho(?= init)/g, 'npx smoocho', 'Run: smoocho init');
    expect(inPlaceOf(/smoocho(?= init)/g, 'npx smoocho', twice)).to.equal('Run: npx smoocho init');
    const { stdout } = await smoocho(['shop', 'create', '--help'], env);
    expect(stdout).to.include('Usage: podman exec till smoocho shop create').and.include('~/.smoocho)');
  });
});
