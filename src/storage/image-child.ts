import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import sharp from 'sharp';
import type { ImageFormat } from './image-format.ts';
import { imageWidths } from './image-store.ts';

/**
 * The process that decodes images, so that a crafted file can harm only this process. Receives the path of a file and replies
 * with the WebP files made of it. Started and ended by `image-processor.ts`.
 */
export type ImageTask = { path: string; format: ImageFormat };
export type MadeFile = { width: number; pixelWidth: number; pixelHeight: number; bytes: Uint8Array };
export type ImageReply = { files: MadeFile[] } | { reason: string };

/** Checked before decoding. Phones take 12 to 50 megapixels; the largest sensors bin down to 12. */
const MAX_PIXELS = 40_000_000;
/** The AVIF decoder holds several copies of an image, together up to 26 bytes a pixel. */
const MAX_AVIF_PIXELS = 16_000_000;
/** WebP allows 16,383 pixels a side; a taller strip is no product photo. */
const MAX_HEIGHT_RATIO = 4;
const QUALITY = 80;

const READ = { failOn: 'error', limitInputPixels: MAX_PIXELS, sequentialRead: true, pages: 1 } as const;

/** Block every libvips loader except these five, which read from a file. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif'].map((name) => `VipsForeignLoad${name}File`);

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: LOADERS });
sharp.cache(false);
sharp.concurrency(1);

/** Throws sharp's errors; returns a reason for an image that is not accepted. */
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
  // Decode once, apply the orientation, convert to sRGB. This drops the metadata.
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

/** Smaller images are not enlarged. */
const boxOf = (width: number) =>
  ({ width, height: width * MAX_HEIGHT_RATIO, fit: 'inside', withoutEnlargement: true }) as const;

const nameOf = (format: ImageFormat) => (format === 'webp' ? 'WebP' : format.toUpperCase());

/** Translates a libvips error for users. */
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
// The server is gone, perhaps by kill -9: nobody waits for a reply, and decoding may take long.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
stepBack();
process.send?.('ready');

/** Lower the priority, so that orders go first; and let the OOM killer choose this process first. */
function stepBack(): void {
  try {
    setPriority(10);
    if (process.platform === 'linux') writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Some containers forbid this; decoding works without it.
  }
}
