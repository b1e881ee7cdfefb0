import type { BackupConfig } from '../config.ts';
import { runAttention } from '../core/attention/backup-runs.ts';
import type { Job } from './job.ts';

const HOUR_MS = 3_600_000;
const { create, drill } = runAttention;

/** Jobs of a server: the nightly backup and what follows it, and the weekly drill of the newest one. */
export function backupJobs(config: Pick<BackupConfig, 'schedule' | 'drill'>): Job[] {
  return [
    ...(config.schedule ? nightly(config.schedule) : []),
    ...(config.drill ? [weekly(config.drill)] : []),
  ];
}

const nightly = (cron: string): Job[] => [
  {
    name: 'backup',
    schedule: { cron },
    argv: ['backup', 'create', '--json'],
    kind: 'create',
    failed: { code: create.failed, severity: 'problem', what: create.what },
    overdue: { code: create.overdue, severity: 'problem', what: 'backup was made' },
    timeoutMs: 6 * HOUR_MS,
  },
  {
    name: 'backup prune',
    schedule: { after: 'backup' },
    argv: ['backup', 'prune', '--json'],
    failed: {
      code: 'backup_prune_failed',
      severity: 'warning',
      what: 'Old backups could not be taken away',
    },
    timeoutMs: HOUR_MS,
  },
  {
    name: 'images gc',
    schedule: { after: 'backup' },
    argv: ['images', 'gc', '--json'],
    failed: {
      code: 'images_gc_failed',
      severity: 'warning',
      what: 'Pictures that nothing uses could not be taken away',
    },
    timeoutMs: HOUR_MS,
  },
];

const weekly = (cron: string): Job => ({
  name: 'backup drill',
  schedule: { cron },
  argv: ['backup', 'verify', '--latest', '--deep', '--json'],
  kind: 'drill',
  failed: { code: drill.failed, severity: 'problem', what: drill.what },
  overdue: { code: drill.overdue, severity: 'warning', what: 'backup was restored for trial' },
  timeoutMs: 12 * HOUR_MS,
});
