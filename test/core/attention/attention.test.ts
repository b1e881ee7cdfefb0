import { expect } from 'chai';
import type pg from 'pg';
import { type App, createApp, systemContext } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import {
  changedAttention,
  endAttention,
  listAttention,
  raiseAttention,
} from '../../../src/core/attention/attention.ts';
import {
  type BackupRun,
  lastBackupRuns,
  recordBackupRun,
  viewLastBackups,
} from '../../../src/core/attention/backup-runs.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { removeFolder, tempFolder } from '../../support/temp.ts';

describe('attention', () => {
  let home: string;
  let database: TestDatabase;
  let db: pg.Client;
  let app: App;
  let now = new Date('2026-10-01T20:00:00Z');

  before(async () => {
    home = tempFolder();
    database = await testDatabase();
    db = await database.connect();
    const settings = { DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    app = await createApp(loadConfig({ home }, settings), { now: () => now });
  });
  afterEach(() => db.query('TRUNCATE attention, backup_runs'));
  after(async () => {
    await app.close();
    await database.drop();
    removeFolder(home);
  });

  const context = () => systemContext(app, 'test');
  const at = (time: string) => {
    now = new Date(time);
  };
  const failed = { code: 'backup_failed', severity: 'problem', detail: 'The disk is full.' } as const;
  const list = () => listAttention(context().em);
  const changes = (after = 0) => changedAttention(context().em, after);

  it('stays open from when it was first raised, with what was said last, until it ends', async () => {
    at('2026-10-01T20:00:00Z');
    await raiseAttention(context(), failed);
    at('2026-10-01T21:00:00Z');
    await raiseAttention(context(), { ...failed, severity: 'warning', detail: 'The disk is nearly full.' });
    const open = { ...failed, severity: 'warning', detail: 'The disk is nearly full.' };
    expect(await list()).to.deep.equal([{ ...open, since: '2026-10-01T20:00:00.000Z', endedAt: null }]);
    at('2026-10-01T22:00:00Z');
    await endAttention(context(), 'backup_failed');
    await endAttention(context(), 'backup_failed');
    expect(await list()).to.deep.equal([]);
    expect((await changes()).map(({ attention }) => attention.endedAt)).to.deep.equal([
      '2026-10-01T22:00:00.000Z',
    ]);
    await raiseAttention(context(), failed);
    expect((await list())[0]?.since).to.equal('2026-10-01T22:00:00.000Z');
  });

  it('lists problems first, then what has been so longest', async () => {
    at('2026-10-01T20:00:00Z');
    await raiseAttention(context(), { code: 'backup_key_missing', severity: 'warning', detail: 'No key.' });
    at('2026-10-01T21:00:00Z');
    await raiseAttention(context(), { ...failed, code: 'drill_failed' });
    at('2026-10-01T20:30:00Z');
    await raiseAttention(context(), failed);
    const codes = (await list()).map(({ code }) => code);
    expect(codes).to.deep.equal(['backup_failed', 'drill_failed', 'backup_key_missing']);
  });

  it('numbers its changes without writing what is the same already', async () => {
    await raiseAttention(context(), failed);
    await raiseAttention(context(), failed);
    const [first, ...rest] = await changes();
    expect([first?.changeNo, rest]).to.deep.equal([1, []]);
    await raiseAttention(context(), { ...failed, detail: 'Another one.' });
    expect((await changes(1)).map(({ changeNo, attention }) => [changeNo, attention.detail])).to.deep.equal([
      [2, 'Another one.'],
    ]);
    await endAttention(context(), 'backup_failed');
    expect((await changes(2)).map(({ changeNo }) => changeNo)).to.deep.equal([3]);
    expect(await changes(3)).to.deep.equal([]);
  });

  it('is one, whoever raises and ends it at once, and shows no change before an earlier one', async () => {
    const codes = ['backup_failed', 'drill_failed', 'backup_overdue', 'drill_overdue'] as const;
    let last = 0;
    let isOver = false;
    const seen: number[] = [];
    const read = async () => {
      while (!isOver) {
        for (const { changeNo } of await changes(last)) {
          seen.push(changeNo);
          last = changeNo;
        }
      }
    };
    const reading = read();
    const work = Array.from({ length: 60 }, async (_, n) => {
      const code = codes[n % codes.length] as (typeof codes)[number];
      if (n % 5 === 4) await endAttention(context(), code);
      else await raiseAttention(context(), { code, severity: 'problem', detail: `Number ${n}.` });
    });
    await Promise.all(work);
    isOver = true;
    await reading;
    const { rows } = await db.query(
      'SELECT max(change_no)::int AS last, count(*) FILTER (WHERE ended_at IS NULL)::int AS open FROM attention',
    );
    expect(rows[0].open).to.be.at.most(codes.length);
    await changes(last).then((rest) => seen.push(...rest.map(({ changeNo }) => changeNo)));
    expect(seen.at(-1)).to.equal(rows[0].last);
    expect(seen).to.deep.equal(seen.toSorted((a, b) => a - b));
    // A reader that asks for what came after the last one it saw has then seen how everything is.
    const { rows: open } = await db.query('SELECT change_no::int AS n FROM attention');
    expect(seen).to.include.members(open.map(({ n }) => n));
  });

  it('keeps the last 200 that ended, and the number of the newest change', async () => {
    await db.query(`
      INSERT INTO attention (id, code, severity, detail, since, ended_at, change_no)
      SELECT gen_random_uuid(), 'drill_failed', 'problem', 'Old.', now(), now(), n FROM generate_series(1, 300) n`);
    await raiseAttention(context(), failed);
    await endAttention(context(), 'backup_failed');
    const { rows } = await db.query(
      'SELECT count(*)::int AS n, min(change_no)::int AS first, max(change_no)::int AS last FROM attention',
    );
    expect(rows[0]).to.deep.equal({ n: 200, first: 102, last: 302 });
  });

  it('takes any text as its detail, cut to what fits', async () => {
    await raiseAttention(context(), { ...failed, detail: `NUL \0 and half \uD83D ${'🍦'.repeat(2_000)}` });
    const [{ detail } = { detail: '' }] = await list();
    expect([...detail]).to.have.length(1_000);
    expect(detail).to.match(/^NUL {2}and half \uFFFD 🍦+…$/u);
  });

  describe('and runs of backups', () => {
    const run = (more: Partial<BackupRun>): BackupRun => ({
      kind: 'create',
      startedAt: new Date('2026-10-01T21:30:00Z'),
      endedAt: new Date('2026-10-01T21:31:00Z'),
      file: '/mnt/usb/one.smoocho',
      sizeBytes: 12_345_678_901,
      error: null,
      ...more,
    });
    const record = (more: Partial<BackupRun>) => recordBackupRun(context(), run(more));
    const last = () => lastBackupRuns(context().em);

    it('show the last one of each kind that succeeded, and that failed', async () => {
      expect(viewLastBackups(await last())).to.deep.equal({
        lastCreatedAt: null,
        lastVerifiedAt: null,
        lastDrillAt: null,
      });
      await record({});
      await record({ startedAt: new Date('2026-10-02T21:30:00Z'), error: 'The disk is full.', file: null });
      await record({ kind: 'drill', endedAt: new Date('2026-10-01T23:00:00Z') });
      const found = await last();
      expect(found.create).to.deep.equal({
        succeeded: run({}),
        failed: run({ startedAt: new Date('2026-10-02T21:30:00Z'), error: 'The disk is full.', file: null }),
      });
      expect(found.verify).to.deep.equal({ succeeded: null, failed: null });
      expect(viewLastBackups(found)).to.deep.equal({
        lastCreatedAt: '2026-10-01T21:31:00.000Z',
        lastVerifiedAt: '2026-10-01T23:00:00.000Z',
        lastDrillAt: '2026-10-01T23:00:00.000Z',
      });
    });

    it('raise what an owner has to know when they fail, and end it when they succeed', async () => {
      await record({ error: 'The disk is full.' });
      await record({ kind: 'drill', error: 'A table is not as it was.' });
      await record({ kind: 'verify', error: 'The file is cut off.' });
      expect((await list()).map(({ code, detail }) => [code, detail])).to.have.deep.members([
        ['backup_failed', 'The backup failed: The disk is full.'],
        ['drill_failed', 'The trial of the last backup failed: A table is not as it was.'],
      ]);
      await raiseAttention(context(), { ...failed, code: 'backup_overdue' });
      await record({});
      expect((await list()).map(({ code }) => code)).to.deep.equal(['drill_failed']);
      await record({ kind: 'drill' });
      expect(await list()).to.deep.equal([]);
    });

    it('are kept in bounds, and the last success however many failed since', async () => {
      await record({});
      for (let n = 1; n <= 205; n += 1) {
        const startedAt = new Date(Date.parse('2026-10-02T00:00:00Z') + n * 60_000);
        await record({ startedAt, endedAt: startedAt, error: `Failure ${n}.` });
      }
      const { rows } = await db.query('SELECT count(*)::int AS n FROM backup_runs');
      expect(rows[0].n).to.equal(201);
      const { create } = await last();
      expect([create.succeeded?.file, create.failed?.error]).to.deep.equal([
        '/mnt/usb/one.smoocho',
        'Failure 205.',
      ]);
    });
  });
});
