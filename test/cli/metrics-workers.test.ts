import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { initOptions, type Server, smoocho, startCli } from '../support/cli.ts';
import { READY } from '../support/command-home.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { readSamples, sampleOf } from '../support/metrics-parts.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const WORKERS = 3;
/** Of connections that go to whichever worker, all of them to the same one of three: never. */
const REQUESTS = 60;

describe('the metrics of several workers', function () {
  this.timeout(120_000);
  let home: string;
  let database: TestDatabase;
  let server: Server;
  let url: string;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    // Sales go on while Redis is away, and so do these.
    const env = { SMOOCHO_HOME: home, DATABASE_URL: database.url, REDIS_URL: 'redis://127.0.0.1:1' };
    expect((await smoocho(['init', ...initOptions(home)], env)).code).to.equal(0);
    server = await startCli(['--port=0', '--host=127.0.0.1', '--json', `--workers=${WORKERS}`], env, READY);
    url = JSON.parse(server.output()).url;
  });
  after(async () => {
    for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
    await server?.stop();
    await database.drop();
    removeFolder(home);
  });
  const stopped: number[] = [];

  /** On a connection of its own, so that each goes to whichever worker takes it; one that hangs may have taken it. */
  async function get(path: string, timeoutMs = 10_000): Promise<string | null> {
    const options = { headers: { connection: 'close' }, signal: AbortSignal.timeout(timeoutMs) };
    return await fetch(`${url}${path}`, options).then(
      async (answer) => (answer.status === 200 ? await answer.text() : null),
      () => null,
    );
  }
  async function scrape(timeoutMs?: number) {
    const text = await get('/metrics', timeoutMs);
    return text === null ? null : readSamples(text);
  }
  const counted = (samples: Awaited<ReturnType<typeof scrape>>) =>
    sampleOf(samples ?? [], 'smoocho_http_requests_total', { route: 'healthz' }) ?? 0;
  const processes = (samples: Awaited<ReturnType<typeof scrape>>) =>
    ['counted', 'silent'].map((state) => sampleOf(samples ?? [], 'smoocho_processes', { state }));
  const workers = () => {
    const { pid } = server.child;
    const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    return ids.filter((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('--port='));
  };

  it('are those of all, whichever answers', async () => {
    for (let n = 0; n < REQUESTS; n += 1) await get('/healthz');
    for (let n = 0; n < 10; n += 1) {
      const samples = await scrape();
      expect(counted(samples)).to.equal(REQUESTS);
      expect(processes(samples)).to.deep.equal([WORKERS, 0]);
      // Of the whole installation, and not three times as many.
      expect(sampleOf(samples ?? [], 'smoocho_database_up')).to.equal(1);
    }
  });

  it('keep what one counted that is killed, and do not hang on one that hangs', async function () {
    if (process.platform !== 'linux') {
      console.log('    skipped: only Linux has a /proc to find the workers in');
      return this.skip();
    }
    const [first = 0, second = 0] = workers();
    process.kill(first, 'SIGKILL');
    await until(async () => {
      const samples = await scrape();
      return processes(samples)[0] === WORKERS && !workers().includes(first);
    }, 30_000);
    expect(counted(await scrape())).to.equal(REQUESTS);

    stopped.push(second);
    process.kill(second, 'SIGSTOP');
    // A third of the connections wait for the one that hangs.
    let samples: Awaited<ReturnType<typeof scrape>> = null;
    await until(async () => {
      samples = await scrape(4_000);
      return samples !== null;
    }, 40_000);
    expect(processes(samples)).to.deep.equal([WORKERS - 1, 1]);
    expect(counted(samples)).to.equal(REQUESTS);

    process.kill(second, 'SIGCONT');
    stopped.pop();
    await until(async () => processes(await scrape())[0] === WORKERS, 20_000);
    expect(counted(await scrape())).to.equal(REQUESTS);
  });
});
