import { join } from 'node:path';
import { type App, SchemaError } from '../../app.ts';
import { isOverdue, nextTime } from '../../backup/due.ts';
import { scheduleZone, waitsSince } from '../../backup/job-states.ts';
import type { BackupConfig } from '../../config.ts';
import type { Attention } from '../../contract/attention.ts';
import { openAttention } from '../../core/attention/attention.ts';
import { type BackupRun, lastBackupRuns, viewLastBackups } from '../../core/attention/backup-runs.ts';
import { findLastRestore } from '../../core/epochs/find-epoch.ts';
import { type InstallationStatus, readStatus, type ShopStatus } from '../../core/status/read-status.ts';
import { version } from '../../version.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { clockIn } from '../output/clock.ts';
import { formatCount, formatMoney } from '../output/format.ts';
import { type Labelled, labelled, wrap } from '../output/labelled.ts';
import { isFresh } from '../set-up.ts';

export const status: Command = {
  name: 'status',
  summary:
    'Show whether all is well: database, server, sales of today, backups; exit code 4 when there is a problem',
  options: [],
  example: 'smoocho status --json',
  async run(shell) {
    const { config } = shell;
    const columns = process.stdout.columns ?? 80;
    const show = (rows: Labelled[]) => shell.show(labelled(rows, columns));
    show([
      ['version', version],
      ['home', config.home],
    ]);
    // `status` must not create an empty database.
    if (isFresh(config)) throw new SchemaError('empty', 'Nothing is set up here yet. Run: smoocho init');
    return await shell.withApp(async (app) => {
      const { timezone, ...answer } = await gather(app);
      const clock = clockIn(timezone);
      show(describeServer(answer, clock));
      shell.print('');
      show([['today', ...describeShops(answer.shops)]]);
      shell.print('');
      show(describeBackup(answer.backup, clock));
      shell.show(describeAttention(answer.attention, clock, columns));
      shell.give({ version, home: config.home, ...answer });
      const isWell =
        !answer.backup.isOverdue && !answer.attention.some(({ severity }) => severity === 'problem');
      return isWell ? exitCodes.done : exitCodes.checkFoundProblems;
    });
  },
};

type BackupStatus = ReturnType<typeof viewLastBackups> &
  Omit<BackupConfig, 'recoveryRecipient'> & {
    /** When the last restore was, or its undoing; backups before it are not counted here. Null for never. */
    restoredAt: string | null;
    /** The archive of the last successful backup. */
    file: string | null;
    sizeBytes: number | null;
    /** The last failed backup or drill, if none succeeded since. */
    lastFailure: { at: string; error: string } | null;
    hasRecoveryKey: boolean;
    nextAt: string | null;
    nextDrillAt: string | null;
    isOverdue: boolean;
  };
type Answer = InstallationStatus & { backup: BackupStatus; attention: Attention[] };

async function gather(app: App): Promise<Answer & { timezone: string }> {
  const em = app.orm.em.fork();
  const timezone = await scheduleZone(em);
  return {
    ...(await readStatus({ app, em })),
    backup: await gatherBackup(app, timezone),
    // A key that was made a moment ago: the server looks at the settings each minute.
    attention: (await openAttention({ app, em })).filter(
      ({ code }) => code !== 'backup_key_missing' || app.config.backup.recoveryRecipient === null,
    ),
    timezone,
  };
}

async function gatherBackup(app: App, timezone: string): Promise<BackupStatus> {
  const em = app.orm.em.fork();
  const last = await lastBackupRuns(em);
  const { recoveryRecipient, to, ...config } = app.config.backup;
  const now = app.now();
  const next = (cron: string | null) => (cron && nextTime(cron, timezone, now)?.toISOString()) || null;
  const { succeeded } = last.create;
  const since = succeeded?.startedAt ?? (await waitsSince(em, 'backup'));
  const failure = [last.create, last.drill].map(failureOf).find((run) => run !== null);
  return {
    ...viewLastBackups(last),
    ...config,
    restoredAt: (await findLastRestore(em))?.toISOString() ?? null,
    to: to ?? join(app.config.home, 'backups'),
    file: succeeded?.file ?? null,
    sizeBytes: succeeded?.sizeBytes ?? null,
    lastFailure: failure ? { at: failure.endedAt.toISOString(), error: failure.error ?? '' } : null,
    hasRecoveryKey: recoveryRecipient !== null,
    nextAt: next(config.schedule),
    nextDrillAt: next(config.drill),
    isOverdue: Boolean(config.schedule && since && isOverdue(config.schedule, timezone, since, now)),
  };
}

/** The last failed run, if none succeeded since. */
const failureOf = ({ succeeded, failed }: { succeeded: BackupRun | null; failed: BackupRun | null }) =>
  failed && (!succeeded || succeeded.startedAt < failed.startedAt) ? failed : null;

type Clock = (time: string | null) => string;

const describeServer = ({ database, server }: Answer, clock: Clock): Labelled[] => [
  [
    'database',
    database.kind === 'embedded'
      ? `embedded, PostgreSQL ${database.version}`
      : `PostgreSQL ${database.version} at ${database.address}`,
  ],
  ['server', server.isRunning ? `runs since ${clock(server.since)}` : 'does not run'],
];

const describeShops = (shops: ShopStatus[]): string[] =>
  shops.length === 0
    ? ['There is no shop yet. Set one up: smoocho init']
    : shops.map(({ code, orders, total, currency }) => {
        const count = formatCount(orders, currency);
        const sold = `${count} ${orders === 1 ? 'order' : 'orders'}, ${formatMoney(total, currency)} ${currency}`;
        return `${code.padEnd(4)}  ${orders === 0 ? 'nothing sold' : sold}`;
      });

const MEGABYTE = 1_000_000;
const sizeOf = (bytes: number | null) =>
  bytes === null ? '' : `, ${formatCount(Math.max(0.1, Math.round(bytes / (MEGABYTE / 10)) / 10))} MB`;

function describeBackup(backup: BackupStatus, clock: Clock): Labelled[] {
  const { lastCreatedAt, lastVerifiedAt, lastDrillAt, lastFailure, file, to, sizeBytes } = backup;
  const late = backup.isOverdue ? '  OVERDUE' : '';
  const never = backup.restoredAt ? `not since the restore of ${clock(backup.restoredAt)}` : 'never';
  const made = lastCreatedAt ? `${clock(lastCreatedAt)}${sizeOf(sizeBytes)}` : never;
  return [
    ['backup', `${made}${late}`, ...(file ? [file] : [])],
    ['read back', clock(lastVerifiedAt) || never],
    ['trial', clock(lastDrillAt) || never],
    ...(lastFailure ? [['failed', clock(lastFailure.at), lastFailure.error] as const] : []),
    ['next', clock(backup.nextAt) || 'not by itself: smoocho backup schedule --help'],
    ['next trial', clock(backup.nextDrillAt) || 'not by itself'],
    ['goes to', to ?? ''],
    ['opens with', backup.hasRecoveryKey ? 'your recovery key' : 'this box alone: smoocho backup key create'],
  ];
}

function describeAttention(attention: Attention[], clock: Clock, columns: number): string {
  if (attention.length === 0) return '\nNothing needs you.';
  const describe = ({ severity, since, detail }: Attention) => [
    '',
    `${severity === 'problem' ? 'PROBLEM' : 'Warning'} since ${clock(since)}`,
    ...wrap(detail, Math.max(32, columns) - 2).map((line) => `  ${line}`),
  ];
  return attention.flatMap(describe).join('\n');
}
