import type { AttentionCode, AttentionSeverity } from '../contract/attention.ts';
import type { BackupKind } from '../core/attention/backup-runs.ts';

/** A command that a server runs by itself at certain times. */
export type Job = {
  /** At most 32 characters; key of its state in the database. */
  name: string;
  /** Cron text in the first shop's time zone, or the job after whose success it runs. */
  schedule: { cron: string } | { after: string };
  /** The command and its options, without the program. Needs `--json`, or its error message is lost. */
  argv: readonly string[];
  /** Manual runs of this kind count too; the command records them itself (`recordBackupRun`). */
  kind?: BackupKind;
  /** Raised when it fails, ended when it succeeds. `what` precedes the command's error message. */
  failed: { code: AttentionCode; severity: AttentionSeverity; what: string };
  /** Raised while no run has succeeded for twice the longest gap. `what` stands between "No" and "since". */
  overdue?: { code: AttentionCode; severity: AttentionSeverity; what: string };
  /** The job is ended then: far more than it needs, so that a hanging job doesn't block all others. */
  timeoutMs: number;
};
