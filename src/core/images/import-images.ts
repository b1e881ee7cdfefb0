import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_IMAGE_BYTES } from '../../contract/images.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { ProcessedImage } from '../../storage/image-processor.ts';
import type { Context } from '../context.ts';
import { type MatchFile, type Matching, matchBy, type NamedProduct } from './match-files.ts';
import { saveProductImage } from './set-image.ts';
import { namedProducts } from './sql/named-products.ts';

export type ImportedImages = {
  /** Files in the folder; subfolders and hidden files are skipped. */
  files: number;
  /** Products whose image changed, or would change in a dry run. */
  changed: number;
  /** Files whose image the product already has. */
  unchanged: number;
  /** Files that match no product. */
  unmatched: string[];
  /** Files skipped because another one is used for their product, such as that of its first variant. */
  repeated: { file: string; usedInstead: string }[];
  /** Unusable files with the reason: not an image, or the name matches several products. */
  bad: { file: string; reason: string }[];
  /** Products of the shop without an image afterwards. */
  without: number;
  seconds: number;
};

type Options = {
  matching: Matching;
  dryRun: boolean;
  onProgress?: (done: number, total: number, file: string) => void;
};

/**
 * Imports product images from a folder, matched by file name. Idempotent; an unusable file is reported and does not stop the
 * rest. Throws `images_unavailable` and `too_busy`: what was imported stays, and a second run continues. Throws errors of
 * reading the folder.
 */
export async function importImages(
  context: Context,
  shopId: string,
  folder: string,
  { matching, dryRun, onProgress }: Options,
): Promise<ImportedImages> {
  const startedAt = performance.now();
  const products = await namedProducts(context.em.fork(), shopId);
  const chosen = await chooseFiles(folder, matchBy(matching, products));
  const result: ImportedImages = {
    files: chosen.files,
    changed: 0,
    unchanged: 0,
    unmatched: chosen.unmatched,
    repeated: chosen.repeated,
    bad: chosen.bad,
    without: 0,
    seconds: 0,
  };
  const pictured = new Set(products.filter(({ imageHash }) => imageHash).map(({ id }) => id));
  let done = 0;
  const count = (file: string) => {
    done += 1;
    onProgress?.(done, chosen.pictures.length, file);
  };
  const leaveOut = (file: string, reason: string) => {
    result.bad.push({ file, reason });
    count(file);
  };
  const save = async ({ file, product }: Chosen, image: ProcessedImage) => {
    const saved = dryRun
      ? { isChanged: product.imageHash !== image.hash }
      : await saveProductImage({ ...context, em: context.em.fork() }, shopId, product.id, image).catch(
          faultOfProduct,
        );
    if ('reason' in saved) return leaveOut(file, saved.reason);
    result[saved.isChanged ? 'changed' : 'unchanged'] += 1;
    pictured.add(product.id);
    count(file);
  };
  /** Decode the next image while the last one is being stored. */
  let saving: Promise<void> = Promise.resolve();
  for (const each of chosen.pictures) {
    const image = await decode(context, join(folder, each.file)).catch(async (error) => {
      const fault = faultOfFile(error);
      if (fault) return fault;
      // Let the save finish before the caller closes the database.
      await saving;
      throw error;
    });
    await saving;
    if ('reason' in image) leaveOut(each.file, image.reason);
    else saving = save(each, image);
    // Its error is thrown by the later await.
    saving.catch(() => {});
  }
  await saving;
  result.bad.sort((a, b) => compare(a.file, b.file));
  result.without = products.filter(({ id }) => !pictured.has(id)).length;
  return { ...result, seconds: (performance.now() - startedAt) / 1000 };
}

async function decode({ app }: Context, path: string): Promise<ProcessedImage> {
  const found = await stat(path);
  // Opening a pipe would block until somebody writes to it.
  if (!found.isFile()) throw new ProblemError('image_refused', { detail: 'This is not a file.' });
  if (found.size > MAX_IMAGE_BYTES) {
    const detail = `The file is larger than ${MAX_IMAGE_BYTES / 1024 / 1024} MiB. Make the picture smaller.`;
    throw new ProblemError('image_refused', { detail });
  }
  return await app.images.process(path);
}

/** The reason if the error concerns this file alone, such as not an image or unreadable; otherwise undefined. */
function faultOfFile(error: unknown): { reason: string } | undefined {
  if (error instanceof ProblemError)
    return error.code === 'image_refused' ? { reason: error.message } : undefined;
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined ? undefined : { reason: `The file can't be read (${message}).` };
}

/** The reason if the product was deleted meanwhile. Rethrows any other error: it would hit the next file too. */
function faultOfProduct(error: unknown): { reason: string } {
  if (error instanceof ProblemError && error.code === 'not_found')
    return { reason: 'The product was deleted just now.' };
  throw error;
}

type Chosen = { file: string; product: NamedProduct };
type Choice = { files: number; pictures: Chosen[] } & Pick<ImportedImages, 'unmatched' | 'repeated' | 'bad'>;

async function chooseFiles(folder: string, match: MatchFile): Promise<Choice> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort(compare);
  const choice: Choice = { files: names.length, pictures: [], unmatched: [], repeated: [], bad: [] };
  const fileOf = new Map<string, string>();
  for (const file of names) {
    const [product, ...others] = match(file);
    const first = product && fileOf.get(product.id);
    if (!product) choice.unmatched.push(file);
    else if (others.length > 0) {
      const all = [product, ...others].map(({ name }) => name).join(', ');
      choice.bad.push({ file, reason: `Several products are called so: ${all}.` });
    } else if (first) choice.repeated.push({ file, usedInstead: first });
    else {
      fileOf.set(product.id, file);
      choice.pictures.push({ file, product });
    }
  }
  return choice;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
