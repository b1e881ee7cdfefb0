import type { AttentionCode, AttentionSeverity } from '../contract/attention.ts';
import type { BackupKind } from '../core/attention/backup-runs.ts';

/** A command that a server runs by itself at certain times, as data. */
export type Job = {
  /** At most 32 characters; its state in the database is kept under it. */
  name: string;
  /** Cron text by the clock of the first shop, or the job after whose success it runs. */
  schedule: { cron: string } | { after: string };
  /** The command and its options, without the program. With `--json`, or nobody learns why it failed. */
  argv: readonly string[];
  /** Whose runs by hand count, too: the command writes them down itself (`recordBackupRun`). */
  kind?: BackupKind;
  /** Raised when it fails, ended when it succeeds. `what` stands before the sentence of the command. */
  failed: { code: AttentionCode; severity: AttentionSeverity; what: string };
  /** Raised while no run succeeded for twice as long as there should be between two. `what` stands between "No" and "since". */
  overdue?: { code: AttentionCode; severity: AttentionSeverity; what: string };
  /** It is ended then: far more than it can need, so that one which hangs doesn't stop all others for ever. */
  timeoutMs: number;
};
