import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { createApp, createLog, systemContext } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { type DoctorAnswer, doctorAnswers } from '../../src/contract/command-answers/doctor.ts';
import { raiseAttention } from '../../src/core/attention/attention.ts';
import { checks } from '../../src/doctor/checks.ts';
import { examine, readFacts } from '../../src/doctor/examine.ts';
import { type Ran, smoocho } from '../support/cli.ts';
import { givenCommandHome } from '../support/command-home.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const LONG_AGO = new Date(Date.now() - 3 * 86_400_000);

describe('smoocho doctor', function () {
  this.timeout(120_000);
  const box = givenCommandHome({ HOST: '127.0.0.1', PORT: '0' });
  const { env } = box;

  const answerOf = (ran: Ran): DoctorAnswer => doctorAnswers.doctor.parse(ran.json());
  const states = ({ checks: found }: DoctorAnswer) =>
    Object.fromEntries(found.map(({ id, state }) => [id, state]));
  const doctor = (flags: string[] = [], more = {}) => smoocho(['doctor', '--json', ...flags], env(more));
  /** As the command does it, in this process. */
  async function look(more: Record<string, string> = {}): Promise<DoctorAnswer> {
    const settings = env({ LOG_LEVEL: 'info', TLS: 'off', ...more });
    const config = loadConfig({ home: box.home }, settings);
    const log = createLog({ logLevel: 'silent' });
    const now = () => new Date();
    return { checks: examine(await readFacts({ home: box.home, config, log, now, env: settings }), now()) };
  }
  const path = (...names: string[]) => join(box.home, ...names);

  it('finds no problem in a new shop, and says what to do next', async () => {
    const found = await look();
    expect(found.checks.map(({ id }) => id)).to.deep.equal(checks.map(({ id }) => id));
    expect(found.checks.filter(({ state }) => state === 'problem')).to.deep.equal([]);
    expect(states(found)).to.deep.include({
      database: 'ok',
      schema: 'ok',
      'master-key': 'ok',
      server: 'warning',
      'backup-age': 'ok',
      'backup-recovery-key': 'warning',
      'https-certificate': 'skipped',
    });
    const { code, stdout } = await smoocho(['doctor'], env({ LOG_LEVEL: 'info' }));
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(
        /^Warning {2}backup-recovery-key: Only this machine .*\n(?: {9}.*\n)* {9}(?:\S+smoocho\S*|smoocho) backup key create$/m,
      )
      .and.match(/^\d warnings\. \d+ checks found nothing wrong, \d+ had nothing to look at/m)
      .and.not.match(/^ok/m);
  });

  it('sees a server that runs and can sell, by its lock and at its port', async () => {
    const { port } = await box.start();
    const found = await look({ PORT: String(port) });
    expect(states(found)).to.deep.include({
      server: 'ok',
      ready: 'ok',
      'http-port': 'ok',
      'audit-seal': 'ok',
    });
    expect(found.checks.find(({ id }) => id === 'http-port')?.detail).to.equal(
      `The server listens on port ${port}.`,
    );
  });

  describe('of a home that is broken in many ways', () => {
    let other: Server;
    let broken: Record<string, string>;
    let answer: DoctorAnswer;

    before(async () => {
      await breakShop();
      chmodSync(path('secrets', 'master-key'), 0o644);
      chmodSync(box.home, 0o777);
      mkdirSync(path('uploads', 'left'), { recursive: true });
      utimesSync(path('uploads', 'left'), LONG_AGO, LONG_AGO);
      writeFileSync(path('images'), 'no folder');
      const settings = { port: 1, backup: { schedule: '0 3 * * *', to: path('not-mounted') } };
      writeFileSync(path('config.json'), JSON.stringify(settings));
      other = createServer((socket) => void socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      broken = {
        PORT: String(port),
        LOG_LEVEL: 'trace',
        TLS: 'files',
        TLS_CERT_FILE: path('no-such.pem'),
        TLS_KEY_FILE: path('no-such.key'),
        REDIS_URL: 'redis://:hidden@127.0.0.1:1',
        TRUSTED_PROXIES: '10.0.0.0/8',
        DATABASE_REPLICA_URL: 'postgres://me:hidden@127.0.0.1:1/shop',
      };
      const ran = await doctor([], broken);
      expect([ran.code, ran.stderr]).to.deep.equal([4, '']);
      expect(ran.stdout).to.not.include('hidden');
      answer = answerOf(ran);
    });
    after(async () => {
      other.close();
      await once(other, 'close');
    });

    /** By SQL, as no command lets it come to this. */
    async function breakShop(): Promise<void> {
      const app = await createApp(loadConfig({ home: box.home }, env({ LOG_LEVEL: 'silent' })));
      const detail = 'Pictures that nothing uses could not be taken away.';
      await raiseAttention(systemContext(app, 'test'), {
        code: 'images_gc_failed',
        severity: 'warning',
        detail,
      });
      await app.close();
      const db = await box.database.connect();
      await db.query("UPDATE users SET disabled_at = now() WHERE role = 'owner'");
      await db.query(`
        INSERT INTO devices (id, shop_id, name, token_hash, paired_at, last_seen_at)
        SELECT gen_random_uuid(), id, 'Old till', 'x', now() - interval '2 years', now() - interval '1 year' FROM shops`);
      await db.query(`
        INSERT INTO shifts (id, shop_id, opened_at, business_date, opening_float, request_hash)
        SELECT gen_random_uuid(), id, now() - interval '3 days', current_date - 3, 100, 'x' FROM shops`);
      await db.query('UPDATE shop_heads SET seq = seq + 1');
      await db.query("UPDATE scheduled_jobs SET since = now() - interval '9 days'");
      await db.query("UPDATE shop_epochs SET began_at = now() - interval '9 days'");
    }

    it('tells each of them in one run', () => {
      expect(states(answer)).to.deep.include({
        settings: 'ok',
        environment: 'warning',
        proxy: 'warning',
        log: 'warning',
        database: 'ok',
        replica: 'warning',
        'master-key': 'problem',
        server: 'warning',
        'http-port': 'problem',
        'https-certificate': 'problem',
        redis: 'warning',
        'backup-age': 'problem',
        'backup-target': 'problem',
        'backup-disk': 'skipped',
        owners: 'problem',
        devices: 'warning',
        'open-shifts': 'warning',
        books: 'problem',
        attention: 'warning',
        home: 'problem',
        'file-modes': 'problem',
        folders: 'problem',
        leftovers: 'warning',
        'disk-writable': 'ok',
      });
      for (const { state, fix, id } of answer.checks)
        expect(fix !== null, id).to.equal(state === 'problem' || state === 'warning');
    });

    it('mends the harmless of them, writes for support, and tells the rest again', async () => {
      const report = path('report.json');
      const ran = await doctor(['--fix', '--report', report], broken);
      expect(ran.code).to.equal(4);
      const { fixed, report: file, ...found } = answerOf(ran);
      expect(fixed?.map(({ id }) => id)).to.deep.equal(['home', 'file-modes', 'folders', 'leftovers']);
      expect(states(found)).to.deep.include({
        home: 'ok',
        'file-modes': 'ok',
        leftovers: 'ok',
        'master-key': 'ok',
        'http-port': 'problem',
        folders: 'problem',
        owners: 'problem',
      });
      expect(statSync(path('secrets', 'master-key')).mode & 0o777).to.equal(0o600);
      expect([existsSync(path('uploads', 'left')), readFileSync(path('images'), 'utf8')]).to.deep.equal([
        false,
        'no folder',
      ]);
      expect(file).to.equal(report);
      expect(JSON.parse(readFileSync(report, 'utf8')).checks).to.have.length(checks.length);
      const again = await doctor(['--report', report], broken);
      expect([again.code, again.json().error.title]).to.deep.equal([
        6,
        `${report} is there already. Name another file.`,
      ]);
    });

    it('skips what needs the database when it is away, or older than this program, and looks at the rest', async () => {
      const away = await look({ DATABASE_URL: 'postgres://me:hidden@127.0.0.1:1/shop' });
      expect(states(away)).to.deep.include({
        database: 'problem',
        schema: 'skipped',
        owners: 'skipped',
        books: 'skipped',
        folders: 'problem',
        'disk-space': 'ok',
      });
      expect(away.checks.find(({ id }) => id === 'owners')?.detail).to.match(/see the check database/);
      expect(JSON.stringify(away)).to.not.include('hidden');
      const db = await box.database.connect();
      await db.query('DELETE FROM pgmigrations WHERE name = (SELECT max(name) FROM pgmigrations)');
      const older = await look();
      expect(states(older)).to.deep.include({
        database: 'ok',
        schema: 'problem',
        'database-version': 'ok',
        owners: 'skipped',
        'backup-age': 'skipped',
        'image-store': 'skipped',
      });
    });

    it('looks at files and machine where the settings are refused', async () => {
      writeFileSync(path('config.json'), '{"prot": 8080, "imageStore": "shelf"}');
      const ran = await doctor();
      expect(ran.code).to.equal(4);
      const found = answerOf(ran);
      expect(states(found)).to.deep.include({
        settings: 'problem',
        database: 'skipped',
        folders: 'problem',
        node: 'ok',
      });
      expect(found.checks[0]?.detail)
        .to.match(/"prot", which is no setting/)
        .and.match(/ imageStore in config\.json is "shelf"/);
      expect(found.checks[0]?.commands).to.deep.equal(['smoocho config check']);
      // Any other command is refused, as before.
      expect((await smoocho(['shop', 'list'], env())).code).to.equal(2);
    });
  });

  it('makes nothing where nothing is set up, and says so', async () => {
    const own = tempFolder();
    const { code, json } = await smoocho(['doctor', '--json'], { SMOOCHO_HOME: own });
    expect([code, json()]).to.deep.equal([
      3,
      { error: { title: 'Nothing is set up here yet. Run: smoocho init' }, exitCode: 3 },
    ]);
    expect(existsSync(join(own, 'postgres'))).to.equal(false);
    // What is left of a home whose database is gone is a problem, and no new shop.
    mkdirSync(join(own, 'secrets'), { mode: 0o700 });
    writeFileSync(join(own, 'secrets', 'master-key'), 'x'.repeat(43), { mode: 0o600 });
    const gone = await smoocho(['doctor', '--json'], { SMOOCHO_HOME: own });
    expect([gone.code, states(answerOf(gone)).database]).to.deep.equal([4, 'problem']);
    expect(existsSync(join(own, 'postgres'))).to.equal(false);
    removeFolder(own);
  });
});
