import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog } from '../../src/app.ts';
import { boxKey, findBoxKey } from '../../src/backup/keys.ts';
import { changeBackupSettings } from '../../src/backup/settings.ts';
import { prepareDemo } from '../../src/cli/demo.ts';
import { loadConfig } from '../../src/config.ts';
import { raiseAttention } from '../../src/core/attention/attention.ts';
import { recordBackupRun } from '../../src/core/attention/backup-runs.ts';
import { checks } from '../../src/doctor/checks.ts';
import { examine, readFacts } from '../../src/doctor/examine.ts';
import type { KnownFacts } from '../../src/doctor/facts.ts';
import { writeReport } from '../../src/doctor/report.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenBusyShop } from '../support/busy-shop.ts';
import { type Canaries, openCanaries } from '../support/canaries.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { known, NOW, soundFacts } from './sound-facts.ts';

const PHONE = '+919811100011';
/** Somebody else's words, as a disk, a bucket or a person may put them into an error. */
const HOSTILE =
  'Asha Rao <asha.rao@kulfi.example> of +91 98111 00011 at 203.0.113.77 and [2001:db8::17] can not read /home/asha.rao/usb: see https://kulfi.example/x?token=abcdef.';

/** As other programs write it; no pattern finds a name in it. */
const QUOTED = 'bucket kulfi-backups of Olga Reyes: role asha_rao may not enter kulfi_corner';
/** Fields with the fixed words of this program, the system or PostgreSQL, that it was given or that were judged on the way in. */
const FIXED_WORDS = ['arch', 'code', 'encoding', 'kind', 'level', 'logLevel', 'mode', 'node', 'otherSetting'];
const FIXED_NAMES = ['overriding', 'inEnvironment', 'pending', 'durabilityOff', 'places', 'silent', 'unit'];
const FIXED_MORE = ['platform', 'state', 'store', 'version', 'schedule', 'drill', 'severity'];
const FIXED = [...FIXED_WORDS, ...FIXED_NAMES, ...FIXED_MORE];

/** Puts what others wrote into every text of a fact, and where there is none. */
function poisoned(value: unknown, field = ''): unknown {
  const isTimeOrFlag = value instanceof Date || /At$|^since$|^(is|has)[A-Z]/.test(field);
  if (isTimeOrFlag || FIXED.includes(field)) return value;
  if (value === null || typeof value === 'string') return QUOTED;
  if (Array.isArray(value)) return [...value.map((one) => poisoned(one)), ...(value.length ? [] : [QUOTED])];
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    [...Object.entries(value), ['aNewField', '']].map(([name, one]) => [name, poisoned(one, name)]),
  );
}

describe('the file for support, of made facts', () => {
  let folder: string;
  before(() => {
    folder = tempFolder();
  });
  after(() => removeFolder(folder));
  let files = 0;
  async function textOf(facts: KnownFacts): Promise<string> {
    const path = join(folder, `${files++}.json`);
    await writeReport(path, facts, examine(facts, NOW), NOW);
    return readFileSync(path, 'utf8');
  }

  it('has nothing that people typed or other programs said', async () => {
    const sound = soundFacts();
    for (const name of Object.keys(sound) as (keyof typeof sound)[]) {
      const facts = known({ ...sound, [name]: poisoned(sound[name]) });
      expect(await textOf(facts), name).to.not.match(/kulfi|olga|asha|aNewField/i);
      const missing = { ...known(sound), [name]: { missing: `It could not be looked at (${QUOTED}).` } };
      expect(await textOf(missing), name).to.not.match(/kulfi|olga|asha/i);
    }
  });

  it('keeps what the program itself says', async () => {
    const { checks: kept } = JSON.parse(await textOf(known(soundFacts())));
    const told = kept.filter(({ detail }: { detail: string | null }) => detail !== null);
    expect(told.map(({ id }: { id: string }) => id)).to.include.members([
      'database-version',
      'memory',
      'books',
    ]);
    expect(told).to.have.length.above(30);
  });
});

/** Columns that say who somebody is; each value gets a text that is found nowhere by chance. */
const PEOPLE = [
  ['users', 'name'],
  ['users', 'email'],
  ['customers', 'name'],
  ['devices', 'name'],
  ['shops', 'name'],
  ['orders', 'customer_name'],
] as const;

