import { systemContext } from '../../app.ts';
import { collectGarbage, type Garbage, KEPT_DAYS } from '../../core/images/collect-garbage.ts';
import { count } from '../../figures.ts';
import type { Command } from '../command.ts';
import { formatCount } from '../output/format.ts';

export const imagesGc: Command = {
  name: 'images gc',
  summary: `Take away pictures that no product has shown for ${KEPT_DAYS} days`,
  details: 'Nothing goes while a backup is being made, nor for 30 days after a restore.',
  options: [{ flags: '--dry-run', description: 'say what would go, and take nothing away' }],
  example: 'smoocho images gc --dry-run',
  async run(shell, { dryRun }) {
    await shell.withApp(async (app) => {
      const isDry = dryRun === true;
      const options = { dryRun: isDry, databaseUrl: app.databaseUrl };
      const garbage = await collectGarbage(systemContext(app, 'cli'), options);
      shell.say(...describe(garbage, isDry));
      shell.give({ dryRun: isDry, ...garbage });
    });
    return undefined;
  },
};

const holders: Record<string, string> = {
  backup: 'A backup is being made, which may still need them',
  restore: `The data was restored less than ${KEPT_DAYS} days ago, and what was there before may be put back`,
  upload: 'Pictures are being uploaded',
};

function describe({ images, files, sizeBytes, heldBy }: Garbage, isDry: boolean): string[] {
  const megabytes = formatCount(Math.ceil(sizeBytes / 100_000) / 10);
  const what = `${count(images, 'picture')} (${count(files, 'file')}, ${megabytes} MB)`;
  const done =
    files === 0 ? 'There is nothing to take away.' : `${isDry ? 'Would take' : 'Took'} away ${what}.`;
  const [holder] = heldBy;
  if (holder === undefined) return [done];
  const held = `${holders[holder] ?? 'Somebody else works on the pictures'}: the rest stays for now. Run it again later.`;
  return files === 0 ? [held] : [done, held];
}
