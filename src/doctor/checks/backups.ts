import { count } from '../../figures.ts';
import { type Check, check, ok, problem, skipped, warning } from '../check.ts';

const minute = (time: string) => `${time.slice(0, 16).replace('T', ' ')} UTC`;

export const backupChecks: Check[] = [
  check({
    id: 'backup-schedule',
    of: 'backups',
    looksAt: 'whether backups are made by themselves',
    why: 'What is done by hand is forgotten in the week before the disk dies.',
    judge: ({ status: { schedule } }) =>
      schedule === null
        ? warning('No backup is made by itself.', 'smoocho backup schedule "0 3 * * *"')
        : ok(`Backups are made by the schedule ${schedule}.`),
  }),
  check({
    id: 'backup-age',
    of: 'backups',
    looksAt: 'when the last backup was made, and whether one failed since',
    why: 'All that was sold since then is lost with the disk.',
    judge({ status: { lastCreatedAt, lastFailure, isOverdue, restoredAt } }) {
      if (isOverdue)
        return problem(
          lastCreatedAt
            ? `The last backup is of ${minute(lastCreatedAt)}, and another one is overdue.`
            : 'No backup was ever made.',
          'smoocho backup create',
        );
      if (lastFailure && (!lastCreatedAt || lastFailure.at > lastCreatedAt))
        return problem(
          `The last backup failed, at ${minute(lastFailure.at)}: ${lastFailure.error}`,
          'Mend that, then: smoocho backup create',
        );
      if (!lastCreatedAt)
        return warning(
          restoredAt ? 'No backup was made since the last restore.' : 'No backup was made yet.',
          'smoocho backup create',
        );
      return ok(`The last backup is of ${minute(lastCreatedAt)}.`);
    },
  }),
  check({
    id: 'backup-drill',
    of: 'backups',
    looksAt: 'when a backup was last restored for trial',
    why: 'A backup that was never restored is a hope.',
    judge({ status: { drill, lastDrillAt, isDrillOverdue, lastCreatedAt } }) {
      const fix = 'smoocho backup verify --latest --deep';
      if (!lastDrillAt) {
        if (!lastCreatedAt) return skipped('There is no backup yet.');
        return drill !== null && !isDrillOverdue
          ? ok('No backup was restored for trial yet; the schedule will do it.')
          : warning('No backup was ever restored for trial.', fix);
      }
      return isDrillOverdue
        ? warning(`The last trial was on ${minute(lastDrillAt)}.`, fix)
        : ok(`The last trial was on ${minute(lastDrillAt)}.`);
    },
  }),
  check({
    id: 'backup-recovery-key',
    of: 'backups',
    looksAt: 'whether backups open with a key that is not on this machine',
    why: 'When the machine is stolen or burns, its backups open nowhere.',
    judge: ({ status: { hasRecoveryKey } }) =>
      hasRecoveryKey
        ? ok('Backups open with your recovery key.')
        : warning(
            'Only this machine can open its backups.',
            'smoocho backup key create, and keep the sheet away from the shop.',
          ),
  }),
  check({
    id: 'backup-target',
    of: 'backups',
    looksAt: 'whether the place of the backups can be had',
    why: 'The next backup will fail.',
    judge({ target: { problem: fault, archives, kind }, status: { lastCreatedAt } }) {
      if (fault === null)
        return ok(`${count(archives, 'backup')} in ${kind === 's3' ? 'the bucket' : 'the folder'}.`);
      return problem(
        fault,
        lastCreatedAt
          ? 'Connect it again, or name another: smoocho backup schedule --to FOLDER'
          : 'smoocho backup schedule --to FOLDER',
      );
    },
  }),
  check({
    id: 'backup-disk',
    of: 'backups',
    looksAt: 'whether backups are on another disk than the shop’s data',
    why: 'A disk that dies takes both along.',
    judge({ isSameDisk, target }) {
      if (target.kind === 's3') return ok('Backups go to a bucket.');
      if (isSameDisk === null) return skipped('The folder is not there: see the check backup-target.');
      return isSameDisk
        ? warning(
            'Backups lie on the disk that has the shop’s data.',
            'Plug in a USB disk, or take a bucket: smoocho backup schedule --to /mnt/usb',
          )
        : ok('Backups lie on another disk.');
    },
  }),
];
