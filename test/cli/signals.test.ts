import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { envOf, initOptions, launcher, smoocho } from '../support/cli.ts';
import { until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** A node that is older than the launcher wants, so that it hands over to the one that the checkout brought. */
const OLD_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  const { stdout, status } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return status === 0 && Number(stdout.split('.')[0]) < 24;
});

describe('smoocho start that is told to stop more than once', function () {
  this.timeout(120_000);
  const home = tempFolder();
  const pidFile = join(home, 'postgres', 'data', 'postmaster.pid');
  let redis: TestRedis | undefined;
  let child: ChildProcess | undefined;
  let output = '';

  before(async () => {
    const { code, stderr } = await smoocho(['init', ...initOptions(home)], { SMOOCHO_HOME: home });
    expect(code, stderr).to.equal(0);
  });
  afterEach(() => {
    if (child?.pid && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  });
  after(async () => {
    await redis?.kill();
    // A command that ends is the last one out, and stops a PostgreSQL that was left behind.
    await smoocho(['shop', 'list'], { SMOOCHO_HOME: home });
    removeFolder(home);
  });

  const says = (text: string) => until(() => output.includes(text), 60_000);
  /** In a group of its own, as a shell starts it; gives how it ends. */
  const start = async (program: string, before: string[] = [], env = {}, flags: string[] = []) => {
    output = '';
    const [file = '', ...words] = [
      ...before,
      program,
      launcher,
      'start',
      '--port=0',
      '--host=127.0.0.1',
      ...flags,
    ];
    child = spawn(file, words, {
      env: envOf({ SMOOCHO_HOME: home, ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const ended = once(child, 'close') as Promise<[number | null, string | null]>;
    await says('Stop it with');
    return { group: -(child.pid as number), ended };
  };
  const expectGraceful = (ended: [number | null, string | null]) => {
    expect(ended, output).to.deep.equal([0, null]);
    expect(existsSync(pidFile), 'PostgreSQL was left behind').to.equal(false);
  };

  it('stops once, and PostgreSQL with it', async () => {
    const { group, ended } = await start(process.execPath);
    process.kill(group, 'SIGINT');
    await says('Stopping');
    process.kill(group, 'SIGINT');
    process.kill(group, 'SIGTERM');
    expectGraceful(await ended);
  });

  it('does so when timeout tells the process and then its group', async () => {
    const { ended } = await start(process.execPath, ['timeout', '100']);
    // It passes on what it is told as it does when the time is over.
    child?.kill('SIGTERM');
    expectGraceful(await ended);
  });

  it('does so under an older Node, which passes on what the group was told already', async function () {
    if (!OLD_NODE) {
      console.log('    skipped: there is no Node before 24 here');
      this.skip();
    }
    const { group, ended } = await start(OLD_NODE as string);
    process.kill(group, 'SIGINT');
    await says('Stopping');
    child?.kill('SIGINT');
    expectGraceful(await ended);
  });

  it('does so with workers, each of which is told by the terminal and by the first process', async function () {
    requireRedis(this);
    redis = await startRedis();
    const { group, ended } = await start(process.execPath, [], { REDIS_URL: redis.url }, ['--workers=2']);
    process.kill(group, 'SIGINT');
    expectGraceful(await ended);
    expect(output).not.to.include('another one takes its place');
  });
});
