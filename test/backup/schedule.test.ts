import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import type { Job } from '../../src/backup/job.ts';
import { type Schedule, type ScheduleOptions, startSchedule } from '../../src/backup/schedule.ts';
import { changeConfigFile } from '../../src/config.ts';
import { recordBackupRun } from '../../src/core/attention/backup-runs.ts';
import { createShop } from '../../src/core/shops/create-shop.ts';
import { findOwner } from '../../src/core/users/find-user.ts';
import { launcher } from '../support/cli.ts';
import { until } from '../support/feed-ear.ts';
import {
  givenInstallation,
  type Installation,
  jobScript,
  nightly,
  quickTimes,
} from '../support/schedule-parts.ts';

/** Real commands of the program need seconds on a machine that is busy. */
const PATIENCE_MS = 30_000;

const KILL_SCHEDULES = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name = 'smoocho schedule' AND datname = current_database()`;

describe('the schedule', function () {
  this.timeout(120_000);
  let test: Installation;
  const running: Schedule[] = [];
  const outerUrl = process.env.DATABASE_URL;

  before(() => {
    // Of somebody's real shop: the commands that are started have this environment.
    delete process.env.DATABASE_URL;
  });
  beforeEach(async () => {
    test = await givenInstallation('2026-10-01T12:00:00Z');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((schedule) => schedule.close()));
    await test.close();
  });
  after(() => {
    if (outerUrl !== undefined) process.env.DATABASE_URL = outerUrl;
  });

  function start(jobs: Job[], more: Partial<ScheduleOptions> = {}): Schedule {
    const { times, ...rest } = more;
    const schedule = startSchedule(test.app, {
      program: [launcher],
      jobs: () => jobs,
      times: { ...quickTimes, ...times },
      ...rest,
    });
    running.push(schedule);
    return schedule;
  }
  const becomes = (condition: () => boolean | Promise<boolean>) => until(condition, PATIENCE_MS);
  const succeeded = async (name?: string) => (await test.state(name))?.succeeded ?? null;
  const tries = async (name?: string) => (await test.state(name))?.tries ?? 0;
  const kinds = () => test.lines().map((line) => line.split(' ')[0]);
  /** Long enough for a look or two; what must not happen would have. */
  const looks = () => sleep(300);
  /** The schedule has looked at its jobs. */
  const hasLooked = (name?: string) => becomes(async () => (await test.state(name)) !== undefined);
  const newShop = { name: 'Second', code: 'TWO', currency: 'INR', timezone: 'Asia/Kolkata' };
  async function openSecondShop() {
    const context = systemContext(test.app, 'test');
    await createShop(context, newShop, (await findOwner(context.em, 'asha@example.com')).id);
  }

  it('runs a command at its time by the clock of the first shop, once', async () => {
    start([nightly(['shop', 'list', '--json'])], { times: { catchUpMs: 10 * 60 * 60_000 } });
    await hasLooked();
    test.setNow('2026-10-01T21:29:59Z');
    await looks();
    expect(await tries()).to.equal(0);
    test.setNow('2026-10-01T21:30:00Z');
    await becomes(async () => (await succeeded()) === '2026-10-01T21:30:00.000Z');
    test.setNow('2026-10-02T21:29:00Z');
    await looks();
    expect(await test.state()).to.deep.equal({
      succeeded: '2026-10-01T21:30:00.000Z',
      started: '2026-10-01T21:30:00.000Z',
      tries: 1,
    });
    test.setNow('2026-10-02T21:30:01Z');
    await becomes(async () => (await succeeded()) === '2026-10-02T21:30:01.000Z');
    expect(test.logged).to.deep.equal([]);
  });

  it('does a missed night some minutes after the start, at random', async () => {
    start([nightly(['log', test.file, '0'])], {
      program: [jobScript],
      times: { catchUpMs: 5 * 60_000, jitterMs: 5 * 60_000 },
      random: () => 0.5,
    });
    await hasLooked();
    test.setNow('2026-10-01T12:07:29Z');
    await looks();
    expect(kinds()).to.deep.equal([]);
    test.setNow('2026-10-01T12:07:30Z');
    await becomes(async () => (await succeeded()) === '2026-10-01T12:07:30.000Z');
    await looks();
    expect(kinds()).to.deep.equal(['start', 'end']);
  });

  it('tells owners why a command failed, in its own words, tries again after an hour, and says when it is over', async () => {
    start([nightly(['verify', '--shop=TWO', '--json'])], { times: { catchUpMs: 0 } });
    const sentence = 'There is no shop with the code TWO. Known are: KULF.';
    await becomes(async () => (await test.attention()).length === 1);
    expect(await test.attention()).to.deep.equal([['backup_failed', `The backup failed: ${sentence}`]]);
    expect(test.logged.map(({ level, msg }) => [level, msg])).to.deep.equal([
      [50, `The backup failed: ${sentence}`],
    ]);
    await openSecondShop();
    test.setNow('2026-10-01T12:59:59Z');
    await looks();
    expect([await tries(), await succeeded()]).to.deep.equal([1, null]);
    test.setNow('2026-10-01T13:00:00Z');
    await becomes(async () => (await succeeded()) !== null);
    await becomes(async () => (await test.attention()).length === 0);
    expect(await tries()).to.equal(2);
  });

  it('tries so often, then waits for the next night', async () => {
    start([nightly(['answer', '{}', '1'])], {
      program: [jobScript],
      times: { catchUpMs: 0, retryMs: 0, maxTries: 3 },
    });
    await becomes(async () => (await tries()) === 3 && test.logged.length === 3);
    await looks();
    expect(await tries()).to.equal(3);
    test.setNow('2026-10-01T21:30:00Z');
    await becomes(() => test.logged.length === 6);
    await looks();
    expect(await test.state()).to.deep.include({ tries: 3, started: '2026-10-01T21:30:00.000Z' });
  });

  it('runs what follows on a job when that one has succeeded, and not before', async () => {
    const backup = nightly(['verify', '--shop=TWO', '--json']);
    const prune = nightly(['shop', 'list', '--json'], {
      name: 'prune',
      schedule: { after: 'backup' },
      failed: { code: 'backup_prune_failed', severity: 'warning', what: 'Old ones stay' },
    });
    start([backup, prune], { times: { catchUpMs: 0 } });
    await becomes(async () => (await tries()) === 1 && test.logged.length === 1);
    await looks();
    expect(await tries('prune')).to.equal(0);
    await openSecondShop();
    test.setNow('2026-10-01T13:00:00Z');
    await becomes(async () => (await succeeded('prune')) !== null);
    await looks();
    expect([await tries('backup'), await tries('prune')]).to.deep.equal([2, 1]);
  });

  it('never runs two at once, in one process or in several', async () => {
    const jobs = ['one', 'two', 'three'].map((name) => nightly(['log', test.file, '200'], { name }));
    for (let n = 0; n < 3; n += 1) start(jobs, { program: [jobScript], times: { catchUpMs: 0 } });
    await becomes(async () => (await succeeded('three')) !== null);
    await looks();
    expect(kinds()).to.deep.equal(['start', 'end', 'start', 'end', 'start', 'end']);
  });

  it('ends what runs when the server stops, and does it again after the next start', async () => {
    const jobs = [nightly(['hang', test.file])];
    const first = start(jobs, { program: [jobScript], times: { catchUpMs: 0 } });
    await becomes(() => kinds().length === 1);
    await first.close();
    expect(kinds()).to.deep.equal(['start', 'stopped']);
    // It was no fault of the job's, and nobody has to know of it.
    expect(await test.state()).to.deep.equal({ succeeded: null, started: null, tries: 0 });
    expect(await test.attention()).to.deep.equal([]);
    start([nightly(['log', test.file, '0'])], { program: [jobScript], times: { catchUpMs: 0 } });
    await becomes(async () => (await succeeded()) !== null);
  });

  it('stops a job when it loses its lock, and goes on when it has it again', async () => {
    start([nightly(['hang', test.file])], { program: [jobScript], times: { catchUpMs: 0 } });
    await becomes(() => kinds().length === 1);
    const db = await test.database.connect();
    await db.query(KILL_SCHEDULES);
    await becomes(() => kinds().length === 3);
    expect(kinds()).to.deep.equal(['start', 'stopped', 'start']);
  });

  it('reads its settings anew while it runs, and goes on by the last good ones', async () => {
    const jobs = ({ schedule }: { schedule: string | null }) =>
      schedule ? [nightly(['log', test.file, '0'], { schedule: { cron: schedule } })] : [];
    start([], { jobs, program: [jobScript], times: { catchUpMs: 0 } });
    await looks();
    changeConfigFile(test.home, (settings) => ({ ...settings, backup: { schedule: '30 17 * * *' } }));
    await becomes(async () => (await succeeded()) !== null);
    await becomes(async () => (await test.attention()).length === 1);
    const [[code, detail] = []] = await test.attention();
    expect([code, detail]).to.deep.equal([
      'backup_key_missing',
      'Backups can only be opened by this box: they are worth nothing when it burns. Make a recovery key: smoocho backup key create',
    ]);
    writeFileSync(join(test.home, 'config.json'), '{"backup": {"schedule": "at night"}}');
    await becomes(() => test.logged.length > 0);
    test.setNow('2026-10-02T12:00:00Z');
    await becomes(async () => (await succeeded()) === '2026-10-02T12:00:00.000Z');
    expect(test.logged.map(({ msg }) => msg)).to.deep.equal([
      'config.json can not be used; backups go on as they were set before',
    ]);
    const recoveryRecipient = `age1${'q'.repeat(58)}`;
    writeFileSync(
      join(test.home, 'config.json'),
      JSON.stringify({ backup: { schedule: '30 17 * * *', recoveryRecipient } }),
    );
    await becomes(async () => (await test.attention()).length === 0);
  });

  it('says that nothing was made for too long, not before what was missed had its turn, and that it is over', async () => {
    changeConfigFile(test.home, (settings) => ({ ...settings, backup: { schedule: '0 3 * * *' } }));
    const job = nightly(['verify', '--shop=TWO', '--json'], {
      kind: 'create',
      overdue: { code: 'backup_overdue', severity: 'problem', what: 'backup was made' },
    });
    const record = (startedAt: Date) =>
      recordBackupRun(systemContext(test.app, 'test'), {
        kind: 'create',
        startedAt,
        endedAt: startedAt,
        file: null,
        sizeBytes: null,
        error: null,
      });
    await record(new Date('2026-09-20T21:30:00Z'));
    const codes = async () => (await test.attention()).map(([code]) => code);
    start([job], { times: { catchUpMs: 60_000 } });
    await becomes(async () => (await codes()).includes('backup_key_missing'));
    await looks();
    expect(await codes()).to.deep.equal(['backup_key_missing']);
    test.setNow('2026-10-01T12:01:01Z');
    await becomes(async () => (await codes()).length === 3);
    const overdue = (await test.attention()).find(([code]) => code === 'backup_overdue');
    expect(overdue?.[1]).to.equal('No backup was made since 2026-09-21 03:00.');
    // Made by hand: that counts, and nothing is due until the next night.
    await record(new Date('2026-10-01T12:01:01Z'));
    await becomes(async () => (await codes()).length === 1);
    const before = await tries();
    test.setNow('2026-10-01T21:00:00Z');
    await looks();
    expect(await tries()).to.equal(before);
  });

  it('takes nothing for done that was done in the future, as by a box whose clock was wrong', async () => {
    const db = await test.database.connect();
    await db.query(`
      INSERT INTO scheduled_jobs (name, since, started_at, ended_at, succeeded_at, tries)
      VALUES ('backup', '2031-01-01', '2031-01-02', '2031-01-02', '2031-01-02', 5)`);
    start([nightly(['log', test.file, '0'])], { program: [jobScript], times: { catchUpMs: 0 } });
    await becomes(async () => (await succeeded()) === '2026-10-01T12:00:00.000Z');
  });

  it('goes on when the database was away', async () => {
    start([nightly(['log', test.file, '0'])], { program: [jobScript], times: { catchUpMs: 60_000 } });
    await hasLooked();
    const db = await test.database.connect();
    await db.query('ALTER TABLE scheduled_jobs RENAME TO gone');
    await db.query(KILL_SCHEDULES);
    await looks();
    await db.query('ALTER TABLE gone RENAME TO scheduled_jobs');
    test.setNow('2026-10-01T12:01:00Z');
    await becomes(() => kinds().length === 2);
  });
});
