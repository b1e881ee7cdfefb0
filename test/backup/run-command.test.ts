import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type CommandOptions, runCommand } from '../../src/backup/run-command.ts';
import { jobEnvironment } from '../../src/config.ts';
import { launcher, smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const script = fileURLToPath(new URL('../support/job-child.ts', import.meta.url));
const parentScript = fileURLToPath(new URL('../support/run-command-child.ts', import.meta.url));

describe('a command that the server runs', () => {
  let home: string;
  let file: string;
  beforeEach(() => {
    home = tempFolder();
    file = join(home, 'lines');
  });
  afterEach(() => removeFolder(home));

  const run = (argv: string[], more: Partial<CommandOptions> = {}) =>
    runCommand({
      program: [script],
      argv,
      env: jobEnvironment({ home }),
      timeoutMs: 60_000,
      graceMs: 60_000,
      signal: new AbortController().signal,
      ...more,
    });
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const pidIn = (line: string | undefined) => Number(line?.split(' ').at(-1));
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const answer = (stdout: unknown, code: number) => run(['answer', JSON.stringify(stdout), String(code)]);
  const sentenceOf = async (ended: ReturnType<typeof run>) => {
    const end = await ended;
    return end.kind === 'failed' ? end.sentence : end.kind;
  };

  it('is done when its exit code is 0', async () => {
    expect(await run(['log', file, '0'])).to.deep.equal({ kind: 'done' });
    expect(lines().map((line) => line.split(' ')[0])).to.deep.equal(['start', 'end']);
    expect(await run(['answer', 'no JSON', '0'])).to.deep.equal({ kind: 'done' });
  });

  it('fails with the sentence that it answered, and with what it logged', async () => {
    const detail = 'The folder /mnt/usb is not there.';
    expect(await answer({ error: { title: 'Not there', detail }, exitCode: 1 }, 1)).to.deep.equal({
      kind: 'failed',
      sentence: detail,
      code: 1,
      signal: null,
      stderr: '{"level":40,"msg":"something was odd"}\n',
    });
    expect(await sentenceOf(answer({ error: { title: 'The disk is full.' } }, 1))).to.equal(
      'The disk is full.',
    );
    expect(await sentenceOf(answer({ isSound: false, findings: ['A table is short.'] }, 4))).to.equal(
      'A table is short.',
    );
    expect(await sentenceOf(answer({ findings: [{ detail: 'A table is long.' }] }, 4))).to.equal(
      'A table is long.',
    );
  });

  it('fails with how to find out where it said nothing', async () => {
    for (const stdout of [
      '',
      'no JSON',
      '{}',
      '[]',
      'null',
      '{"error":null,"findings":[]}',
      '{"findings":[7]}',
    ]) {
      const sentence = await sentenceOf(run(['answer', stdout, '4']));
      expect(sentence, stdout).to.match(/^"smoocho answer .*" ended with exit code 4\. Run it to see why\.$/);
    }
    expect(await sentenceOf(run(['log', file], { program: ['/no/such/script'] }))).to.match(/exit code 1/);
  });

  it('keeps the end of what it said, however much that was', async () => {
    const end = await run(['flood']);
    if (end.kind !== 'failed') throw new Error(end.kind);
    expect(end.stderr)
      .to.have.length(8 * 1024)
      .and.match(/y{100}the last words$/);
    expect(end.code).to.equal(3);
  });

  it('gives way to the server, and does not hear its Ctrl-C', async function () {
    if (process.platform === 'win32') {
      console.log('      (not run: Windows has no groups of processes)');
      return this.skip();
    }
    const stopping = new AbortController();
    const running = run(['hang', file], { signal: stopping.signal });
    await until(() => lines().length === 1);
    const pid = pidIn(lines()[0]);
    expect(getPriority(pid)).to.be.above(getPriority(process.pid));
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2]).to.equal(String(pid));
    stopping.abort();
    // That it could put itself in order does not mean that it is done.
    expect(await running).to.deep.equal({ kind: 'stopped' });
    expect(lines()[1]).to.match(/^stopped/);
  });

  it('is asked to end, then ended, when the server stops', async () => {
    const stopping = new AbortController();
    const running = run(['stubborn', file], { signal: stopping.signal, graceMs: 300 });
    await until(() => lines().length === 1);
    stopping.abort();
    expect(await running).to.deep.equal({ kind: 'stopped' });
    expect(lines()[1]).to.match(/^asked/);
    expect(isAlive(pidIn(lines()[0]))).to.equal(false);
    expect(await run(['log', file, '0'], { signal: stopping.signal })).to.deep.equal({ kind: 'stopped' });
    expect(lines()).to.have.length(2);
  });

  it('is ended when it takes too long, and says so', async () => {
    for (const what of ['stubborn', 'hang']) {
      const ended = run([what, file], { timeoutMs: 1_500, graceMs: 300 });
      expect(await sentenceOf(ended)).to.match(/ was not done after 0 hours and was ended\.$/);
    }
    // On a slow machine it may not have come to write anything.
    for (const line of lines()) expect(isAlive(pidIn(line))).to.equal(false);
  });

  it('says that it was killed', async () => {
    const running = run(['hang', file]);
    await until(() => lines().length === 1);
    process.kill(pidIn(lines()[0]), 'SIGKILL');
    expect(await sentenceOf(running)).to.match(/was killed, as the system does when memory runs out\.$/);
  });

  describe('and the server that is killed', () => {
    let database: TestDatabase;
    let parent: ChildProcess | undefined;
    before(async () => {
      database = await testDatabase();
    });
    afterEach(() => parent?.kill('SIGKILL'));
    after(() => database.drop());

    it('end together, the command as SIGTERM ends it', async () => {
      const env = { ...process.env, SMOOCHO_HOME: home, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
      parent = spawn(
        process.execPath,
        [parentScript, home, launcher, 'start', '--port=0', '--host=127.0.0.1'],
        {
          env,
          stdio: 'ignore',
        },
      );
      const serves = async () => (await smoocho(['status', '--json'], env)).json().server.isRunning;
      await until(serves, 90_000);
      const ended = once(parent, 'exit');
      parent.kill('SIGKILL');
      await ended;
      await until(async () => !(await serves()), 90_000);
    }).timeout(200_000);
  });
});
