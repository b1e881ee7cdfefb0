import { systemContext } from '../../app.ts';
import type { CreatedBackup } from '../../backup/create-backup.ts';
import { createInPlace } from '../../backup/create-in-place.ts';
import { scheduleZone } from '../../backup/job-states.ts';
import { describePlace, findPlace, type Place } from '../../backup/places.ts';
import { endAttention, raiseAttention } from '../../core/attention/attention.ts';
import { recordBackup } from '../../core/audit/record-backup.ts';
import type { Context } from '../../core/context.ts';
import { count, formatSize } from '../../figures.ts';
import { backupSource, recordRun } from '../backup-support.ts';
import type { Command } from '../command.ts';
import { phaseProgress } from '../output/progress.ts';
import { OF_BILLS } from '../output/sentences.ts';

export const backupCreate: Command = {
  name: 'backup create',
  summary: 'Make a backup while the tills sell, and read it back before it counts',
  options: [
    {
      flags: '--to <place>',
      description:
        'a folder, or s3://bucket/prefix (default: the setting backup.to, else backups in the home)',
    },
    {
      flags: '--plain',
      description: 'not encrypted, and without the master key: for looking into, not for keeping',
    },
  ],
  example: 'smoocho backup create --to /mnt/usb/smoocho',
  async run(shell, options) {
    await shell.withApp(async (app) => {
      const { onProgress, stop } = phaseProgress();
      let created: CreatedBackup & { place: Place };
      try {
        const timezone = await scheduleZone(app.orm.em.fork());
        const make = async () => {
          const place = findPlace(app.config, options.to);
          const how = { isPlain: options.plain === true, timezone, onProgress };
          return { ...(await createInPlace(backupSource(app), place, how)), place };
        };
        // Don't record a plain backup: the nightly one is still due, and `status` should name one that restores elsewhere.
        created = options.plain ? await make() : await recordRun(app, 'create', make);
      } finally {
        stop();
      }
      const { place, ...answer } = created;
      const context = systemContext(app, 'cli');
      await recordBackup(context, answer);
      await tellOfPictures(context, answer);
      shell.say(...describe(answer, place, app.config.backup.recoveryRecipient !== null));
      shell.give(answer);
    });
    return undefined;
  },
};

/** Raises an attention: nobody reads a nightly run's output, and retention deletes older backups that have the pictures. */
async function tellOfPictures(context: Context, { missingImages, file }: CreatedBackup): Promise<void> {
  const code = 'backup_pictures_missing';
  if (missingImages.length === 0) return await endAttention(context, code);
  const lacks = count(missingImages.length, 'file');
  const detail = `The last backup, ${file}, lacks ${lacks} of pictures, which could not be read. See why: smoocho images check`;
  await raiseAttention(context, { code, severity: 'warning', detail });
}

function describe(created: CreatedBackup, place: Place, hasRecoveryKey: boolean): string[] {
  const { file, sizeBytes, encrypted, shops, missingImages } = created;
  const sold = shops.map(
    ({ code, orders, total }) => `  ${code}  ${count(orders, 'order')}, ${total} ${OF_BILLS}`,
  );
  return [
    `Made and read back: ${file}`,
    `${formatSize(sizeBytes)}, ${encrypted ? 'encrypted' : 'not encrypted'}, in ${describePlace(place)}`,
    ...sold,
    ...(missingImages.length > 0
      ? [
          `Without ${count(missingImages.length, 'file')} of pictures, which could not be read: smoocho images check`,
        ]
      : []),
    ...(encrypted ? [] : PLAIN_LACKS),
    ...(encrypted && !hasRecoveryKey
      ? [
          'Only this box can open it. Make a recovery key, and keep it away from the shop: smoocho backup key create',
        ]
      : []),
  ];
}

const PLAIN_LACKS = [
  'Whoever has this file reads all that is in it, but for what is encrypted in the database itself.',
  'Restored on another machine, it lacks the master key: phone numbers and addresses of customers and PINs are lost, the addresses of pictures change, and the audit can not be verified up to then.',
];
