import type { AttentionCode } from '../contract/attention.ts';

/**
 * What the server raises by itself and a check judges, too: the check looks now, and the server looked a while ago. By the check's
 * id, so that nobody is told the same thing twice.
 */
export const coveredBy: Readonly<Record<string, readonly AttentionCode[]>> = {
  'disk-space': ['disk_low'],
  'backup-age': ['backup_overdue', 'backup_failed'],
  'backup-drill': ['drill_overdue', 'drill_failed'],
  'backup-recovery-key': ['backup_key_missing'],
  standby: ['standby_missing'],
  'clock-records': ['clock_behind'],
};
