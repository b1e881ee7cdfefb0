import { systemContext } from '../../app.ts';
import { type CheckedImages, checkImages } from '../../core/images/check-images.ts';
import { count } from '../../figures.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { startProgress } from '../output/progress.ts';

const SHOWN_BAD = 20;

export const imagesCheck: Command = {
  name: 'images check',
  summary: 'Read every picture and see whether it is whole; exit code 4 when one is not',
  options: [],
  example: 'smoocho images check',
  async run(shell) {
    return await shell.withApp(async (app) => {
      const progress = startProgress('Reading', 1);
      const checked = await checkImages(systemContext(app, 'cli'), (done, total) =>
        progress.update(done / total, `${count(done, 'file')} of ${total}`),
      ).finally(() => progress.stop());
      shell.print(...describe(checked));
      shell.give({ isSound: checked.bad.length === 0, ...checked });
      return checked.bad.length === 0 ? exitCodes.done : exitCodes.checkFoundProblems;
    });
  },
};

function describe({ images, files, bad }: CheckedImages): string[] {
  if (bad.length === 0) return [`${count(images, 'picture')} (${count(files, 'file')}): all are whole.`];
  const shown = bad.slice(0, SHOWN_BAD).map(({ key, products }) => `  ${key} (${products.join(', ')})`);
  const more = bad.length > shown.length ? [`  … and ${bad.length - shown.length} more`] : [];
  return [
    `${count(bad.length, 'file')} of ${files} damaged or missing:`,
    ...shown,
    ...more,
    'Upload these pictures again, or restore a backup that has them.',
  ];
}
