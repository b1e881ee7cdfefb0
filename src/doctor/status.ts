import type { App } from '../app.ts';
import { scheduleZone } from '../backup/job-states.ts';
import { type Config, isDemoHome } from '../config.ts';
import type { Attention } from '../contract/attention.ts';
import type { CheckResult, StatusAnswer } from '../contract/command-answers/doctor.ts';
import { openAttention } from '../core/attention/attention.ts';
import { type DiskReader, openDiskReader } from '../core/disk/disk-reader.ts';
import { lookAtStore } from '../core/images/look-at-store.ts';
import { readCondition } from '../core/status/read-condition.ts';
import { readStatus } from '../core/status/read-status.ts';
import { migrationStatus } from '../database/migrate.ts';
import { version } from '../version.ts';
import { type BackupHistory, readBackupHistory } from './backup-status.ts';
import { checks } from './checks.ts';
import { coveredBy } from './covered.ts';
import type { Facts, KnownFacts } from './facts.ts';
import { readHttps } from './probes/https.ts';
import { readRedis } from './probes/redis.ts';
import { findRunning, readServerFacts } from './probes/server.ts';
import { readSettings } from './probes/settings.ts';

type Whole = Extract<StatusAnswer, { shops: unknown }>;
/** What is known of an installation without its database. */
export type StatusHere = Pick<
  Whole,
  'version' | 'home' | 'disks' | 'silentDisks' | 'https' | 'redis' | 'findings'
>;
export type StatusInDatabase = Omit<Whole, Exclude<keyof StatusHere, 'findings'>>;

export async function readStatusHere(
  config: Config,
  reader: DiskReader = openDiskReader(config),
): Promise<StatusHere> {
  const [{ disks, silent }, { mode, endsAt, problem }, redis] = await Promise.all([
    reader.look(),
    readHttps(config),
    readRedis(config),
  ]);
  return {
    version,
    home: config.home,
    disks,
    silentDisks: silent,
    https: { mode, endsAt: endsAt?.toISOString() ?? null, problem },
    redis,
    findings: findWrong(config, {}),
  };
}

/** What an owner must know at a glance, by the checks of `doctor`: they alone judge it. */
const SHOWN = ['settings-file', 'server', 'server-file', 'backup-age'];

/** What these checks find wrong; one whose fact is missing finds nothing. */
function findWrong(
  config: Config,
  known: { server?: Facts['server']; backupHistory?: BackupHistory },
  now = new Date(),
): CheckResult[] {
  const { home } = config;
  const facts: Partial<KnownFacts> = {
    settings: { is: readSettings(home, config) },
    server: known.server ? { is: known.server } : NOT_READ,
    backupHistory: known.backupHistory && !isDemoHome(home) ? { is: known.backupHistory } : NOT_READ,
  };
  return checks
    .filter(({ id }) => SHOWN.includes(id))
    .map((check) => check.examine(facts, now))
    .filter(({ state }) => state === 'problem' || state === 'warning');
}

const NOT_READ = { missing: 'It was not read.' };

/** The rest, and the time zone in which its times are shown. Throws what the database throws. */
export async function readStatusInDatabase(app: App): Promise<StatusInDatabase & { timezone: string }> {
  const em = app.orm.em.fork();
  const timezone = await scheduleZone(em);
  const now = app.now();
  const { config } = app;
  const backupHistory = await readBackupHistory(em, { config, timezone, now });
  const server = readServerFacts(config, await findRunning(em), backupHistory.isInUse);
  const { kind, problem } = await lookAtStore(app.images);
  const { devicesPaired, devicesOnline } = await readCondition(em, now);
  return {
    ...(await readStatus({ app, em })),
    schema: (await migrationStatus(app.databaseUrl)).applied.at(-1) ?? '',
    images: { store: kind, problem },
    devices: { paired: devicesPaired, online: devicesOnline },
    backup: backupHistory.status,
    findings: findWrong(config, { server, backupHistory }, now),
    // A key that was made a moment ago: the server looks at the settings each minute.
    attention: (await openAttention({ app, em })).filter(
      ({ code }) => code !== 'backup_key_missing' || config.backup.recoveryRecipient === null,
    ),
    timezone,
  };
}

type Needs = Pick<StatusInDatabase, 'attention' | 'findings'>;

/** Whether somebody has to do something now. */
export const needsSomebody = ({ attention, findings }: Needs) =>
  attention.some(({ severity }) => severity === 'problem') ||
  findings.some(({ state }) => state === 'problem');

/** Without what a finding says as well. */
export const attentionBeside = ({ attention, findings }: Needs): Attention[] => {
  const covered: readonly string[] = findings.flatMap(({ id }) => coveredBy[id] ?? []);
  return attention.filter(({ code }) => !covered.includes(code));
};
