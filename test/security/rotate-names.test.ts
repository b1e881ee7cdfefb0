import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { secretsAnswers } from '../../src/contract/command-answers/secrets.ts';
import { attachEmbedded } from '../../src/database/embedded.ts';
import { scramVerifier } from '../../src/database/password-change.ts';
import { initOptions, type Ran, startCli, startSmoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { requireS3, startS3, type TestS3 } from '../support/s3.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

/** How often a change of the password is killed at a random moment; 30 in a long run. */
const KILLS = Number(process.env.ROTATE_KILLS ?? 2);
/** A change takes about this long here. */
const CHANGE_MS = 1_200;
const answer = secretsAnswers['secrets rotate'];

describe('smoocho secrets rotate NAME', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();

  describe('database-password, of the embedded PostgreSQL', () => {
    const home = tempFolder();
    const file = join(home, 'secrets', 'postgres-password');
    const next = join(home, 'secrets', 'database-password.next');
    const env = { SMOOCHO_HOME: home };
    const rotate = () => smoocho(['secrets', 'rotate', 'database-password', '--json'], env);
    const password = () => readFileSync(file, 'utf8');
    const expectToOpen = async () => {
      const { code, stderr } = await smoocho(['shop', 'list'], env);
      expect(code, stderr).to.equal(0);
    };
    const attached = () => attachEmbedded({ home, password: password() });

    before(async () => {
      const { code, stderr } = await smoocho(['init', ...initOptions(home)], env);
      expect(code, stderr).to.equal(0);
    });
    after(async () => {
      await smoocho(['shop', 'list'], env);
      removeFolder(home);
    });

    it('makes one that nobody sees, writes it down in the audit, and leaves nothing beside it', async () => {
      const old = password();
      const { code, stdout, stderr, json } = await rotate();
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(answer.parse(json())).to.deep.equal({ kind: 'embedded', role: 'smoocho', file: 'secrets' });
      expect([password() === old, existsSync(next)]).to.deep.equal([false, false]);
      const audit = await smoocho(['audit', 'list'], env);
      expect(audit.stdout).to.include('gave the database a new password');
      const log = readFileSync(join(home, 'postgres', 'postgres.log'), 'utf8');
      for (const text of [stdout, audit.stdout, log])
        expect(text).not.to.include(password()).and.not.to.include(old);
    });

    it('is refused while a server runs, which goes on', async () => {
      const server = await startCli(['--port=0', '--host=127.0.0.1'], env, 'Stop it with');
      const old = password();
      const { code, json } = await rotate();
      expect([code, json().error.title]).to.deep.equal([
        6,
        'A server runs on this database, and could not connect with its old password any more. Stop it, run this again and start it: that takes a few seconds.',
      ]);
      expect([password(), existsSync(next)]).to.deep.equal([old, false]);
      expect(await server.stop()).to.equal(0);
    });

    it('killed before the commit leaves the old one in use', async () => {
      const old = password();
      const server = await attached();
      const db = new pg.Client({ connectionString: server.url });
      await db.connect();
      db.on('error', () => {});
      await db.query('BEGIN; LOCK TABLE audit_chains IN EXCLUSIVE MODE');
      const child = startSmoocho(['secrets', 'rotate', 'database-password'], env);
      await until(() => existsSync(next), 20_000);
      const WAITS = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'audit_chains'::regclass";
      while ((await db.query(WAITS)).rowCount === 0) await sleep(20);
      child.kill('SIGKILL');
      await db.query('ROLLBACK');
      await db.end();
      await server.release();
      expect(password()).to.equal(old);
      await expectToOpen();
      expect((await rotate()).code).to.equal(0);
      expect([password() === old, existsSync(next)]).to.deep.equal([false, false]);
    });

    it('cut off after the commit is ended by whatever opens the database next', async () => {
      const old = password();
      expect((await rotate()).code).to.equal(0);
      const fresh = password();
      writeFileSync(next, fresh, { mode: 0o600 });
      writeFileSync(file, old);
      await expectToOpen();
      expect([password(), existsSync(next)]).to.deep.equal([fresh, false]);
      // And what is of no use is in nobody's way.
      writeFileSync(next, 'half a pass', { mode: 0o600 });
      await expectToOpen();
      expect((await rotate()).code).to.equal(0);
      expect(existsSync(next)).to.equal(false);
    });

    it(`killed at any moment locks nobody out, ${KILLS} times`, async () => {
      for (let n = 0; n < KILLS; n += 1) {
        const child = startSmoocho(['secrets', 'rotate', 'database-password'], env);
        await sleep(Math.random() * CHANGE_MS);
        child.kill('SIGKILL');
        await expectToOpen();
      }
      expect((await rotate()).code).to.equal(0);
      await expectToOpen();
    }).timeout(60_000 + KILLS * 20_000);

    it('is not ours to change where it comes from the environment', async () => {
      const { code, stderr } = await smoocho(['secrets', 'rotate', 'database-password'], {
        ...env,
        POSTGRES_PASSWORD: password(),
      });
      expect([code, stderr.split(',')[0]]).to.deep.equal([
        2,
        "The database's password comes from POSTGRES_PASSWORD",
      ]);
    });
  });

  describe('database-password, of a PostgreSQL of one’s own', () => {
    const home = tempFolder();
    const config = join(home, 'config.json');
    const next = join(home, 'secrets', 'database-password.next');
    const role = `till_${process.pid}`;
    let database: TestDatabase;
    let db: pg.Client;
    const env = { SMOOCHO_HOME: home };
    const settings = () => JSON.parse(readFileSync(config, 'utf8'));
    const rotate = (more = {}): Promise<Ran> =>
      smoocho(['secrets', 'rotate', 'database-password', '--json'], { ...env, ...more });
    const urlWith = (password: string) => {
      const url = new URL(database.url);
      [url.username, url.password] = [role, password];
      return url.href;
    };

    before(async () => {
      database = await testDatabase({ migrated: false });
      db = await database.connect();
      await db.query(`CREATE ROLE ${role} LOGIN PASSWORD '${scramVerifier('first')}'`);
      await db.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`);
      const [databaseUrl, databaseReplicaUrl] = [urlWith('first'), urlWith('first')];
      writeFileSync(config, JSON.stringify({ databaseUrl, databaseReplicaUrl }), { mode: 0o600 });
      const { code, stderr } = await smoocho(['init', ...initOptions(home)], {
        ...env,
        DATABASE_REPLICA_URL: '',
      });
      expect(code, stderr).to.equal(0);
    });
    after(async () => {
      await db.query('DROP EVENT TRIGGER IF EXISTS refuse_first');
      await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await database.drop();
      removeFolder(home);
    });

    it('is written into config.json, for its standby too', async () => {
      const { code, stdout, json } = await rotate();
      expect(code, stdout).to.equal(0);
      expect(answer.parse(json())).to.deep.equal({ kind: 'external', role, file: 'config.json' });
      const { databaseUrl, databaseReplicaUrl } = settings();
      const { password } = new URL(databaseUrl);
      expect(password).to.have.length(43);
      expect(stdout).not.to.include(password);
      expect([new URL(databaseReplicaUrl).password, existsSync(next)]).to.deep.equal([password, false]);
      expect((await smoocho(['shop', 'list'], env)).code).to.equal(0);
    });

    it('cut off after the commit is ended by whatever opens the database next', async () => {
      const before = readFileSync(config, 'utf8');
      expect((await rotate()).code).to.equal(0);
      const { password } = new URL(settings().databaseUrl);
      writeFileSync(config, before);
      writeFileSync(next, password, { mode: 0o600 });
      const list = await smoocho(['shop', 'list'], env);
      expect(list.code, list.stderr).to.equal(0);
      expect([new URL(settings().databaseUrl).password, existsSync(next)]).to.deep.equal([password, false]);
    });

    it('is put back where the new one does not open the database', async function () {
      const { rows } = await db.query("SELECT current_setting('server_version_num')::int AS version");
      if (rows[0].version < 170_000) {
        console.log('      skipped: PostgreSQL before 17 has no trigger on login');
        this.skip();
      }
      // As a pooler that knows the old one only: the first connection with another one is refused.
      const { rows: kept } = await db.query('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [role]);
      await db.query(`
        CREATE SEQUENCE refusals; GRANT ALL ON refusals TO ${role};
        CREATE FUNCTION refuse_first() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
          IF session_user = '${role}' AND '${kept[0].rolpassword}' <> (SELECT rolpassword FROM pg_authid WHERE rolname = session_user)
            AND nextval('public.refusals') = 1 THEN RAISE 'not known here'; END IF;
        END $$;
        CREATE EVENT TRIGGER refuse_first ON login EXECUTE FUNCTION refuse_first()`);
      const before = settings();
      const { code, json } = await rotate();
      expect(json().error.title).to.match(/^The new password does not open .*not known here.* put back/);
      expect([code, settings(), existsSync(next)]).to.deep.equal([6, before, false]);
      await db.query('DROP EVENT TRIGGER refuse_first; DROP FUNCTION refuse_first; DROP SEQUENCE refusals');
      expect((await smoocho(['shop', 'list'], env)).code).to.equal(0);
    });

    it('is not ours to change where the address comes from the environment', async () => {
      const { code, stdout, json } = await rotate({ DATABASE_URL: settings().databaseUrl });
      expect(code, stdout).to.equal(2);
      expect([code, json().error.title.split(',')[0]]).to.deep.equal([
        2,
        "The database's address comes from DATABASE_URL",
      ]);
    });
  });

  describe('image-store', () => {
    const home = tempFolder();
    const config = join(home, 'config.json');
    let database: TestDatabase;
    let s3: TestS3;
    before(async function () {
      requireS3(this, 'minio');
      s3 = await startS3('minio');
      database = await testDatabase();
      const { endpoint, bucket } = s3.config;
      const old = { s3AccessKey: 'old', s3SecretKey: 'old secret' };
      writeFileSync(
        config,
        JSON.stringify({ imageStore: 'minio', s3Endpoint: endpoint, s3Bucket: bucket, ...old }),
        {
          mode: 0o600,
        },
      );
    });
    after(async () => {
      await s3?.close();
      await database?.drop();
      removeFolder(home);
    });
    const rotate = (input: string, env = {}, args = ['--keys-stdin']) =>
      smoocho(
        ['secrets', 'rotate', 'image-store', '--json', ...args],
        { SMOOCHO_HOME: home, DATABASE_URL: database.url, ...env },
        input,
      );

    it('takes keys that do, and no others', async () => {
      const { accessKey, secretKey } = s3.config;
      const before = readFileSync(config, 'utf8');
      const wrong = await rotate(`${accessKey}\nnot the secret\n`);
      expect([wrong.code, wrong.json().error.title]).to.deep.equal([
        1,
        `The new keys don't do: The S3 server at ${s3.config.endpoint} does not accept the secret key. Look at S3_SECRET_KEY, and whether a proxy changes the name. Nothing was changed.`,
      ]);
      expect((await rotate(`${accessKey}\n`)).code).to.equal(2);
      expect((await rotate('', {}, [])).code).to.equal(2);
      const elsewhere = await rotate(`${accessKey}\n${secretKey}`, { S3_SECRET_KEY: secretKey });
      expect([elsewhere.code, elsewhere.json().error.title]).to.match(/^2,.* come from S3_SECRET_KEY/);
      expect(readFileSync(config, 'utf8')).to.equal(before);
      const right = await rotate(`${accessKey}\n${secretKey}\n`);
      expect(answer.parse(right.json())).to.deep.equal({ kind: 'image-store', file: 'config.json' });
      expect(JSON.parse(readFileSync(config, 'utf8'))).to.include({
        s3AccessKey: accessKey,
        s3SecretKey: secretKey,
      });
      for (const { stdout, stderr } of [wrong, elsewhere, right])
        expect(stdout + stderr)
          .not.to.include(secretKey)
          .and.not.to.include('not the secret');
    });
  });
});