describe('the file for support', function () {
  this.timeout(120_000);
  let test: TestApp;
  let canaries: Canaries;
  let facts: KnownFacts;
  const token = randomBytes(24).toString('base64url');
  const secret = randomBytes(24).toString('hex');

  before(async () => {
    test = await startTestApp();
    canaries = openCanaries();
    await prepareDemo(test.app);
    await givenBusyShop(test, 'BUSY');
    const context = { app: test.app, em: test.app.orm.em.fork() };
    await raiseAttention(context, { code: 'images_gc_failed', severity: 'problem', detail: HOSTILE });
    const times = { startedAt: new Date(), endedAt: new Date() };
    await recordBackupRun(context, { kind: 'create', file: null, sizeBytes: null, error: HOSTILE, ...times });
    await boxKey(test.home);
    changeBackupSettings(test.home, { to: '/mnt/asha.rao' });
    await hidePeople();
    hideSecrets();
    facts = await read({
      METRICS_TOKEN: token,
      REDIS_URL: `redis://asha.rao:${secret}@127.0.0.1:1`,
      S3_ENDPOINT: 'https://pictures.kulfi.example',
      S3_ACCESS_KEY: `access${secret}`,
      S3_SECRET_KEY: `key${secret}`,
      ALLOWED_HOSTS: 'till.kulfi.example,203.0.113.78',
      TRUSTED_PROXIES: '203.0.113.79',
    });
  });
  after(async () => await test?.close());

  async function read(more: Record<string, string>): Promise<KnownFacts> {
    const env = { DATABASE_URL: test.database.url, HOST: '127.0.0.1', PORT: '0', HTTPS_PORT: '0', ...more };
    const config = loadConfig({ home: test.home }, env);
    const log = createLog({ logLevel: 'silent' });
    return await readFacts({ home: test.home, config, log, now: () => new Date(), env });
  }

  async function hidePeople(): Promise<void> {
    const db = await test.database.connect();
    for (const [table, column] of PEOPLE) {
      const { rowCount } = await db.query(
        `UPDATE ${table} SET ${column} = 'who-' || replace(gen_random_uuid()::text, '-', '') || '@people.example'
         WHERE ${column} <> ''`,
      );
      expect(rowCount, `${table}.${column}`).to.be.above(0);
      const { rows } = await db.query(`SELECT ${column} AS value FROM ${table} WHERE ${column} <> ''`);
      for (const { value } of rows) canaries.hide(`${table}.${column}`, value);
    }
    const { rows } = await db.query('SELECT DISTINCT address FROM sessions WHERE address IS NOT NULL');
    for (const { address } of rows) canaries.hide('an address', String(address));
    canaries.hide('a phone', PHONE);
  }

  function hideSecrets(): void {
    const folder = join(test.home, 'secrets');
    const names = readdirSync(folder);
    expect(names).to.include.members(['master-key', 'backup-key']);
    for (const name of names) canaries.hide(name, readFileSync(join(folder, name), 'utf8').trim());
    canaries.hide('the password of the database', new URL(test.database.url).password);
    for (const [name, value] of [
      ['the token of the metrics', token],
      ['the password of Redis', secret],
    ] as const)
      canaries.hide(name, value);
  }

  async function written(known = facts): Promise<string> {
    const path = join(test.home, `report-${randomBytes(4).toString('hex')}.json`);
    await writeReport(path, known, examine(known, new Date()), new Date());
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    return readFileSync(path, 'utf8');
  }

  it('has what support needs', async () => {
    const report = JSON.parse(await written());
    expect(report).to.deep.include({ format: 1, kind: 'external' });
    expect(report.checks.map(({ id }: { id: string }) => id)).to.deep.equal(checks.map(({ id }) => id));
    for (const name of ['machine', 'database', 'schema', 'shops', 'backups', 'images', 'disks'])
      expect(report[name], name).to.be.an('object');
    expect(report.shops.attention.map(({ code }: { code: string }) => code)).to.include('images_gc_failed');
    expect(report.settings.inEnvironment).to.include.members(['S3_SECRET_KEY', 'METRICS_TOKEN']);
    const stateOf = (id: string) => report.checks.find((one: { id: string }) => one.id === id);
    expect(stateOf('attention')).to.deep.equal({ id: 'attention', state: 'problem', detail: null });
    expect(stateOf('backup-target')).to.deep.equal({ id: 'backup-target', state: 'problem', detail: null });
    expect(stateOf('database-encoding').detail).to.equal('UTF8.');
  });

  it('has no secret in it, and nobody of a filled shop', async () => {
    const text = await written();
    canaries.look('the report', text);
    expect(canaries.seen).to.deep.equal([]);
    expect(text).to.not.include(test.home);
    expect(text).to.not.match(/kulfi\.example|people\.example|asha|203\.0|98111|2001:db8|\/mnt|\/home/i);
    expect(text).to.not.match(/(?<![\d.])\d{1,3}(\.\d{1,3}){3}(?![\d.])/);
    if (hostname().length > 3) expect(text).to.not.include(hostname());
    expect(await findBoxKey(test.home)).to.not.equal(undefined);
  });

  it('takes them out of the sentences of every check, whatever is said there', async () => {
    const checked = checks.map(({ id }) => ({
      id,
      state: 'problem' as const,
      detail: `${HOSTILE} Call till.kulfi.example on ${hostname()}, in ${test.home}/secrets.`,
      fix: HOSTILE,
      commands: [HOSTILE],
    }));
    const path = join(test.home, 'hostile.json');
    await writeReport(path, facts, checked, new Date());
    const text = readFileSync(path, 'utf8');
    expect(text).to.not.match(/kulfi\.example|asha\.rao|203\.0|98111|2001:db8|\/home|abcdef/i);
    expect(text).to.not.include(test.home);
  });

  it('is written where facts are missing, and never over a file that is there', async () => {
    const none = Object.fromEntries(
      Object.keys(facts).map((name) => [name, { missing: `No ${name}.` }]),
    ) as unknown as KnownFacts;
    const report = JSON.parse(await written(none));
    expect([report.machine, report.shops, report.checks.length]).to.deep.equal([null, null, checks.length]);
    const path = join(test.home, 'there.json');
    await writeReport(path, none, [], new Date());
    const again = await writeReport(path, none, [], new Date()).catch((error) => error.code);
    expect(again).to.equal('EEXIST');
  });
});
