import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachEmbedded } from '../../src/database/embedded.ts';
import { isServer, readPidFile } from '../../src/database/embedded-pid-file.ts';
import { DatabaseUnreachableError } from '../../src/database/errors.ts';
import {
  attach,
  attachChild,
  children,
  cleanUp,
  dataOf,
  guards,
  newHome,
  PASSWORD,
  postmaster,
  query,
  until,
} from '../support/embedded-homes.ts';

/** Beside its programs, whose links carry a version. */
const filesOf = (home: string) =>
  readdirSync(join(home, 'postgres'))
    .filter((name) => !name.startsWith('linked-'))
    .sort();

describe('attachEmbedded', function () {
  // Making a cluster takes about two seconds, more when both cores are busy.
  this.timeout(120_000);
  let made: string;
  let home: string;

  before(async () => {
    made = newHome({ isKept: true });
    await (await attachEmbedded({ home: made, password: PASSWORD })).release();
  });
  after(() => rmSync(made, { recursive: true, force: true }));

  // A copy of a cluster, for all but first starts: faster than making one. As root, a copy is root's at
  // first.
  beforeEach(() => {
    home = newHome();
    cpSync(dataOf(made), dataOf(home), { recursive: true });
  });

  afterEach(cleanUp);

  it('stays without TLS where the environment asks for it, as for a PostgreSQL elsewhere', async () => {
    process.env.PGSSLMODE = 'require';
    try {
      const server = await attach(home);
      expect(await query(server.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      await server.release();
    } finally {
      delete process.env.PGSSLMODE;
    }
  });

  it('makes a cluster the first time, answers a query, and stops when released', async () => {
    home = newHome();
    const server = await attach(home);
    expect(server.startedHere).to.equal(true);
    expect(server.url).to.equal(
      `postgres://smoocho:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}/smoocho?sslmode=disable`,
    );
    const [row] = await query(
      server.url,
      `SELECT current_database() AS database, current_setting('data_checksums') AS checksums,
        current_setting('synchronous_commit') AS commit, current_setting('TimeZone') AS zone,
        upper('ä') AS upper, pg_encoding_to_char(encoding) AS encoding FROM pg_database
        WHERE datname = current_database()`,
    );
    expect(row).to.deep.equal({
      database: 'smoocho',
      checksums: 'on',
      commit: 'on',
      zone: 'UTC',
      upper: 'Ä',
      encoding: 'UTF8',
    });
    const pid = postmaster(home);
    await server.release();
    expect(isServer(pid, dataOf(home))).to.equal(false);
    expect(filesOf(home)).to.deep.equal(['data', 'port', 'postgres.log']);
  });

  const hasProc = process.platform === 'linux';
  const why = hasProc ? '' : ' (skipped: only Linux has a /proc to look into)';
  it(`keeps the password out of argv and ours out of its environment${why}`, async function () {
    if (!hasProc) return this.skip();
    await attach(home);
    const pid = postmaster(home);
    for (const file of ['cmdline', 'environ']) {
      expect(readFileSync(`/proc/${pid}/${file}`, 'utf8'))
        .not.to.include(PASSWORD)
        .and.not.include('npm_');
    }
  });

  it('refuses a wrong password in one sentence, and leaves nothing running', async () => {
    const failure = await attachEmbedded({ home, password: 'wrong' }).catch((error) => error);
    expect(failure).to.be.instanceOf(DatabaseUnreachableError);
    expect(failure.message).to.include('secrets/postgres-password');
    await until(() => readPidFile(dataOf(home)) === undefined);
  });

  it('is shared by another process, and the last one out stops it', async () => {
    const server = await attach(home);
    const other = await attachChild(home);
    expect(other.hello).to.include({ port: server.port, startedHere: false });
    const pid = postmaster(home);
    await server.release();
    expect(await query(other.hello.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    // The child ends by itself: nothing that was attached keeps it alive.
    expect(await other.release()).to.equal(0);
    expect(isServer(pid, dataOf(home))).to.equal(false);
  });

  it('knows its server when an emulator runs it, whose own name is the first of the arguments', async () => {
    const program = (name: string) => {
      const path = join(home, name);
      writeFileSync(path, "console.log('runs'); setInterval(() => {}, 1000);");
      return spawn(process.execPath, [path, '-D', dataOf(home)], { stdio: ['ignore', 'pipe', 'ignore'] });
    };
    for (const [name, isPostgres] of [
      ['postmaster', true],
      ['cash-drawer', false],
    ] as const) {
      const child = program(name);
      await once(child.stdout, 'data');
      const isTaken = isServer(child.pid as number, dataOf(home));
      child.kill();
      await once(child, 'exit');
      expect(isTaken, name).to.equal(isPostgres);
    }
  });

  it('serves two first starts at once', async () => {
    home = newHome();
    const both = await Promise.all([attachChild(home), attachChild(home)]);
    expect(both.map(({ hello }) => hello.port)).to.deep.equal([both[0].hello.port, both[0].hello.port]);
    expect(both.filter(({ hello }) => hello.startedHere)).to.have.length(1);
    const pid = postmaster(home);
    expect(await Promise.all(both.map((child) => child.release()))).to.deep.equal([0, 0]);
    expect(isServer(pid, dataOf(home))).to.equal(false);
    expect(filesOf(home)).to.deep.equal(['data', 'port', 'postgres.log']);
  });

  it('bears many that come and go at once', async () => {
    const comeAndGo = async (lane: number) => {
      for (let round = 0; round < 5; round += 1) {
        const server = await attach(home);
        expect(await query(server.url, `SELECT ${lane} AS lane`)).to.deep.equal([{ lane }]);
        await server.release();
      }
    };
    await Promise.all([1, 2, 3, 4].map(comeAndGo));
    expect(readPidFile(dataOf(home))).to.equal(undefined);
  });

  it('takes over from a process that was killed', async () => {
    const child = await attachChild(home);
    await query(child.hello.url, 'CREATE TABLE sale (id int)');
    await query(child.hello.url, 'INSERT INTO sale VALUES (7)');
    const pid = postmaster(home);
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    const server = await attach(home);
    expect(server.startedHere).to.equal(false);
    expect(postmaster(home)).to.equal(pid);
    expect(await query(server.url, 'SELECT id FROM sale')).to.deep.equal([{ id: 7 }]);
    // On a busy machine PostgreSQL takes a moment to notice that the other one is gone.
    await until(async () => (await guards(server.url)) === 1);
    await server.release();
    expect(isServer(pid, dataOf(home))).to.equal(false);
  });

  it('recovers what was committed when server and process were killed', async () => {
    const child = await attachChild(home);
    await query(child.hello.url, 'CREATE TABLE sale (id int); INSERT INTO sale VALUES (8)');
    child.process.kill('SIGKILL');
    process.kill(postmaster(home), 'SIGKILL');
    const server = await attach(home);
    expect(server.startedHere).to.equal(true);
    expect(server.port).to.equal(child.hello.port);
    expect(await query(server.url, 'SELECT id FROM sale')).to.deep.equal([{ id: 8 }]);
  });

  it('starts a server that was killed again on the same port, for all who are attached', async () => {
    let lost = 0;
    const server = await attach(home, {
      onLost: () => {
        lost += 1;
      },
    });
    const other = await attachChild(home);
    await query(server.url, 'CREATE TABLE sale (id int); INSERT INTO sale VALUES (9)');
    const { url } = server;
    const pid = postmaster(home);
    process.kill(pid, 'SIGKILL');
    await until(() => {
      const file = readPidFile(dataOf(home));
      return file !== undefined && file.pid !== pid && file.status === 'ready';
    });
    expect(await query(url, 'SELECT id FROM sale')).to.deep.equal([{ id: 9 }]);
    expect(lost).to.equal(1);
    await until(async () => (await guards(url)) === 2);
    await server.release();
    expect(await query(other.hello.url, 'SELECT id FROM sale')).to.deep.equal([{ id: 9 }]);
    expect(await other.release()).to.equal(0);
    expect(readPidFile(dataOf(home))).to.equal(undefined);
  });

  it('keeps a guard when only its session is ended, and can be released at that moment', async () => {
    const server = await attach(home);
    const endGuards = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'smoocho guard'`;
    await query(server.url, endGuards);
    await until(async () => (await guards(server.url)) === 1);
    await query(server.url, endGuards);
    await server.release();
    expect(readPidFile(dataOf(home))).to.equal(undefined);
  });

  it('sees through a pid file that names an unrelated process', async () => {
    const bystander = spawn('sleep', ['60']);
    children.push(bystander);
    const lines = [bystander.pid, dataOf(home), 1, 20_001, '', '127.0.0.1', '1 1', 'ready'];
    writeFileSync(join(dataOf(home), 'postmaster.pid'), `${lines.join('\n')}\n`, { mode: 0o600 });
    const server = await attach(home);
    expect(server.startedHere).to.equal(true);
    expect(bystander.exitCode).to.equal(null);
    expect(readdirSync(dataOf(home)).filter((name) => name.includes('stale'))).to.deep.equal([]);
  });

  it('takes over in seconds from a pid file that a power cut left empty or broken', async () => {
    for (const text of ['', '\0'.repeat(90), 'gibberish\n', '-\n', '99999999999999999999\n']) {
      writeFileSync(join(dataOf(home), 'postmaster.pid'), text, { mode: 0o600 });
      const begun = performance.now();
      const server = await attach(home);
      const ms = performance.now() - begun;
      expect(await query(server.url, 'SELECT 1 AS one'), JSON.stringify(text)).to.deep.equal([{ one: 1 }]);
      expect(ms, JSON.stringify(text)).to.be.below(10_000);
      await server.release();
    }
    expect(readdirSync(dataOf(home)).filter((name) => name.startsWith('postmaster.pid'))).to.deep.equal([]);
  });

  it(`finds the server that runs beside such a file, and stops it${why}`, async function () {
    if (!hasProc) return this.skip();
    const server = await attach(home);
    const pid = postmaster(home);
    writeFileSync(join(dataOf(home), 'postmaster.pid'), '');
    const other = await attachChild(home);
    expect(other.hello).to.include({ port: server.port, startedHere: false });
    expect(await other.release()).to.equal(0);
    await server.release();
    expect(isServer(pid, dataOf(home))).to.equal(false);
  });

  it('keeps the log from growing without bound', async () => {
    const log = join(home, 'postgres', 'postgres.log');
    writeFileSync(log, Buffer.alloc(11 * 1024 * 1024, 'x\n'));
    await attach(home);
    expect(statSync(log).size).to.be.below(100_000);
    expect(statSync(`${log}.1`).size).to.be.above(10_000_000);
  });

  it('says so when data are of another PostgreSQL', async () => {
    writeFileSync(join(dataOf(home), 'PG_VERSION'), '17\n');
    const failure = await attachEmbedded({ home, password: PASSWORD }).catch((error) => error);
    expect(failure).to.be.instanceOf(DatabaseUnreachableError);
    expect(failure.message).to.include('PostgreSQL 17').and.include('PostgreSQL 18');
  });
});
