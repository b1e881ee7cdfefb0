import { count, formatMinute } from '../../figures.ts';
import type { BackupHistory } from '../backup-status.ts';
import { type Check, check, type Finding, ok, problem, skipped, warning } from '../check.ts';

/** Without a schedule a backup is made by hand, and forgotten. */
const OLD_MS = 7 * 86_400_000;
const MAKE_ONE = '`smoocho backup create`';
const EACH_NIGHT = '`smoocho backup schedule "0 3 * * *"`';

export const backupChecks: Check[] = [
  check({
    id: 'backup-schedule',
    of: 'backupHistory',
    looksAt: 'whether backups are made by themselves',
    why: 'What is done by hand is forgotten in the week before the disk dies.',
    judge: ({ status: { schedule } }) =>
      schedule === null
        ? warning('No backup is made by itself.', EACH_NIGHT)
        : ok(`Backups are made by the schedule ${schedule}.`),
  }),
  check({
    id: 'backup-age',
    of: 'backupHistory',
    looksAt: 'when the last backup was made, and whether one failed since',
    why: 'When the disk dies, all that was sold since the last backup is lost.',
    judge: judgeAge,
  }),
  check({
    id: 'backup-drill',
    of: 'backupHistory',
    looksAt: 'when a backup was last restored for trial',
    why: 'A backup that was never restored is a hope.',
    judge({ status: { drill, lastDrillAt, lastCreatedAt }, isDrillOverdue, failed }) {
      const fix = '`smoocho backup verify --latest --deep`';
      if (failed.drill)
        return problem(
          `The last trial failed, at ${formatMinute(failed.drill.at)}: ${failed.drill.error}`,
          `Make another backup, ${MAKE_ONE}, and try that one: ${fix}`,
        );
      if (!lastDrillAt) {
        if (!lastCreatedAt) return skipped('There is no backup yet.');
        return drill !== null && !isDrillOverdue
          ? ok('No backup was restored for trial yet; the schedule will do it.')
          : warning('No backup was ever restored for trial.', fix);
      }
      const last = `A backup was last restored for trial at ${formatMinute(lastDrillAt)}.`;
      return isDrillOverdue ? warning(last, fix) : ok(last);
    },
  }),
  check({
    id: 'backup-recovery-key',
    of: 'backupHistory',
    looksAt: 'whether backups open with a key that is not on this machine',
    why: 'When the machine is stolen or burns, its backups open nowhere.',
    judge: ({ status: { hasRecoveryKey } }) =>
      hasRecoveryKey
        ? ok('Backups open with your recovery key.')
        : warning(
            'Only this machine can open its backups.',
            'Make a recovery key, and keep its sheet away from the shop: `smoocho backup key create`',
          ),
  }),
  check({
    id: 'backup-target',
    of: 'backups',
    looksAt: 'whether the place of the backups can be reached',
    why: 'The next backup will fail.',
    judge({ target: { problem: fault, archives, kind } }) {
      if (fault === null)
        return ok(`${count(archives, 'backup')} in ${kind === 's3' ? 'the bucket' : 'the folder'}.`);
      return problem(fault, 'Connect it again, or name another place: `smoocho backup schedule --to FOLDER`');
    },
  }),
  check({
    id: 'backup-disk',
    of: 'backups',
    looksAt: 'whether backups are on another disk than the shop’s data',
    why: 'When that disk dies, both are gone.',
    judge({ isSameDisk, target }) {
      if (target.kind === 's3') return ok('Backups go to a bucket.');
      if (isSameDisk === null) return skipped('The folder is not there: see the check backup-target.');
      return isSameDisk
        ? warning(
            'Backups are on the disk that has the shop’s data.',
            'Plug in a USB disk and name it, or a bucket: `smoocho backup schedule --to /mnt/usb`',
          )
        : ok('Backups are on another disk.');
    },
  }),
];

function judgeAge({ status, failed, isInUse }: BackupHistory, now: Date): Finding {
  const { lastCreatedAt, restoredAt, schedule, nextAt, isOverdue } = status;
  const last = lastCreatedAt && `The last backup is of ${formatMinute(lastCreatedAt)}`;
  if (failed.backup)
    return problem(
      `The last backup failed, at ${formatMinute(failed.backup.at)}: ${failed.backup.error}`,
      `See to that, then make one: ${MAKE_ONE}`,
    );
  if (isOverdue)
    return problem(last ? `${last}, and another one is overdue.` : 'No backup was ever made.', MAKE_ONE);
  if (last) {
    const isOld = now.getTime() - Date.parse(lastCreatedAt) > OLD_MS;
    return schedule === null && isOld
      ? warning(
          `${last}, and none is made by itself.`,
          `Make one, ${MAKE_ONE}, or one each night: ${EACH_NIGHT}`,
        )
      : ok(`${last}.`);
  }
  if (restoredAt) return warning('No backup was made since the last restore.', MAKE_ONE);
  if (!isInUse) return ok('No backup was made yet, and nothing was sold.');
  return schedule === null
    ? problem(
        'No backup was ever made, and none is made by itself.',
        `Make one now, ${MAKE_ONE}, and one each night from now on: ${EACH_NIGHT}`,
      )
    : warning(
        `No backup was made yet.${nextAt ? ` The server makes the first at ${formatMinute(nextAt)}.` : ''}`,
        MAKE_ONE,
      );
}
