import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { createApp, systemContext } from '../../src/app.ts';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import { changeBackupSettings } from '../../src/backup/settings.ts';
import { describeSetUp } from '../../src/cli/init/set-up.ts';
import { labelled } from '../../src/cli/output/labelled.ts';
import { frame } from '../../src/cli/output/live-screen.ts';
import { displayWidth } from '../../src/cli/output/table.ts';
import { loadConfig, noteOfLoss, readConfigFile } from '../../src/config.ts';
import { type CheckResult, doctorAnswers } from '../../src/contract/command-answers/doctor.ts';
import { endAttention, raiseAttention } from '../../src/core/attention/attention.ts';
import { type BackupRun, recordBackupRun } from '../../src/core/attention/backup-runs.ts';
import type { Context } from '../../src/core/context.ts';
import { PASSWORD } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { givenCommandHome } from '../support/command-home.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { onTerminal, requireTerminal } from '../support/terminal.ts';
import { warmCommands } from '../support/warm-commands.ts';

describe('smoocho status', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  const box = givenCommandHome();
  const { env } = box;
  afterEach(() => writeFileSync(configFile(), '{}'));

  const configFile = () => join(box.home, 'config.json');
  const status = async (more = {}) => {
    const ran = await smoocho(['status', '--json'], env(more));
    doctorAnswers.status.parse(ran.json());
    return ran;
  };
  async function withContext(work: (context: Context) => Promise<void>): Promise<void> {
    const app = await createApp(
      loadConfig({ home: box.home }, { DATABASE_URL: box.database.url, LOG_LEVEL: 'silent' }),
    );
    await work(systemContext(app, 'test')).finally(() => app.close());
  }
  const run = (more: Partial<BackupRun>): BackupRun => ({
    kind: 'create',
    startedAt: new Date(),
    endedAt: new Date(),
    file: '/mnt/usb/smoocho-20261001T213000Z-ab12.smoocho',
    sizeBytes: 12_345_678,
    error: null,
    ...more,
  });

  it('says how it is where nothing was backed up and no server runs', async () => {
    // As before there were backups.
    writeFileSync(configFile(), '{}');
    const { code, stdout, stderr, json } = await status();
    expect([code, stderr]).to.deep.equal([0, '']);
    const { database: about, ...answer } = json();
    // A new shop has nothing to lose yet: how to start it is said, and no more.
    expect(answer.findings.map(({ id, state }: CheckResult) => `${id}: ${state}`)).to.deep.equal([
      'server: warning',
    ]);
    expect(answer.findings[0].commands[0]).to.equal('smoocho start');
    expect(about.kind).to.equal('external');
    expect(about.address).to.equal(new URL(box.database.url).host + new URL(box.database.url).pathname);
    expect(about.version).to.match(/^\d+(\.\d+)+$/);
    expect(stdout).to.not.include(new URL(box.database.url).password);
    expect(answer).to.deep.include({
      home: box.home,
      server: { isRunning: false, since: null },
      attention: [],
    });
    expect(answer).to.deep.include({
      redis: { isConfigured: false, problem: null },
      images: { store: 'filesystem', problem: null },
      devices: { paired: 0, online: 0 },
      silentDisks: [],
    });
    expect(answer.schema).to.match(/^\d{4}_\w+$/);
    expect(answer.shops).to.have.length(1);
    expect(answer.shops[0]).to.deep.include({ code: 'KULF', currency: 'INR', orders: 0, total: '0.00' });
    expect(answer.backup).to.deep.include({
      schedule: null,
      nextAt: null,
      lastCreatedAt: null,
      hasRecoveryKey: false,
      isOverdue: false,
      to: join(box.home, 'backups'),
    });
  });

  it('says since when a server runs, what was sold today, and what the last backup was', async () => {
    const { url } = await box.start();
    const config = loadConfig({ home: box.home }, { DATABASE_URL: box.database.url, LOG_LEVEL: 'silent' });
    expect((await describeSetUp(config)).isServed).to.equal(true);
    const { body } = await clientOf(url).post('/api/auth/login', {
      email: 'asha@example.com',
      password: PASSWORD,
    });
    const owner = clientOf(url, body.accessToken);
    const shop = `/api/shops/${body.shops[0].id}`;
    const product = await owner.post(`${shop}/products`, { name: 'Kulfi', price: '40.00' });
    const items = [{ productId: product.body.id, quantity: 2 }];
    const sold = await owner.post(`${shop}/orders`, {
      id: '0190a0a0-0000-7000-8000-000000000001',
      items,
      paymentMethod: 'cash',
    });
    expect(sold.status).to.equal(201);
    writeFileSync(
      configFile(),
      '{"backup": {"schedule": "0 3 * * *", "drill": "0 4 * * 0", "to": "/mnt/usb"}}',
    );
    await withContext(async (context) => {
      await recordBackupRun(context, run({}));
      await recordBackupRun(context, run({ kind: 'drill', error: 'A table is short.' }));
    });
    const { code, json } = await status();
    const answer = json();
    expect(answer.server.isRunning).to.equal(true);
    expect(Date.parse(answer.server.since)).to.be.within(Date.now() - 80_000, Date.now() + 1_000);
    expect(answer.shops[0]).to.deep.include({ orders: 1, total: '80.00' });
    expect(answer.backup).to.deep.include({
      sizeBytes: 12_345_678,
      file: '/mnt/usb/smoocho-20261001T213000Z-ab12.smoocho',
      to: '/mnt/usb',
      lastDrillAt: null,
      isOverdue: false,
    });
    expect(answer.backup.lastFailure.error).to.equal('A table is short.');
    // Three in Kolkata.
    expect(answer.backup.nextAt).to.match(/T21:30:00\.000Z$/);
    expect(answer.attention.map((one: { code: string }) => one.code)).to.include('drill_failed');
    expect(code).to.equal(4);
    const text = (await smoocho(['status'], env())).stdout;
    for (const part of [
      /^database {4}PostgreSQL \d+\.\d+ at\s/m,
      /^server {6}runs since \d{4}-\d\d-\d\d \d\d:\d\d\ntimes {7}of [A-Z]\w+\/\w+$/m,
      /^today {7}KULF {2}1 order, 80\.00 INR after refunds$/m,
      /^backup {6}\d{4}-\d\d-\d\d \d\d:\d\d, 12 MB\n {12}\/mnt\/usb\/smoocho-/m,
      /^failed {6}\d{4}-.*\n {12}A table is short\.$/m,
      /^next {8}\d{4}-\d\d-\d\d 03:00$/m,
      /^opens with {2}this box alone: smoocho backup key create$/m,
      /^PROBLEM since \d{4}-\d\d-\d\d \d\d:\d\d\n {2}The trial of the last backup failed: A table is short\.$/m,
    ])
      expect(text).to.match(part);
    await withContext((context) => endAttention(context, 'drill_failed'));
  });

  it('tells what an owner must know once something was sold: no server, no backup, no settings', async () => {
    rmSync(configFile());
    const db = await box.database.connect();
    await db.query('CREATE TABLE kept_runs AS TABLE backup_runs; DELETE FROM backup_runs');
    const { code, json } = await status();
    const found: CheckResult[] = json().findings;
    expect([code, found.map(({ id, state }) => `${id}: ${state}`)]).to.deep.equal([
      4,
      ['settings-file: problem', 'server: problem', 'backup-age: problem'],
    ]);
    // Another machine, which knows the database by the environment alone.
    const elsewhere = tempFolder();
    const key = readFileSync(join(box.home, 'secrets', 'master-key'), 'utf8').trim();
    const there = await status({ SMOOCHO_HOME: elsewhere, MASTER_KEY: key });
    expect(there.json().findings.map(({ id }: CheckResult) => id)).to.deep.equal(['server', 'backup-age']);
    removeFolder(elsewhere);
    // What mends it acts on the same home.
    for (const command of ['status', 'doctor']) {
      const typed = await smoocho([command, '--json', '--home', box.home], {
        DATABASE_URL: box.database.url,
      });
      const found: CheckResult[] = typed.json().findings ?? typed.json().checks;
      const server = found.find(({ id }) => id === 'server');
      expect(server?.commands[0], command).to.equal(`smoocho --home ${box.home} start`);
      expect(server?.fix, command).to.include(server?.commands[0]);
    }
    const { stdout } = await smoocho(['status'], env());
    expect(stdout)
      .to.match(/^PROBLEM\n {2}No server runs\. [\s\S]*^ {2}Mend it: \S*smoocho\S* start, or let/m)
      .and.match(/^PROBLEM\n {2}No backup was ever made[\s\S]* backup schedule "0 3 \* \* \*"$/m)
      .and.not.include('Nothing needs you');
    await db.query('INSERT INTO backup_runs TABLE kept_runs; DROP TABLE kept_runs');
  });

  it('says at the start that the settings are gone, finds the recovery key in the last backup, and keeps the loss in sight', async () => {
    // As a command, which records where the backup went.
    const { recipient } = await newKeyPair();
    changeBackupSettings(box.home, { recoveryRecipient: recipient });
    const made = (await smoocho(['backup', 'create', '--json'], env())).json();
    rmSync(configFile());
    await box.start();
    expect(box.server().output())
      .to.match(/^There was no \S+config\.json, though a shop is set up: what was set in it is lost\. /m)
      .and.include('Backups go on for the recovery key of the last one.')
      .and.include(`The last backup went to ${made.file};`);
    expect(readConfigFile(box.home).backup).to.include({
      schedule: '0 3 * * *',
      recoveryRecipient: recipient,
    });
    const note = noteOfLoss(box.home);
    const lost = async () =>
      (await status()).json().findings.find(({ id }: CheckResult) => id === 'settings-file')?.detail;
    expect(await lost()).to.match(/^config\.json was lost, and written anew/);
    rmSync(note);
    expect(await lost()).to.equal(undefined);
    // It is there now: the next start has nothing to say.
    await box.stop();
    await box.start();
    expect([box.server().output().includes('There was no'), existsSync(note)]).to.deep.equal([false, false]);
    rmSync(dirname(made.file), { recursive: true });
  });

  it('ends with exit code 4 for a problem that is open, not for a warning', async () => {
    await box.start();
    await withContext((context) =>
      raiseAttention(context, { code: 'backup_key_missing', severity: 'warning', detail: 'Only this box.' }),
    );
    expect((await status()).code).to.equal(0);
    // The server that just started may have looked by now, and says it in its own words.
    const warning = /^Warning since .*\n {2}(Only this box\.$|Backups can only be opened by this box)/m;
    expect((await smoocho(['status'], env())).stdout).to.match(warning);
    await withContext((context) =>
      raiseAttention(context, {
        code: 'backup_failed',
        severity: 'problem',
        detail: 'The \u001b[2Jdisk is full.',
      }),
    );
    const codes = async () => {
      const { code, json } = await status();
      return [code, json().attention.map((one: { code: string }) => one.code)];
    };
    expect(await codes()).to.deep.equal([4, ['backup_failed', 'backup_key_missing']]);
    // A key that was just made: the server ends the warning within a minute.
    changeBackupSettings(box.home, { recoveryRecipient: (await newKeyPair()).recipient });
    expect(await codes()).to.deep.equal([4, ['backup_failed']]);
    const { stdout, code: again } = await smoocho(['status'], env());
    expect([again, stdout.includes('\u001b')]).to.deep.equal([4, false]);
    await withContext(async (context) => {
      for (const one of ['backup_failed', 'backup_key_missing'] as const) await endAttention(context, one);
    });
  });

  it('sees a backup that is overdue, though no server ran that could say so', async () => {
    const db = await box.database.connect();
    await db.query(
      "UPDATE backup_runs SET started_at = now() - interval '3 days', ended_at = now() - interval '3 days'",
    );
    writeFileSync(configFile(), '{"backup": {"schedule": "0 3 * * *"}}');
    const { code, json } = await status();
    expect([code, json().backup.isOverdue]).to.deep.equal([4, true]);
    expect((await smoocho(['status'], env())).stdout).to.match(/^backup .* OVERDUE$/m);
  });

  it('gives an old shop that was just restored, or whose server just learned of backups, its time for the first', async () => {
    const db = await box.database.connect();
    await db.query('DELETE FROM backup_runs; DELETE FROM scheduled_jobs');
    await db.query("UPDATE shops SET created_at = now() - interval '200 days'");
    await db.query("UPDATE shop_epochs SET began_at = now() - interval '200 days'");
    writeFileSync(configFile(), '{"backup": {"schedule": "0 3 * * *"}}');
    const isOverdue = async () => (await status()).json().backup.isOverdue;
    expect(await isOverdue()).to.equal(true);
    await db.query('UPDATE shop_epochs SET began_at = now()');
    expect(await isOverdue()).to.equal(false);
    await db.query("UPDATE shop_epochs SET began_at = now() - interval '200 days'");
    await db.query("INSERT INTO scheduled_jobs (name, since) VALUES ('backup', now())");
    expect(await isOverdue()).to.equal(false);
    await db.query("UPDATE scheduled_jobs SET since = now() - interval '3 days'");
    expect(await isOverdue()).to.equal(true);
  });

  it('says that a backup was never made, or not since a restore', async () => {
    const db = await box.database.connect();
    await db.query('DELETE FROM backup_runs');
    const lines = async () => (await smoocho(['status'], env())).stdout;
    expect(await lines())
      .to.match(/^backup {6}never/m)
      .and.match(/^trial {7}never$/m);
    await db.query(
      `INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason)
       SELECT id, gen_random_uuid(), 2, '2026-11-01T05:20Z', 'restored' FROM shops`,
    );
    const since = 'not since the restore of 2026-11-01 10:50';
    expect(await lines())
      .to.match(new RegExp(`^backup {6}${since}`, 'm'))
      .and.match(new RegExp(`^trial {7}${since}$`, 'm'));
    expect((await status()).json().backup.restoredAt).to.equal('2026-11-01T05:20:00.000Z');
  });

  it('says in a sentence that the database can not be reached, with exit code 5', async () => {
    const away = env({ DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/shop' });
    const { code, stdout, stderr } = await smoocho(['status'], away);
    expect(code).to.equal(5);
    // What is known without it is shown all the same.
    expect(stdout).to.match(
      /^version {5}\d.*\nhome {8}\S+\ndisk {8}[\d.,]+ GB of .* free: home\nhttps {7}turned off\ndatabase {4}can not be reached now\n$/,
    );
    expect(stderr).to.match(/^The database at 127\.0\.0\.1:1 can't be reached .*\n$/);
    const json = await status({ DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/shop' });
    const answer = json.json();
    expect([json.code, answer.exitCode, `${answer.error.title}\n`]).to.deep.equal([5, 5, stderr]);
    expect(answer).to.deep.include({ home: box.home, https: { mode: 'off', endsAt: null, problem: null } });
    expect(answer.disks[0].places).to.include('home');
    expect(json.stdout + stdout + stderr).to.not.include('secret');
  });

  it('stays on a terminal until Ctrl-C with --watch, and goes on while the database is away', async function () {
    requireTerminal(this);
    const url = new URL(box.database.url);
    const proxy = await startTcpProxy(Number(url.port));
    url.port = String(proxy.port);
    const watch = onTerminal(['status', '--watch'], env({ DATABASE_URL: url.href }));
    await watch.shows('Ctrl-C ends it');
    expect(watch.output()).to.match(/^today {7}KULF/m);
    // Another drawing has another time.
    await watch.shows('Ctrl-C ends it');
    proxy.refuse();
    await watch.shows(/database {4}The (connection|database).*/);
    proxy.accept();
    await watch.shows(/database {4}PostgreSQL/);
    watch.type('\u0003');
    expect(await watch.ends()).to.equal(0);
    const raw = watch.raw();
    // The screen and the cursor are as they were, and nothing was wiped that is drawn anew.
    expect(raw.slice(0, 8)).to.equal('\u001b[?1049h');
    expect(raw.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).to.equal(true);
    expect(raw).to.not.include('\u001b[2J');
    await proxy.close();
  });

  it('refuses --watch off a terminal, where nobody ends it', async () => {
    for (const flags of [[], ['--json']]) {
      const { code, stdout, stderr } = await smoocho(['status', '--watch', ...flags], env());
      expect([code, `${stdout}${stderr}`.includes('--watch needs a terminal')]).to.deep.equal([2, true]);
    }
  });

  it('cuts a drawing to the rows of the screen, and clears what was there before', () => {
    const [clear, below] = ['\u001b[K', '\u001b[J'];
    expect(frame('a\nb', 'foot', 24)).to.equal(
      `\u001b[Ha${clear}\r\nb${clear}\r\n${clear}\r\nfoot${clear}${below}`,
    );
    const lines = frame(Array.from({ length: 50 }, (_, n) => `line ${n}`).join('\n'), 'foot', 10).split(
      '\r\n',
    );
    expect([lines.length, lines[6], lines[7], lines[9]]).to.deep.equal([
      10,
      `line 6${clear}`,
      `…${clear}`,
      `foot${clear}${below}`,
    ]);
    expect(frame('a', 'foot', 0)).to.include('foot');
  });

  it('makes nothing where nothing is set up yet', async () => {
    const own = join(box.home, 'other');
    mkdirSync(own);
    const { code, stderr } = await smoocho(['status'], { SMOOCHO_HOME: own });
    expect([code, stderr]).to.deep.equal([3, 'Nothing is set up here yet. Run: smoocho init\n']);
    expect(existsSync(join(own, 'postgres'))).to.equal(false);
  });

  it('fits on the screen of a phone', () => {
    const rows = [
      ['database', 'embedded, PostgreSQL 18.4'],
      ['failed', '2026-10-01 03:00', 'The folder of the backups is not there, and it was there yesterday.'],
      ['goes to', '/mnt/a-very-long-name-without-any-blank-in-it'],
    ] as const;
    const lines = labelled(rows, 40).split('\n');
    expect(lines.filter((line) => !line.includes('/mnt')).every((line) => displayWidth(line) <= 40)).to.equal(
      true,
    );
    expect(lines[2]).to.equal('            The folder of the backups is');
    expect(labelled(rows, 10).split('\n')[3]).to.equal('            The folder of the');
    // A command is copied in one piece.
    const command = 'smoocho backup schedule "0 3 * * *"';
    const mend = labelled([['Warning', `Make one each night: ${command}, please.`]], 40, 9, [command]);
    expect(mend.split('\n').map((line) => line.trim())).to.deep.equal([
      'Warning  Make one each night:',
      `${command},`,
      'please.',
    ]);
  });
});
