import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { openLogDestination } from '../../src/log-destination.ts';
import { envOf, initOptions, launcher, smoocho } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { givenSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

type Line = { lost?: number; msg: string; level: number };
const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

describe('a log that can not be written', function () {
  this.timeout(120_000);
  const home = tempFolder();
  let disk: SmallDisk | undefined;
  let database: TestDatabase;

  before(async () => {
    database = await testDatabase();
  });
  afterEach(() => {
    disk?.remove();
    disk = undefined;
  });
  after(async () => {
    await database?.drop();
    removeFolder(home);
  });

  it('counts the lines that were lost, and says so in one line when there is room again', function () {
    disk = givenSmallDisk(this, join(home, 'small'), 1);
    const path = join(disk.folder, 'log');
    const fd = openSync(path, 'a');
    const destination = openLogDestination(fd);
    const write = (msg: string) => destination.write(`${JSON.stringify({ level: 30, msg })}\n`);
    write('before');
    // The page that the file has goes on taking lines; the last of them is cut.
    disk.fill();
    for (let i = 0; i < 500; i += 1) write('x'.repeat(100));
    const kept = linesOf(path).length;
    disk.clear();
    write('after');
    write('and on');
    closeSync(fd);
    const [told, after, on] = linesOf(path).slice(kept) as [Line, Line, Line];
    expect(told).to.include({
      lost: 501 - kept,
      level: 40,
      msg: `${501 - kept} log lines could not be written (ENOSPC)`,
    });
    expect([after.msg, on.msg]).to.deep.equal(['after', 'and on']);
    expect(linesOf(path)).to.have.length(kept + 3);
  });

  it('never throws', () => {
    const module = import.meta.resolve('../../src/log-destination.ts');
    // In a process of its own, for it goes on trying: in this one the closed number would be another suite's socket by then.
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { openLogDestination } from '${module}';
      const fd = openSync('/dev/full', 'w');
      const destination = openLogDestination(fd);
      for (let i = 0; i < 3; i += 1) destination.write('{}\\n');
      closeSync(fd);
      // EBADF from here on.
      destination.write('{}\\n');
      console.log('wrote');`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said).to.equal('wrote\n');
  });

  it('waits once for a reader that hangs, and says what was lost when it reads again', () => {
    const path = join(home, 'pipe');
    execFileSync('mkfifo', [path]);
    // Open for reading, too, so that it has a reader: one that does not read.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const destination = openLogDestination(fd);
    const write = (msg: string) => destination.write(`${JSON.stringify({ level: 30, msg })}\n`);
    const { wait } = Atomics;
    let waits = 0;
    Atomics.wait = ((...args: Parameters<typeof wait>) => {
      waits += 1;
      return wait(...args);
    }) as typeof wait;
    try {
      // A pipe holds 64 KiB.
      while (waits === 0) write('x'.repeat(1_000));
      expect(waits).to.equal(10);
      for (let i = 0; i < 100; i += 1) write('lost');
      expect(waits, 'waits in all').to.equal(10);
    } finally {
      Atomics.wait = wait;
    }
    readSync(fd, Buffer.alloc(1_000_000));
    write('after');
    const text = Buffer.alloc(10_000);
    const lines = text
      .toString('utf8', 0, readSync(fd, text))
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line).msg)).to.deep.equal([
      '101 log lines could not be written (EAGAIN)',
      'after',
    ]);
    closeSync(fd);
  });

  it('ends no server, nor does a greeting that can not be printed', async function () {
    const env = { SMOOCHO_HOME: home, DATABASE_URL: database.url, LOG_LEVEL: 'debug' };
    expect((await smoocho(['init', ...initOptions(home)], env)).code).to.equal(0);
    const canMount = process.getuid?.() === 0;
    if (!canMount)
      console.log('      on /dev/full, for only root can make a small disk: nothing is said later there');
    if (canMount) disk = givenSmallDisk(this, join(home, 'small'), 1);
    const path = disk ? join(disk.folder, 'log') : '/dev/full';
    const [log, full] = [openSync(path, 'a'), openSync('/dev/full', 'w')];
    disk?.fill();
    const port = await freePort();
    const child = spawn(process.execPath, [launcher, 'start', `--port=${port}`, '--host=127.0.0.1'], {
      env: envOf(env),
      stdio: ['ignore', full, log],
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const client = clientOf(`http://127.0.0.1:${port}`);
    const isUp = () =>
      client.get('/healthz').then(
        () => true,
        () => false,
      );
    await until(isUp, 30_000);
    for (let i = 0; i < 100; i += 1) expect((await client.get('/api/shops')).status).to.equal(401);
    expect(child.exitCode).to.equal(null);
    if (disk) {
      disk.clear();
      await client.get('/api/shops');
      const told = linesOf(path).filter(({ lost }) => lost !== undefined);
      expect(told).to.have.length(1);
      expect(told[0]?.lost).to.be.above(50);
    }
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    for (const fd of [log, full]) closeSync(fd);
  });

  it('fails a command whose result could not be written', async () => {
    const full = openSync('/dev/full', 'w');
    const env = envOf({ SMOOCHO_HOME: home, DATABASE_URL: database.url });
    const child = spawn(process.execPath, [launcher, 'shop', 'list'], {
      env,
      stdio: ['ignore', full, 'pipe'],
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    closeSync(full);
    expect([code, said]).to.deep.equal([
      1,
      'The output could not be written (ENOSPC): free some room, and try again.\n',
    ]);
  });
});
