import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { checksTable } from '../../scripts/doctor-page.ts';
import { entries } from '../../src/cli/commands.ts';
import { CheckResult, type CheckState } from '../../src/contract/command-answers/doctor.ts';
import { check } from '../../src/doctor/check.ts';
import { checkGroups, checks } from '../../src/doctor/checks.ts';
import { examine } from '../../src/doctor/examine.ts';
import type { Facts } from '../../src/doctor/facts.ts';
import { known, NOW, soundFacts } from './sound-facts.ts';

type Case = [id: string, state: CheckState, says: RegExp, change: (facts: Facts) => void];

const edge = (facts: Facts) => {
  if (!facts.settings.config) throw new Error('The sound facts have settings.');
  return facts.settings.config.edge;
};
const set =
  <Name extends keyof Facts>(name: Name, fields: Partial<Facts[Name]>) =>
  (facts: Facts) =>
    void Object.assign(facts[name], fields);
const stoppedServer = (facts: Facts) => {
  facts.server.running = null;
  return facts;
};
const status =
  (fields: Partial<Facts['backupHistory']['status']>, more: Partial<Facts['backupHistory']> = {}) =>
  (facts: Facts) => {
    Object.assign(facts.backupHistory.status, fields);
    Object.assign(facts.backupHistory, more);
  };
const failed = (which: 'backup' | 'drill', error: string) => (facts: Facts) =>
  void Object.assign(facts.backupHistory.failed, { [which]: { at: '2026-12-01T03:00:00.000Z', error } });
const serverFile = (fields: Partial<NonNullable<Facts['server']['file']>>) => (facts: Facts) =>
  void Object.assign(facts.server.file as object, fields);
const unit = (fields: Partial<NonNullable<Facts['service']['unit']>>) => (facts: Facts) =>
  void Object.assign(facts.service.unit as object, fields);
const logLevel = (level: string) => (facts: Facts) =>
  void Object.assign(facts.settings.config as object, { logLevel: level });
const attention = (severity: 'warning' | 'problem', code = 'images_gc_failed') =>
  set('shops', {
    attention: [
      { code, severity, detail: 'The trial failed.', since: '2026-12-01T03:00:00.000Z', endedAt: null },
    ],
  });

