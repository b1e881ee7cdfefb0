import { statSync } from 'node:fs';
import { type ImportedImages, importImages as importImagesOf } from '../../core/images/import-images.ts';
import { type Matching, matchings } from '../../core/images/match-files.ts';
import { count } from '../../figures.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { startProgress } from '../output/progress.ts';

const SHOWN = 20;

export const importImages: Command = {
  name: 'import images',
  summary: 'Give products the pictures of a folder, by the names of the files',
  arguments: [{ name: 'folder', description: 'a folder of JPEG, PNG, WebP, AVIF or GIF files' }],
  options: [
    SHOP_OPTION,
    {
      flags: '--match <what>',
      description: 'what the files are called by: sku, barcode or name (default sku)',
      values: matchings,
    },
    { flags: '--dry-run', description: 'read the files and say what would happen, and change nothing' },
  ],
  example: 'smoocho import images menu-photos --shop PIZA --match name',
  async run(shell, { shop: code, match = 'sku', dryRun }, [folder]) {
    const matching = matchings.find((known) => known === match);
    if (!matching) throw new UsageError(`--match is ${matchings.join(', ')}.`);
    requireFolder(folder as string);
    return await atShop(shell, code, async ({ shop, context }) => {
      const progress = startProgress('Pictures', 1);
      const isDry = dryRun === true;
      const imported = await importImagesOf(context, shop.id, folder as string, {
        matching,
        dryRun: isDry,
        onProgress: (done, total, file) => progress.update(done / total, `${done} of ${total}, ${file}`),
      }).finally(() => progress.stop());
      shell.say(...describe(shop.name, imported, matching, isDry));
      shell.give({ dryRun: isDry, ...imported });
      return imported.bad.length === 0 ? exitCodes.done : exitCodes.failed;
    });
  },
};

function requireFolder(path: string): void {
  try {
    if (statSync(path).isDirectory()) return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'ENOENT' ? `There is no folder ${path}.` : `The folder ${path} can't be read (${code}).`,
    );
  }
  throw new UsageError(`${path} is not a folder.`);
}

function describe(
  shopName: string,
  { files, changed, unchanged, unmatched, repeated, bad, without }: ImportedImages,
  matching: Matching,
  isDry: boolean,
): string[] {
  if (files === 0) return ['There are no files in the folder.'];
  const same =
    unchanged > 0
      ? ` ${count(unchanged, 'product')} ${unchanged === 1 ? 'has its' : 'have their'} picture already.`
      : '';
  return [
    `${isDry ? 'Would give' : 'Gave'} ${count(changed, 'product')} of ${shopName} a picture.${same}`,
    ...list(
      unmatched,
      (n) => `${count(n, 'file')} ${n === 1 ? 'fits' : 'fit'} no product by ${matching}:`,
      (file) => file,
    ),
    ...list(
      bad,
      (n) => `${count(n, 'file')} can not be used:`,
      ({ file, reason }) => `${file}: ${reason}`,
    ),
    ...list(
      repeated,
      (n) => `${count(n, 'file')} left out, for another one is of the same product:`,
      ({ file, usedInstead }) => `${file} (used: ${usedInstead})`,
    ),
    ...(without > 0 ? [`${count(without, 'product')} ${without === 1 ? 'has' : 'have'} no picture.`] : []),
    ...(isDry ? ['Nothing was changed.'] : []),
  ];
}

function list<T>(items: T[], title: (count: number) => string, line: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const more = items.length > SHOWN ? [`  … and ${items.length - SHOWN} more`] : [];
  return [title(items.length), ...items.slice(0, SHOWN).map((item) => `  ${line(item)}`), ...more];
}
