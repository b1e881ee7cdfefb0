import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import sharp from 'sharp';
import type { ImageFormat } from './image-format.ts';
import { imageWidths } from './image-store.ts';

/**
 * The process that decodes pictures: what a crafted one does to a decoder, it does here. It is given the path of a file, and
 * answers with the WebP files made of it. Started and ended by `image-processor.ts`.
 */
export type ImageTask = { path: string; format: ImageFormat };
export type MadeFile = { width: number; pixelWidth: number; pixelHeight: number; bytes: Uint8Array };
export type ImageReply = { files: MadeFile[] } | { reason: string };

/** Capped before a pixel is decoded: a phone of today makes 12 to 50, the largest of them folded to 12. */
const MAX_PIXELS = 40_000_000;
/** The decoder of AVIF holds several copies of a picture, of up to 26 bytes a pixel together. */
const MAX_AVIF_PIXELS = 16_000_000;
/** WebP ends at 16,383; a strip of paper is no picture of a product. */
const MAX_HEIGHT_RATIO = 4;
const QUALITY = 80;

const READ = { failOn: 'error', limitInputPixels: MAX_PIXELS, sequentialRead: true, pages: 1 } as const;

/** Everything that libvips can read but these five, from a file. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif'].map((name) => `VipsForeignLoad${name}File`);

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: LOADERS });
sharp.cache(false);
sharp.concurrency(1);

/** Throws what sharp throws; gives a reason for what is no picture for us. */
async function makeFiles({ path, format }: ImageTask): Promise<ImageReply> {
  const found = await sharp(path, READ).metadata();
  const isSame =
    found.format === format || (format === 'avif' && found.format === 'heif' && found.compression === 'av1');
  if (!isSame) return { reason: `The file begins like ${nameOf(format)} and goes on as something else.` };
  const { width, height } = found;
  const most = format === 'avif' ? MAX_AVIF_PIXELS : MAX_PIXELS;
  if (width * height > most) {
    const said = format === 'avif' ? ' in AVIF' : '';
    return {
      reason: `The picture has ${width} × ${height} pixels; ${most / 1e6} megapixels are the most${said}. Make it smaller.`,
    };
  }
  // Decoded once, upright, in sRGB; what a camera wrote beside the pixels stays behind.
  const { data, info } = await sharp(path, READ)
    .autoOrient()
    .resize(boxOf(Math.max(...imageWidths)))
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const files: MadeFile[] = [];
  for (const size of imageWidths) {
    const made = await sharp(data, { raw })
      .resize(boxOf(size))
      .webp({ quality: QUALITY })
      .toBuffer({ resolveWithObject: true });
    files.push({ width: size, pixelWidth: made.info.width, pixelHeight: made.info.height, bytes: made.data });
  }
  return { files };
}

/** A picture that is narrower stays as it is. */
const boxOf = (width: number) =>
  ({ width, height: width * MAX_HEIGHT_RATIO, fit: 'inside', withoutEnlargement: true }) as const;

const nameOf = (format: ImageFormat) => (format === 'webp' ? 'WebP' : format.toUpperCase());

/** What libvips says of a file, as people understand it. */
function reasonOf(error: unknown): string {
  const { message = '' } = error as Error;
  if (/pixel limit/i.test(message)) {
    return `The picture has more than ${MAX_PIXELS / 1e6} megapixels. Make it smaller.`;
  }
  return 'The picture is damaged, or cut off. Save it anew, or take another one.';
}

process.on('message', async (task: ImageTask) => {
  const reply = await makeFiles(task).catch((error): ImageReply => ({ reason: reasonOf(error) }));
  process.send?.(reply);
});
// The server is gone, also by kill -9: nobody waits for an answer, and a decoder may take long to come to its end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
stepBack();
process.send?.('ready');

/** A sale goes before a picture; and of all processes, this is the one that the system ends first when memory runs out. */
function stepBack(): void {
  try {
    setPriority(10);
    if (process.platform === 'linux') writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not every container lets a process do so; pictures are made all the same.
  }
}