/** What is wrong, and what is said of it. */
const cases: Case[] = [
  [
    'settings',
    'problem',
    /no setting/,
    set('settings', { problems: ['config.json has "prot", which is no setting.'] }),
  ],
  ['environment', 'warning', /PORT .* wins/, (f) => void f.settings.sources.overriding.push('PORT')],
  ['environment', 'skipped', /refused/, set('settings', { problems: ['No.'] })],
  [
    'settings',
    'problem',
    /no setting\. The port is wrong\./,
    set('settings', { problems: ['It is no setting.', 'The port is wrong.'] }),
  ],
  ['settings-file', 'problem', /missing/, set('settings', { isFileThere: false })],
  ['settings-file', 'warning', /was lost/, set('settings', { noteOfLoss: '/srv/shop/config.json.was-lost' })],
  ['settings-file', 'skipped', /No shop/, set('settings', { isFileThere: false, isFileDue: false })],
  ['server', 'skipped', /demo/, set('server', { running: null, isDemo: true })],
  ['proxy', 'warning', /10\.0\.0\.0\/8/, (f) => void edge(f).trustedProxies.push('10.0.0.0/8')],
  ['proxy', 'warning', /no name/, (f) => void edge(f).trustedProxies.push('10.0.0.2')],
  ['proxy', 'skipped', /refused/, set('settings', { config: null })],
  ['log', 'warning', /next to nothing/, logLevel('silent')],
  ['log', 'warning', /each request/, logLevel('debug')],
  [
    'metrics',
    'warning',
    /Nobody can/,
    (f) => void Object.assign(f.settings.config as object, { metricsProblem: 'Nobody can.' }),
  ],
  [
    'database',
    'problem',
    /can't be reached/,
    set('connection', { url: null, problem: "The database can't be reached." }),
  ],
  [
    'database-version',
    'problem',
    /PostgreSQL 14\.2.*15/,
    set('database', { version: '14.2', isTooOld: true }),
  ],
  ['database-role', 'problem', /may not make tables/, set('database', { canCreate: false })],
  ['database-role', 'problem', /standby/, set('database', { isStandby: true })],
  ['database-encoding', 'problem', /SQL_ASCII/, set('database', { encoding: 'SQL_ASCII' })],
  ['database-collation', 'warning', /newer rules/, set('database', { isCollationOld: true })],
  ['database-durability', 'problem', /^fsync is off/, set('database', { durabilityOff: ['fsync'] })],
  [
    'database-durability',
    'problem',
    /^fsync and full_page_writes are off/,
    set('database', { durabilityOff: ['fsync', 'full_page_writes'] }),
  ],
  ['database-connections', 'warning', /55 of 57/, set('database', { connections: 55 })],
  [
    'database-connections',
    'warning',
    /of 10 are open/,
    set('database', { maxConnections: 10, connections: 1 }),
  ],
  [
    'standby',
    'problem',
    /second is named/,
    set('database', { standby: { names: 'second', level: 'on', isStandby: false, isMissing: true } }),
  ],
  [
    'standby',
    'skipped',
    /No standby/,
    set('database', { standby: { names: '', level: 'on', isStandby: false, isMissing: false } }),
  ],
  ['replica', 'warning', /gone/, set('database', { replicaProblem: 'It is gone.' })],
  ['replica', 'skipped', /No replica/, set('database', { hasReplica: false })],
  ['schema', 'problem', /0017_more is to come/, set('schema', { pending: ['0017_more'] })],
  ['schema', 'problem', /newer smoocho/, set('schema', { unknown: ['0099_later'] })],
  ['schema', 'problem', /restore/, set('schema', { isHalfRestored: true })],
  ['clock-database', 'warning', /300 seconds behind/, set('database', { clockAheadMs: -300_000 })],
  ['master-key', 'problem', /not the one/, set('keys', { problem: 'It is not the one.' })],
  ['master-key', 'problem', /is not there/, set('keys', { isThere: false })],
  ['backup-key', 'problem', /empty/, set('keys', { backupKeyProblem: 'It is empty.' })],
  ['server', 'problem', /^No server runs\. Without/, set('server', { running: null })],
  ['server', 'warning', /^No server/, set('server', { running: null, isInUse: false })],
  [
    'server',
    'problem',
    /started at 2026-12-01 03:00 UTC ended without stopping/,
    (f) => {
      serverFile({ isRunning: false })(f);
      f.server.running = null;
    },
  ],
  ['server-file', 'warning', /is a copy/, serverFile({ isOfThisHome: false, home: '/srv/old' })],
  ['server-file', 'ok', /left it behind/, serverFile({ isRunning: false })],
  ['server-file', 'warning', /another database/, set('server', { running: null })],
  ['server-file', 'warning', /still version 1\.2\.2, and 1\.2\.3 is/, serverFile({ version: '1.2.2' })],
  ['server-file', 'ok', /4711/, serverFile({ version: null })],
  ['server-file', 'warning', /none was started in this home/, set('server', { file: null })],
  ['server-file', 'skipped', /No server/, set('server', { file: null, running: null })],
  ['server-file', 'skipped', /No server/, set('server', { file: null, hasRedis: true })],
  [
    'ready',
    'problem',
    /can not sell: the disk is full/,
    set('network', { ready: { isReady: false, status: 'the disk is full' } }),
  ],
  ['ready', 'skipped', /None listens/, set('network', { ready: null })],
  [
    'http-port',
    'problem',
    /8080 is taken/,
    set('network', { http: { port: 8080, state: 'taken', code: 'EADDRINUSE' } }),
  ],
  ['http-port', 'problem', /root/, set('network', { http: { port: 80, state: 'refused', code: 'EACCES' } })],
  [
    'http-port',
    'problem',
    /EADDRNOTAVAIL/,
    set('network', { http: { port: 8080, state: 'refused', code: 'EADDRNOTAVAIL' } }),
  ],
  [
    'https-port',
    'problem',
    /8443 is taken/,
    set('network', { https: { port: 8443, state: 'taken', code: 'EADDRINUSE' } }),
  ],
  [
    'https-port',
    'problem',
    /port of HTTP/,
    set('network', { https: { port: 8080, state: 'ours', code: null } }),
  ],
  ['https-port', 'skipped', /turned off/, set('network', { https: null })],
  [
    'https-certificate',
    'problem',
    /ended on 2026-11-30/,
    set('https', { endsAt: new Date('2026-11-30T00:00:00Z') }),
  ],
  [
    'https-certificate',
    'warning',
    /ends on 2026-12-10/,
    set('https', { endsAt: new Date('2026-12-10T00:00:00Z') }),
  ],
  [
    'https-certificate',
    'problem',
    /open to others/,
    set('https', { endsAt: null, problem: 'It is open to others.' }),
  ],
  ['https-certificate', 'skipped', /first start/, set('https', { endsAt: null })],
  ['https-names', 'warning', /192\.168\.1\.9/, set('https', { uncovered: ['192.168.1.9'] })],
  ['https-names', 'skipped', /turned off/, set('https', { mode: 'off' })],
  ['redis', 'warning', /ECONNREFUSED/, set('redis', { problem: 'ECONNREFUSED' })],
  ['redis', 'skipped', /needs none/, set('redis', { isConfigured: false })],
  ['backup-schedule', 'warning', /by itself/, status({ schedule: null })],
  ['backup-age', 'problem', /overdue/, status({ isOverdue: true })],
  ['backup-age', 'problem', /ever made/, status({ isOverdue: true, lastCreatedAt: null })],
  ['backup-age', 'problem', /failed.*No room/, failed('backup', 'No room.')],
  ['backup-age', 'ok', /2026-11-30/, failed('drill', 'A table is short.')],
  [
    'backup-age',
    'warning',
    /^No backup was made yet\. The server makes the first at 2026-12-01 21:30 UTC/,
    status({ lastCreatedAt: null }),
  ],
  ['backup-age', 'problem', /none is made by itself/, status({ lastCreatedAt: null, schedule: null })],
  [
    'backup-age',
    'ok',
    /nothing was sold/,
    status({ lastCreatedAt: null, schedule: null }, { isInUse: false }),
  ],
  [
    'backup-age',
    'warning',
    /2026-11-20.*none is made by itself/,
    status({ lastCreatedAt: '2026-11-20T03:00:00.000Z', schedule: null }),
  ],
  [
    'backup-age',
    'warning',
    /last restore/,
    status({ lastCreatedAt: null, restoredAt: '2026-11-30T00:00:00.000Z' }),
  ],
  ['backup-drill', 'warning', /2026-11-28/, status({}, { isDrillOverdue: true })],
  ['backup-drill', 'problem', /trial failed.*A table is short/, failed('drill', 'A table is short.')],
  ['backup-drill', 'warning', /ever restored/, status({ lastDrillAt: null, drill: null })],
  ['backup-drill', 'ok', /schedule will/, status({ lastDrillAt: null })],
  ['backup-drill', 'skipped', /no backup/, status({ lastDrillAt: null, lastCreatedAt: null })],
  ['backup-recovery-key', 'warning', /Only this machine/, status({ hasRecoveryKey: false })],
  [
    'backup-target',
    'problem',
    /no folder/,
    set('backups', {
      target: { kind: 'unknown', archives: 0, newest: null, problem: 'There is no folder /mnt/usb.' },
    }),
  ],
  ['backup-disk', 'warning', /on the disk that has/, set('backups', { isSameDisk: true })],
  ['backup-disk', 'skipped', /not there/, set('backups', { isSameDisk: null })],
  [
    'backup-disk',
    'ok',
    /bucket/,
    set('backups', { target: { kind: 's3', archives: 3, newest: null, problem: null }, isSameDisk: null }),
  ],
  ['shops', 'problem', /no shop/, set('shops', { shops: 0 })],
  ['owners', 'problem', /^2 shops without an owner/, set('shops', { shopsWithoutOwner: 2 })],
  ['owners', 'skipped', /no shop/, set('shops', { shops: 0 })],
  ['devices', 'warning', /1 of 3 paired devices was not seen/, set('shops', { devicesForgotten: 1 })],
  ['orders-to-review', 'warning', /2 orders wait/, set('shops', { ordersToReview: 2 })],
  ['open-orders', 'warning', /1 order of earlier days is/, set('shops', { oldOpenOrders: 1 })],
  ['open-shifts', 'warning', /1 drawer of earlier days is/, set('shops', { oldOpenShifts: 1 })],
  [
    'clock-records',
    'problem',
    /yet to come/,
    set('shops', { newestRecordAt: new Date('2026-12-01T10:03:00Z') }),
  ],
  ['clock-records', 'skipped', /Nothing was recorded/, set('shops', { newestRecordAt: null })],
  ['audit-seal', 'problem', /not the one/, set('shops', { changedChains: 1 })],
  [
    'audit-seal',
    'warning',
    /since the last seal/,
    set('shops', { unsealedChains: 1, lastSealAt: new Date('2026-12-01T09:00:00Z') }),
  ],
  ['audit-seal', 'skipped', /Nothing was sealed/, set('shops', { lastSealAt: null })],
  ['books', 'problem', /of 1 shop do not agree/, set('shops', { brokenFeeds: 1 })],
  ['attention', 'problem', /^The trial failed\./, attention('problem')],
  ['attention', 'warning', /^The trial failed\./, attention('warning')],
  ['attention', 'ok', /nothing else/, attention('problem', 'disk_low')],
  ['image-store', 'problem', /fails/, set('images', { problem: 'It fails.' })],
  ['image-store', 'problem', /40 pictures is gone/, set('images', { isFolderGone: true })],
  ['image-store', 'problem', /bucket/, set('images', { store: 'minio', hasBucket: false })],
  ['image-store', 'problem', /may not be written/, set('images', { isFolderClosed: true })],
  ['image-setting', 'warning', /IMAGE_STORE is minio/, set('images', { otherSetting: 'minio' })],
  ['home', 'problem', /Others may write/, set('home', { isOpen: true })],
  ['home', 'warning', /number 1001/, set('home', { otherOwner: 1001 })],
  ['home-owners', 'warning', /config\.json belongs/, set('home', { foreign: ['/srv/shop/config.json'] })],
  [
    'file-modes',
    'problem',
    /master-key can be read/,
    set('home', { loose: [{ path: '/srv/shop/secrets/master-key', mode: 0o644, closed: 0o600 }] }),
  ],
  ['folders', 'problem', /no folder/, set('home', { blocked: ['/srv/shop/images'] })],
  ['folders', 'ok', /when first needed/, set('home', { missing: ['/srv/shop/images'] })],
  ['disk-writable', 'problem', /EROFS/, set('home', { writeProblem: 'EROFS' })],
  [
    'disk-space',
    'problem',
    /200 MB of 100 GB/,
    (f) =>
      Object.assign(f.disks, {
        level: 'problem',
        low: [{ ...f.disks.disks[0], freeBytes: 2e8, level: 'problem' }],
      }),
  ],
  ['disk-answers', 'problem', /the backups does not answer/, set('disks', { silent: ['backups'] })],
  ['disk-files', 'problem', /10 more files/, set('home', { inodes: { free: 10, total: 1_000 } })],
  ['disk-files', 'skipped', /no limit/, set('home', { inodes: null })],
  ['leftovers', 'warning', /1 leftover/, set('home', { leftovers: ['/srv/shop/uploads/a'] })],
  ['node', 'problem', /20\.20\.0/, set('machine', { node: '20.20.0' })],
  ['node', 'problem', /24\.7\.0/, set('machine', { node: '24.7.0' })],
  ['system', 'warning', /win32/, set('machine', { platform: 'win32' })],
  ['system', 'warning', /linux, arm\./, set('machine', { arch: 'arm' })],
  ['memory', 'warning', /^100 MB of/, set('machine', { availableBytes: 100_000_000 })],
  [
    'memory',
    'warning',
    /of 512 MB/,
    set('machine', { memoryBytes: 512_000_000, availableBytes: 300_000_000 }),
  ],
  ['swap', 'warning', /no swap/, set('machine', { memoryBytes: 1_000_000_000, swapBytes: 0 })],
  ['swap', 'ok', /none is needed/, set('machine', { swapBytes: 0 })],
  ['swap', 'skipped', /does not tell/, set('machine', { swapBytes: null })],
  ['open-files', 'warning', /^1,024 open/, set('machine', { openFiles: 1_024 })],
  ['open-files', 'ok', /any number/, set('machine', { openFiles: Number.POSITIVE_INFINITY })],
  ['time-zones', 'problem', /Mars\/Base/, set('shops', { timezones: ['Mars/Base'] })],
  ['service', 'warning', /no unit/, unit({ load: 'not-found' })],
  ['service', 'problem', /failed/, unit({ active: 'failed' })],
  ['service', 'warning', /disabled/, unit({ enabled: 'disabled' })],
  ['service', 'warning', /inactive/, unit({ active: 'inactive' })],
  ['service', 'skipped', /not started by systemd/, set('service', { unit: null })],
];

