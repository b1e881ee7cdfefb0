import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { initOptions, smoocho, startCli } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { givenCommandHome, READY } from '../support/command-home.ts';
import { until } from '../support/feed-ear.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('several servers on one database', () => {
  const box = givenCommandHome({ REDIS_URL: '' });
  const { env } = box;
  const options = ['--port=0', '--host=127.0.0.1', '--json'];
  const start = (redisUrl = '', flags: string[] = []) => box.start({ REDIS_URL: redisUrl }, flags);
  const refused = async (expected: number, redisUrl = '', more: string[] = []) => {
    const { code, stdout } = await smoocho(['start', ...options, ...more], env({ REDIS_URL: redisUrl }));
    expect(code, stdout).to.equal(expected);
    // Each worker says it.
    return JSON.parse(stdout.split('\n}\n')[0]?.concat('\n}') ?? '').error.title as string;
  };

  it('are refused without Redis, with what to do', async () => {
    const { refused: wrong, failed } = exitCodes;
    expect(await refused(wrong, '', ['--workers=2'])).to.match(
      /^Several workers need a Redis .* Set REDIS_URL/,
    );
    await start();
    expect(await refused(failed)).to.match(
      /^Smoocho runs already at http:\/\/127\.0\.0\.1:\d+ \(process \d+\)\. Stop it with Ctrl-C .* kill \d+$/,
    );
    // After a power cut, the lock may belong to a server that no longer exists. The start is retried.
    // A copy brings the server's file along, which is of the other home.
    const home = tempFolder();
    cpSync(box.home, home, { recursive: true });
    expect(await refused(failed, '', [`--home=${home}`])).to.match(
      /^Another Smoocho server runs on this database\. .* set REDIS_URL for both/,
    );
    removeFolder(home);
    expect(await refused(failed, 'redis://127.0.0.1:1', ['--workers=2'])).to.match(/without REDIS_URL/);
    await box.stop();
    await start();
  }).timeout(120_000);

  it('count workers in whole numbers', async () => {
    for (const count of ['0', 'many']) {
      const { code, json } = await smoocho(['start', ...options, `--workers=${count}`], env());
      expect([code, json().error.title]).to.deep.equal([2, '--workers is not a number from 1 to 64.']);
    }
  }).timeout(120_000);

  it('serve on one port, each other machine too, and one that is taken is said so', async function () {
    const REDIS_URL = await box.redisUrl(this);
    const { url, workers, port } = await start(REDIS_URL, ['--workers=2']);
    expect(workers).to.equal(2);
    for (let n = 0; n < 20; n += 1) expect((await clientOf(url).get('/healthz')).status).to.equal(200);
    const taken = await smoocho(
      ['start', '--json', '--host=127.0.0.1', `--port=${port}`, '--workers=2'],
      env({ REDIS_URL }),
    );
    expect(taken.json().error.title).to.match(/^Port \d+ is taken by another program/);
    const other = await startCli(options, env({ REDIS_URL }), READY);
    const { url: second } = JSON.parse(other.output());
    expect((await clientOf(second).get('/healthz')).status).to.equal(200);
    expect(await other.stop()).to.equal(0);
  }).timeout(120_000);

  it('start and sell while Redis is away', async () => {
    const { url } = await start('redis://127.0.0.1:1', ['--workers=2']);
    const answer = await clientOf(url).get('/readyz');
    expect(answer.status, answer.text).to.equal(200);
  }).timeout(120_000);

  it('close what they have open, PostgreSQL too, when the first process is killed', async function () {
    const REDIS_URL = await box.redisUrl(this);
    const own = tempFolder();
    const embedded = { ...env({ REDIS_URL }), SMOOCHO_HOME: own, DATABASE_URL: '' };
    expect((await smoocho(['init', ...initOptions(own)], embedded)).code).to.equal(0);
    const first = await startCli([...options, '--workers=2'], embedded, READY);
    const pidFile = join(own, 'postgres', 'data', 'postmaster.pid');
    expect(existsSync(pidFile)).to.equal(true);
    await first.stop('SIGKILL');
    await until(() => !existsSync(pidFile), 45_000);
    removeFolder(own);
  }).timeout(120_000);

  it('leave no worker behind when the first process is killed', async function () {
    const REDIS_URL = await box.redisUrl(this);
    const { url } = await start(REDIS_URL, ['--workers=2']);
    await box.stop('SIGKILL');
    await until(
      async () =>
        (await clientOf(url)
          .get('/healthz')
          .catch(() => null)) === null,
      15_000,
    );
    await start();
  }).timeout(120_000);
});
