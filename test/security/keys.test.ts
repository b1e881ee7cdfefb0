import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { createApp, systemContext, WrongKeyError } from '../../src/app.ts';
import { ConfigError, loadConfig, newSecret } from '../../src/config.ts';
import { purposes } from '../../src/core/keys/keys.ts';
import { rotateSecrets } from '../../src/core/keys/rotate-secrets.ts';
import { migrateDown } from '../../src/database/migrate.ts';
import { initOptions } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';
import { fingerprint } from '../support/world.ts';

describe('the keys of a database', () => {
  let home: string;
  let database: TestDatabase;
  let db: pg.Client;

  beforeEach(async () => {
    home = tempFolder();
    database = await testDatabase();
    db = await database.connect();
  });
  afterEach(async () => {
    await database.drop();
    removeFolder(home);
  });

  const keyFile = () => join(home, 'secrets', 'master-key');
  const openApp = (env: Record<string, string> = {}) =>
    createApp(loadConfig({ home }, { DATABASE_URL: database.url, LOG_LEVEL: 'silent', ...env }));
  const openAndClose = async (env = {}) => await (await openApp(env)).close();
  const refusal = async (env = {}): Promise<Error> =>
    await openApp(env).then(
      async (app) => {
        await app.close();
        throw new Error('It was opened.');
      },
      (error) => error,
    );

  it('are made once, one of each purpose, wrapped, also when two processes start at once', async () => {
    const apps = await Promise.all([openApp(), openApp()]);
    const [one, other] = apps.map(({ keys }) => keys);
    expect(one?.hmac('pin', 'x').equals(other?.hmac('pin', 'x') as Buffer)).to.equal(true);
    const bytes = Buffer.from('a seal');
    const { keyId, signature } = (one as NonNullable<typeof one>).sign(bytes);
    expect(other?.verifySignature(keyId, bytes, signature)).to.equal(true);
    expect(other?.verifySignature(keyId, Buffer.from('another'), signature)).to.equal(false);
    expect(other?.verifySignature(one?.tokenKey().id as string, bytes, signature)).to.equal(false);
    for (const app of apps) await app.close();
    const { rows } = await db.query('SELECT purpose, wrapped FROM keys ORDER BY purpose');
    expect(rows.map(({ purpose }) => purpose)).to.deep.equal([...purposes].sort());
    const master = Buffer.from(readFileSync(keyFile(), 'utf8'), 'base64url');
    expect([master.length, statSync(keyFile()).mode & 0o777]).to.deep.equal([32, 0o600]);
    expect(readdirSync(join(home, 'secrets'))).to.deep.equal(['master-key']);
  });

  it('that hash keep the parts apart, and each purpose', async () => {
    const { keys, close } = await openApp();
    const hashes = [
      keys.hmac('pin', 'ab', 'c'),
      keys.hmac('pin', 'a', 'bc'),
      keys.hmac('pin', 'abc'),
      keys.hmac('customer-lookup', 'ab', 'c'),
      keys.hmac('idempotency', 'ab', 'c'),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(hashes).size).to.equal(5);
    expect(keys.hmac('pin', Buffer.from('ab'), 'c').toString('hex')).to.equal(hashes[0]);
    await close();
  });

  it('get one for a purpose that is new', async () => {
    await openAndClose();
    await db.query("DELETE FROM keys WHERE purpose = 'pin'");
    const { rows: before } = await db.query('SELECT id FROM keys');
    await openAndClose();
    const { rows } = await db.query('SELECT id, purpose FROM keys');
    const added = rows.filter(({ id }) => !before.some((row) => row.id === id));
    expect(added.map(({ purpose }) => purpose)).to.deep.equal(['pin']);
  });

  it('are not made anew while customers are encrypted with those that are gone', async () => {
    await openAndClose();
    await db.query(`
      WITH u AS (INSERT INTO users (email, password_hash, name, role) VALUES ('a@b.c', 'x', 'A', 'owner') RETURNING id),
      s AS (INSERT INTO shops (name, owner_id, code, currency, timezone)
        SELECT 'Kulfi', id, 'KULF', 'INR', 'Asia/Kolkata' FROM u RETURNING id)
      INSERT INTO customers (id, shop_id, phone_sealed, phone_hash, created_at, updated_at)
      SELECT gen_random_uuid(), id, 'x', 'x', now(), now() FROM s`);
    for (const where of ["purpose = 'customer-lookup'", 'true']) {
      await db.query(`DELETE FROM keys WHERE ${where}`);
      const gone = await refusal();
      expect(gone).to.be.instanceOf(WrongKeyError);
      expect(gone.message).to.match(/^Keys are gone from the table "keys"/);
    }
    expect((await db.query('SELECT FROM keys')).rows).to.deep.equal([]);
  });

  it('do not open with another master key, nor when a row was changed or exchanged: nothing is written', async () => {
    await openAndClose();
    const before = await fingerprint(db);
    const wrong = await refusal({ MASTER_KEY: newSecret() });
    expect(wrong).to.be.instanceOf(WrongKeyError);
    expect(wrong.message).to.match(
      /^The key in MASTER_KEY is not the one that this database was encrypted with\./,
    );
    expect(await fingerprint(db)).to.deep.equal(before);
    const exchange = `
      UPDATE keys k SET wrapped = o.wrapped FROM keys o
      WHERE (k.purpose = 'pin' AND o.purpose = 'customer') OR (k.purpose = 'customer' AND o.purpose = 'pin')`;
    await db.query(exchange);
    expect((await refusal()).message).to.match(/^The key .{12} in the table "keys" does not open/);
    await db.query(exchange);
    await openAndClose();
    await db.query(
      "UPDATE keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE purpose = 'canary'",
    );
    expect(await refusal()).to.be.instanceOf(WrongKeyError);
  });

  it('are not made anew when the file of the master key is gone', async () => {
    await openAndClose();
    renameSync(keyFile(), join(home, 'aside'));
    const before = await fingerprint(db);
    const gone = await refusal();
    expect(gone).to.be.instanceOf(WrongKeyError);
    expect(gone.message).to.include(`The key file ${keyFile()} is not there`).and.include('Put it back');
    expect([existsSync(keyFile()), await fingerprint(db)]).to.deep.equal([false, before]);
    renameSync(join(home, 'aside'), keyFile());
    await openAndClose();
  });

  it('need a master key that nobody else can read, and that is one', async () => {
    await openAndClose();
    const modes: [number, string][] = [
      [0o640, 'can be read by others'],
      [0o604, 'can be read by others'],
      [0o622, 'is open to others'],
    ];
    for (const [mode, how] of modes) {
      chmodSync(keyFile(), mode);
      const loose = await refusal();
      expect(loose).to.be.instanceOf(ConfigError);
      expect(loose.message).to.equal(`${keyFile()} ${how}. Close it: chmod 600 ${keyFile()}`);
    }
    chmodSync(keyFile(), 0o600);
    const named = join(home, 'named');
    writeFileSync(named, readFileSync(keyFile()), { mode: 0o644 });
    expect((await refusal({ MASTER_KEY_FILE: named })).message).to.include('can be read by others');
    // Whoever is of its group could put in a key of their own, or none.
    for (const mode of [0o660, 0o620, 0o610, 0o642]) {
      chmodSync(named, mode);
      const loose = await refusal({ MASTER_KEY_FILE: named });
      expect(loose.message).to.equal(`${named} is open to others. Close it: chmod 640 ${named}`);
    }
    for (const mode of [0o640, 0o440]) {
      chmodSync(named, mode);
      await openAndClose({ MASTER_KEY_FILE: named });
    }
    expect((await refusal({ MASTER_KEY_FILE: join(home, 'none') })).message).to.include('is not there');
    for (const text of ['password', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}!`]) {
      const refused = await refusal({ MASTER_KEY: text });
      expect(refused.message, text).to.equal(
        'The key in MASTER_KEY is not 32 bytes in base64. Put back the right one from a backup; for a new database, make one: openssl rand -base64 32',
      );
    }
    writeFileSync(keyFile(), '');
    expect((await refusal()).message).to.include('is empty');
    rmSync(keyFile());
  });

  it('leave the new master key to the owner of the old one, when root changes it for a server', async function () {
    if (process.getuid?.() !== 0) {
      console.log('    skipped: only root can give a file to another user');
      this.skip();
    }
    await openAndClose();
    chownSync(keyFile(), 4321, 4322);
    const app = await openApp();
    await rotateSecrets(systemContext(app, 'test')).finally(app.close);
    const { uid, gid, mode } = statSync(keyFile());
    expect([uid, gid, mode & 0o777]).to.deep.equal([4321, 4322, 0o600]);
  });

  it('that come from the environment leave no file behind', async () => {
    const MASTER_KEY = newSecret();
    await openAndClose({ MASTER_KEY });
    // As secrets are that somebody made with "echo".
    await openAndClose({ MASTER_KEY: `${MASTER_KEY}\n` });
    const named = join(home, 'named');
    writeFileSync(named, `${MASTER_KEY}\n`, { mode: 0o600 });
    await openAndClose({ MASTER_KEY_FILE: named });
    expect(existsSync(keyFile())).to.equal(false);
    expect((await refusal()).message).to.include('is not there');
  });
});

describe('a wrong master key on the command line', () => {
  const smoocho = warmCommands();
  let home: string;
  let database: TestDatabase;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    const { code, stderr } = await smoocho(['init', ...initOptions(home)], env());
    expect(code, stderr).to.equal(0);
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const env = (more = {}) => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url, MASTER_KEY: '', ...more });

  it('is exit code 6 for every command that opens the database, and changes nothing in it', async () => {
    const db = await database.connect();
    // 0006_keys, and what came after it: `migrate up` makes the keys.
    await migrateDown(database.url, 2);
    await smoocho(['migrate', 'up'], env());
    const before = await fingerprint(db);
    const commands = [
      ['shop', 'list'],
      ['init', ...initOptions(home)],
      ['start', '--port=0', '--host=127.0.0.1'],
      ['secrets', 'rotate'],
      ['migrate', 'up'],
      ['migrate', 'down', '--yes'],
      ['verify'],
    ];
    for (const command of commands) {
      const { code, stderr } = await smoocho(command, env({ MASTER_KEY: newSecret() }));
      expect([command.join(' '), code]).to.deep.equal([command.join(' '), 6]);
      expect(stderr).to.equal(
        'The key in MASTER_KEY is not the one that this database was encrypted with. Put back the right one, or set DATABASE_URL to the right database. Nothing was changed.\n',
      );
    }
    expect(await fingerprint(db)).to.deep.equal(before);
    const json = await smoocho(['shop', 'list', '--json'], env({ MASTER_KEY: newSecret() }));
    expect([json.code, json.json().exitCode]).to.deep.equal([6, 6]);
    expect((await smoocho(['shop', 'list'], env())).code).to.equal(0);
  }).timeout(120_000);

  it('is exit code 2 when it is none, before anything is made in a new database', async () => {
    const fresh = await testDatabase({ migrated: false });
    const db = await fresh.connect();
    const short = join(home, 'short');
    writeFileSync(short, 'c2hvcnQ=\n', { mode: 0o600 });
    const how =
      'is not 32 bytes in base64. Put back the right one from a backup; for a new database, make one: openssl rand -base64 32\n';
    const none = join(home, 'none');
    const cases: [Record<string, string>, string][] = [
      [{ MASTER_KEY: 'password' }, `The key in MASTER_KEY ${how}`],
      [{ MASTER_KEY_FILE: short }, `The key file ${short} ${how}`],
      [{ MASTER_KEY_FILE: none }, `MASTER_KEY_FILE names ${none}, which is not there.\n`],
    ];
    try {
      for (const [key, sentence] of cases) {
        for (const command of [
          ['init', ...initOptions(home)],
          ['start', '--port=0', '--host=127.0.0.1'],
        ]) {
          const { code, stderr } = await smoocho(command, env({ DATABASE_URL: fresh.url, ...key }));
          expect([command[0], code, stderr]).to.deep.equal([command[0], 2, sentence]);
        }
      }
      const { rows } = await db.query("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'");
      expect(rows[0].n).to.equal(0);
    } finally {
      await fresh.drop();
    }
  }).timeout(120_000);

  it('is exit code 6 when its file is gone, and none is made', async () => {
    const file = join(home, 'secrets', 'master-key');
    renameSync(file, join(home, 'aside'));
    for (const command of [
      ['shop', 'list'],
      ['start', '--port=0'],
      ['init', ...initOptions(home)],
    ]) {
      const { code, stderr } = await smoocho(command, env());
      expect([code, existsSync(file)], stderr).to.deep.equal([6, false]);
    }
    renameSync(join(home, 'aside'), file);
    expect((await smoocho(['shop', 'list'], env())).code).to.equal(0);
    chmodSync(file, 0o644);
    const loose = await smoocho(['shop', 'list'], env());
    expect([loose.code, loose.stderr]).to.deep.equal([
      2,
      `${file} can be read by others. Close it: chmod 600 ${file}\n`,
    ]);
    chmodSync(file, 0o600);
  }).timeout(120_000);
});