describe('the checks of the doctor', () => {
  const judged = (change: (facts: Facts) => void, id: string, now = NOW) => {
    const facts = soundFacts();
    change(facts);
    const result = examine(known(facts), now).find((one) => one.id === id);
    return CheckResult.parse(result);
  };

  it('are more than forty, each with an id, a subject and a reason of its own', () => {
    expect(checks).to.have.length.above(40);
    expect(new Set(checks.map(({ id }) => id)).size).to.equal(checks.length);
    expect(checkGroups.every((group) => group.checks.length > 0)).to.equal(true);
    for (const { id, looksAt, why } of checks) {
      expect(looksAt, id).to.match(/^[A-Za-z\d].*[^.]$/);
      expect(why, id).to.match(/^[A-Z].*\.$/);
    }
  });

  it('find nothing wrong where nothing is', () => {
    const results = examine(known(soundFacts()), NOW);
    expect(results.filter(({ state }) => state !== 'ok')).to.deep.equal([]);
    expect(results.every(({ fix }) => fix === null)).to.equal(true);
  });

  for (const [id, state, says, change] of cases) {
    it(`say of ${id}, ${says.source}: ${state}`, () => {
      const found = judged(change, id);
      expect(found.state, found.detail).to.equal(state);
      expect(found.detail).to.match(says);
      const isWrong = state === 'warning' || state === 'problem';
      expect(found.fix !== null).to.equal(isWrong);
      // Why it matters stands behind what was found.
      const { why } = checks.find((one) => one.id === id) as { why: string };
      expect(found.detail.endsWith(` ${why}`)).to.equal(isWrong);
    });
  }

  it('say in their mends what can be typed, whole and for the place it is about', () => {
    const fixOf = (id: string, change: (facts: Facts) => void) => judged(change, id);
    const gone = fixOf(
      'database',
      set('connection', {
        url: null,
        problem: 'It is gone.',
        isGone: true,
        newestBackup: '/mnt/usb/a.smoocho',
      }),
    );
    expect(gone.commands).to.deep.equal(['smoocho restore /mnt/usb/a.smoocho']);
    const odd = "/srv/my `new` shop's";
    const quoted = "'/srv/my `new` shop'\\''s";
    const copied = { isOfThisHome: false, isRunning: false, home: '/srv/other', path: `${odd}/server.json` };
    const odds: [id: string, command: string, change: Case[3]][] = [
      ['server-file', `rm ${quoted}/server.json'`, (facts) => serverFile(copied)(stoppedServer(facts))],
      [
        'database',
        `smoocho restore ${quoted}/a.smoocho'`,
        set('connection', {
          url: null,
          problem: 'It is gone.',
          isGone: true,
          newestBackup: `${odd}/a.smoocho`,
        }),
      ],
      [
        'home-owners',
        `sudo chown -R --reference=${quoted}' ${quoted}/images' /srv/b`,
        set('home', { path: odd, foreign: [`${odd}/images`, '/srv/b'] }),
      ],
      [
        'folders',
        `mv ${quoted}/images' ${quoted}/images.old'`,
        set('home', { path: odd, blocked: [`${odd}/images`] }),
      ],
    ];
    for (const [id, command, change] of odds) {
      const { fix, commands } = fixOf(id, change);
      expect(commands, id).to.deep.equal([command]);
      expect(fix, id).to.include(command);
    }
    // The home may be the server's own, under another name or in another container.
    const elsewhere = { ...copied, isRunning: true };
    expect(fixOf('server-file', serverFile(elsewhere)).commands).to.deep.equal([
      'smoocho status --home /srv/other',
    ]);
    expect(fixOf('server-file', serverFile(copied)).commands.join()).to.not.include('rm ');
    expect(fixOf('master-key', set('keys', { isThere: false })).commands[0]).to.match(
      /^smoocho restore FILE --identity/,
    );
    expect(fixOf('master-key', set('keys', { problem: 'It is open.', isOpen: true })).commands).to.deep.equal(
      ['smoocho doctor --fix'],
    );
    const taken = fixOf(
      'http-port',
      set('network', { http: { port: 8080, state: 'taken', code: 'EADDRINUSE' } }),
    );
    expect(taken.commands).to.deep.equal(["sudo ss -ltnp 'sport = :8080'", 'smoocho start --port 8081']);
    const stopped = set('server', { running: null, isService: false });
    expect(fixOf('server', stopped).commands).to.deep.equal([
      'smoocho start',
      'sudo smoocho service install',
    ]);
    const words = [...new Set(entries.map(({ name }) => name.split(' ')[0]))].join('|');
    const programs = `smoocho (?:${words})|sudo|chmod|chown|rm|mv|df|du|kill|systemctl|timedatectl|docker`;
    for (const [id, , , change] of cases) {
      const { fix, commands } = judged(change, id);
      expect(fix ?? '', id).to.not.match(/\bTry\b|Mend that|(^|\s)[A-Z_]+=\S+$/);
      // What is to be typed is in the list, too: nothing of it is left in the sentences.
      const sentences = commands.reduce((rest, command) => rest.replace(command, ''), fix ?? '');
      expect(sentences, id).to.not.match(new RegExp(`(?:^|[\\s(])(?:${programs})(?=[\\s.,)]|$)`));
    }
  });

  it('know the year of a clock that starts in 1970, or far ahead', () => {
    const says = (now: string) => judged(() => {}, 'clock', new Date(now)).state;
    expect(['1970-01-01T00:01:00Z', '2026-10-01T00:00:00Z', '2106-01-01T00:00:00Z'].map(says)).to.deep.equal([
      'problem',
      'problem',
      'problem',
    ]);
    expect(says('2026-12-01T00:00:00Z')).to.equal('ok');
  });

  it('are each seen to find something', () => {
    const found = new Set([
      'clock',
      ...cases.filter(([, state]) => !['ok', 'skipped'].includes(state)).map(([id]) => id),
    ]);
    expect(checks.map(({ id }) => id).filter((id) => !found.has(id))).to.deep.equal([]);
  });

  it('are skipped with the reason where their fact is missing, and where they fail themselves', () => {
    const facts = { ...known(soundFacts()), shops: { missing: 'The database can not be reached.' } };
    const results = examine(facts, NOW);
    expect(results).to.have.length(checks.length);
    const owners = results.find(({ id }) => id === 'owners');
    expect(owners).to.deep.equal({
      id: 'owners',
      state: 'skipped',
      detail: 'The database can not be reached.',
      fix: null,
      commands: [],
    });
    const faulty = check({
      id: 'faulty',
      of: 'machine',
      looksAt: 'nothing',
      why: 'It matters.',
      judge: () => {
        throw new Error('no such thing');
      },
    });
    expect(faulty.examine(facts, NOW)).to.deep.include({
      state: 'skipped',
      detail: 'This check failed itself (no such thing).',
    });
  });

  it('stand in the page of troubles as they are here', () => {
    const page = fileURLToPath(new URL('../../docs/operations/troubleshooting.md', import.meta.url));
    expect(readFileSync(page, 'utf8'), 'Write it anew: node scripts/doctor-page.ts').to.include(
      checksTable(),
    );
  });
});
