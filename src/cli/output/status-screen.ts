import type { Attention } from '../../contract/attention.ts';
import type { BackupStatus, CheckResult } from '../../contract/command-answers/doctor.ts';
import { placeNames } from '../../core/disk/place-names.ts';
import { attentionBeside, type StatusHere, type StatusInDatabase } from '../../doctor/status.ts';
import { formatRoom, formatSize } from '../../figures.ts';
import { formatCount, formatMoney } from './format.ts';
import { inLines } from './in-line.ts';
import { type Labelled, labelled, wrap } from './labelled.ts';

/** A time as a shop's clock shows it; empty for none. */
export type Clock = (time: string | null) => string;
/** With the time zone of its times. */
type Found = StatusInDatabase & { timezone: string };
type Screen = {
  columns: number;
  clock: Clock;
  /** What needs somebody comes first: a screen that stands cuts off what is below its last row. */
  isWatched?: boolean;
};

/** What `status` shows, top to bottom. Without the database, the sentence that says so stands in its place. */
export function statusScreen(
  here: StatusHere,
  there: Found | { problem: string },
  { columns, clock, isWatched = false }: Screen,
): string {
  const block = (rows: Labelled[]) => labelled(rows, columns);
  const top: Labelled[] = [
    ['version', 'schema' in there ? `${here.version}, tables of ${there.schema}` : here.version],
    ['home', here.home],
  ];
  if ('problem' in there) {
    const known = block([...top, ...describeHere(here, clock), ['database', there.problem]]);
    return inLines([known, ...here.findings.map((one) => describeFinding(one, columns))].join('\n\n'));
  }
  const needs = describeNeeds(there, clock, columns);
  const today = block([['today', ...describeShops(there.shops)]]);
  const parts = block([...top, ...describeServer(there, clock), ...describeHere(here, clock)]);
  const backup = block(describeBackup(there.backup, clock));
  const blocks = isWatched ? [needs, today, parts, backup] : [parts, today, backup, needs];
  return inLines(blocks.join('\n\n'));
}

const stores = { filesystem: 'in the folder images', minio: 'in a bucket' };

const describeServer = ({ database, server, devices, images, timezone }: Found, clock: Clock): Labelled[] => [
  [
    'database',
    database.kind === 'embedded'
      ? `embedded, PostgreSQL ${database.version}`
      : `PostgreSQL ${database.version} at ${database.address}`,
  ],
  ['server', server.isRunning ? `runs since ${clock(server.since)}` : 'does not run'],
  ['times', `of ${timezone}`],
  ['devices', `${devices.paired} paired, ${devices.online} in use`],
  ['pictures', stores[images.store], ...(images.problem === null ? [] : [`PROBLEM: ${images.problem}`])],
];

function describeHere({ disks, silentDisks, https, redis }: StatusHere, clock: Clock): Labelled[] {
  const rooms = disks.map(({ places, level, freeBytes, sizeBytes }) => {
    const low = level === null ? '' : level === 'problem' ? '  NEARLY FULL' : '  low';
    return `${formatRoom(freeBytes)} of ${formatRoom(sizeBytes)} free: ${places.map((place) => placeNames[place]).join(', ')}${low}`;
  });
  const silent = silentDisks.map((place) => `${place}: its disk does not answer`);
  return [
    ['disk', ...rooms, ...silent],
    ['https', describeHttps(https, clock)],
    ...(redis.isConfigured
      ? [['redis', redis.problem === null ? 'answers' : `does not answer: ${redis.problem}`] as const]
      : []),
  ];
}

function describeHttps({ mode, endsAt, problem }: StatusHere['https'], clock: Clock): string {
  if (mode === 'off') return 'turned off';
  if (problem !== null) return `PROBLEM: ${problem}`;
  return endsAt === null
    ? 'its certificate is made by the first start'
    : `certificate until ${clock(endsAt).slice(0, 10)}`;
}

const describeShops = (shops: StatusInDatabase['shops']): string[] =>
  shops.length === 0
    ? ['There is no shop yet. Set one up: smoocho init']
    : shops.map(({ code, orders, total, currency }) => {
        const count = formatCount(orders, currency);
        const sold = `${count} ${orders === 1 ? 'order' : 'orders'}, ${formatMoney(total, currency)} ${currency} after refunds`;
        return `${code.padEnd(4)}  ${orders === 0 ? 'nothing sold' : sold}`;
      });

function describeBackup(backup: BackupStatus, clock: Clock): Labelled[] {
  const { lastCreatedAt, lastVerifiedAt, lastDrillAt, lastFailure, file, to, sizeBytes } = backup;
  const late = backup.isOverdue ? '  OVERDUE' : '';
  const never = backup.restoredAt ? `not since the restore of ${clock(backup.restoredAt)}` : 'never';
  const size = sizeBytes === null ? '' : `, ${formatSize(sizeBytes)}`;
  const made = lastCreatedAt ? `${clock(lastCreatedAt)}${size}` : never;
  return [
    ['backup', `${made}${late}`, ...(file ? [file] : [])],
    ['read back', clock(lastVerifiedAt) || never],
    ['trial', clock(lastDrillAt) || never],
    ...(lastFailure ? [['failed', clock(lastFailure.at), lastFailure.error] as const] : []),
    ['next', clock(backup.nextAt) || 'none is scheduled: smoocho backup schedule "0 3 * * *"'],
    ['next trial', clock(backup.nextDrillAt) || 'none is scheduled'],
    ['goes to', to],
    ['opens with', backup.hasRecoveryKey ? 'your recovery key' : 'this box alone: smoocho backup key create'],
  ];
}

const severities = { problem: 'PROBLEM', warning: 'Warning' } as const;

function describeNeeds(found: Found, clock: Clock, columns: number): string {
  const needs = [
    ...found.findings.map((one) => describeFinding(one, columns)),
    ...attentionBeside(found).map((one) => describeAttention(one, clock, columns)),
  ];
  return needs.length > 0 ? needs.join('\n\n') : 'Nothing needs you. More: smoocho doctor';
}

const describeFinding = ({ state, detail, fix, commands }: CheckResult, columns: number): string =>
  [
    state === 'problem' ? severities.problem : severities.warning,
    ...indented(detail, columns),
    ...(fix ? indented(`Mend it: ${fix}`, columns, commands) : []),
  ].join('\n');

const describeAttention = ({ severity, since, detail }: Attention, clock: Clock, columns: number): string =>
  [`${severities[severity]} since ${clock(since)}`, ...indented(detail, columns)].join('\n');

const indented = (text: string, columns: number, whole: readonly string[] = []) =>
  wrap(text, Math.max(32, columns) - 2, whole).map((line) => `  ${line}`);
