import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import sharp from 'sharp';
import { ImageRefusedError } from '../../src/storage/errors.ts';
import {
  type ImageProcessor,
  MAX_CHILD_BYTES,
  openImageProcessor,
  type ProcessedImage,
} from '../../src/storage/image-processor.ts';
import { flat, flipped, heaviestPng, hostilePictures, SCRIPT, SECRET } from '../support/hostile-pictures.ts';
import { IS_LONG } from '../support/kills.ts';
import { photo } from '../support/pictures.ts';
import { untilHeavy } from '../support/processes.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** The most memory that a process has had so far, in bytes (Linux). */
const peakOf = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

describe('hostile pictures', function () {
  this.timeout(120_000);
  let folder: string;
  let processor: ImageProcessor;
  let peak = 0;
  let watch: NodeJS.Timeout;

  before(() => {
    folder = tempFolder();
    processor = openImageProcessor();
    watch = setInterval(() => {
      const pid = processor.pid();
      try {
        if (pid !== undefined) peak = Math.max(peak, peakOf(pid));
      } catch {
        // It ended meanwhile, or this is no Linux.
      }
    }, 10);
  });
  after(() => {
    clearInterval(watch);
    processor.close();
    removeFolder(folder);
    console.log(`most memory of the process that decodes: ${(peak / 1e6).toFixed(0)} MB`);
  });

  async function tryIt(bytes: Buffer): Promise<ProcessedImage | ImageRefusedError> {
    const path = join(folder, 'picture');
    writeFileSync(path, bytes);
    try {
      return await processor.process(path);
    } catch (error) {
      expect(error).to.be.instanceOf(ImageRefusedError);
      return error as ImageRefusedError;
    }
  }

  async function expectSafe({ files }: ProcessedImage): Promise<void> {
    expect(files.map(({ width }) => width)).to.deep.equal([160, 480, 1200]);
    for (const { bytes, width, pixelWidth, pixelHeight } of files) {
      const { format, pages, exif, xmp, iptc, icc, orientation, ...found } = await sharp(bytes).metadata();
      expect({ format, pages, exif, xmp, iptc, icc, orientation }).to.deep.equal({
        format: 'webp',
        ...{ pages: undefined, exif: undefined, xmp: undefined, iptc: undefined, icc: undefined },
        orientation: undefined,
      });
      expect(found).to.include({ width: pixelWidth, height: pixelHeight, space: 'srgb', depth: 'uchar' });
      expect(pixelWidth).to.be.at.most(width);
      expect(pixelHeight).to.be.at.most(width * 4);
      for (const text of [SCRIPT, SECRET, '<?php', 'PK\x03\x04']) {
        expect(Buffer.from(bytes).includes(text), text).to.equal(false);
      }
    }
  }

  for (const [what, verdict, make] of hostilePictures) {
    it(`${what}: ${verdict === 'either' ? 'refused, or made safe' : verdict}`, async () => {
      const bytes = await make();
      const result = await tryIt(bytes);
      if (result instanceof ImageRefusedError) {
        expect(verdict, result.message).to.not.equal('safe');
        expect(result.message).to.match(/^[A-Z][^\n]*\.$/);
      } else {
        expect(verdict).to.not.equal('refused');
        await expectSafe(result);
      }
      expect(peak).to.be.below(MAX_CHILD_BYTES);
    });
  }

  for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif'] as const) {
    it(`a ${format} with a byte changed, all over: none breaks anything`, async () => {
      const whole = await photo(60, 40)[format]({ effort: 1 }).toBuffer();
      let refused = 0;
      for (const bytes of await flipped(whole, IS_LONG ? 24 : 8)) {
        const result = await tryIt(bytes);
        if (result instanceof ImageRefusedError) refused += 1;
        else await expectSafe(result);
      }
      expect(refused).to.be.above(0);
      expect(await tryIt(whole)).to.not.be.instanceOf(ImageRefusedError);
    });
  }

  it('keep their colours: CMYK, 16 bit and a palette look like what they were', async () => {
    const red = sharp({
      create: { width: 50, height: 50, channels: 3, background: { r: 200, g: 40, b: 40 } },
    });
    for (const bytes of [
      await red.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
      await red.clone().toColourspace('rgb16').png().toBuffer(),
      await red.clone().png({ palette: true }).toBuffer(),
      await red.clone().withIccProfile('p3').png().toBuffer(),
    ]) {
      const result = await tryIt(bytes);
      if (result instanceof ImageRefusedError) throw result;
      const { channels } = await sharp(result.files[0]?.bytes).stats();
      const [r = 0, g = 0, b = 0] = channels.map(({ mean }) => mean);
      expect(Math.abs(r - 200), `red ${r} ${g} ${b}`).to.be.below(40);
      expect(Math.max(g, b), `red ${r} ${g} ${b}`).to.be.below(95);
    }
  });

  it('stand upright, whichever way the camera was held', async () => {
    // The left half is dark: where it is after being turned is what EXIF says.
    const pixels = Buffer.alloc(80 * 40, 0);
    for (let y = 0; y < 40; y += 1) pixels.fill(255, y * 80 + 40, (y + 1) * 80);
    const dark: Record<number, 'left' | 'right' | 'top' | 'bottom'> = {
      ...{ 1: 'left', 2: 'right', 3: 'right', 4: 'left', 5: 'top', 6: 'top', 7: 'bottom', 8: 'bottom' },
    };
    for (const [orientation, side] of Object.entries(dark)) {
      const bytes = await sharp(pixels, { raw: { width: 80, height: 40, channels: 1 } })
        .withMetadata({ orientation: Number(orientation) })
        .jpeg()
        .toBuffer();
      const result = await tryIt(bytes);
      if (result instanceof ImageRefusedError) throw result;
      const file = result.files[2];
      const isTurned = side === 'top' || side === 'bottom';
      expect([file?.pixelWidth, file?.pixelHeight]).to.deep.equal(isTurned ? [40, 80] : [80, 40]);
      const { data, info } = await sharp(file?.bytes).greyscale().raw().toBuffer({ resolveWithObject: true });
      const at = (x: number, y: number) => data[(y * info.width + x) * info.channels] as number;
      const [w, h] = [info.width, info.height];
      const brightness = {
        left: at(4, h / 2),
        right: at(w - 5, h / 2),
        top: at(w / 2, 4),
        bottom: at(w / 2, h - 5),
      };
      expect(brightness[side], `orientation ${orientation}`).to.be.below(60);
    }
  });

  it('that wait when it is closed are not decoded any more: nothing is started for a server that stops', async () => {
    const closing = openImageProcessor();
    const path = join(folder, 'waiting');
    writeFileSync(path, await photo(40, 30).png().toBuffer());
    const ended = Promise.allSettled([1, 2, 3].map(() => closing.process(path)));
    // The first one waits for its process to start.
    closing.close();
    expect((await ended).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
    expect(closing.pid()).to.equal(undefined);
  });

  it('of 40 megapixels of the worst kinds stay under the memory that one may take', async function () {
    if (process.platform !== 'linux') {
      console.log('    skipped: only Linux says how much memory a process took');
      this.skip();
    }
    const large = () => flat(8_000, 5_000);
    const kinds: [string, () => Promise<Buffer>][] = [
      ['a JPEG, turned', () => large().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
      [
        'a progressive JPEG without subsampling, turned',
        () =>
          large()
            .flatten()
            .withMetadata({ orientation: 6 })
            .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
            .toBuffer(),
      ],
      ['an interlaced PNG of 16 bit with alpha, turned', async () => heaviestPng(8_000, 5_000)],
      ['a WebP, turned', () => large().withMetadata({ orientation: 8 }).webp({ effort: 0 }).toBuffer()],
      [
        'an AVIF of 16 megapixels in 12 bit with alpha',
        () =>
          flat(5_000, 3_200)
            .avif({ effort: 0, quality: 20, bitdepth: 12, chromaSubsampling: '4:4:4' })
            .toBuffer(),
      ],
    ];
    for (const [kind, make] of kinds) {
      const bytes = await make();
      expect(bytes.length, kind).to.be.below(8 * 1024 * 1024);
      const result = await tryIt(bytes);
      expect(result, kind).to.not.be.instanceOf(ImageRefusedError);
      expect(peak, kind).to.be.below(MAX_CHILD_BYTES);
    }
  });

  it('that break what decodes them, or take for ever, end with a sentence, and the next one is read', async function () {
    if (process.platform !== 'linux') {
      console.log('    skipped: only Linux says whether a process is at it');
      this.skip();
    }
    const impatient = openImageProcessor({ timeoutMs: 5_000 });
    const path = join(folder, 'large');
    writeFileSync(
      path,
      await flat(8_000, 5_000).toColourspace('rgb16').png({ progressive: true }).toBuffer(),
    );
    const small = join(folder, 'small');
    writeFileSync(small, await photo(40, 30).png().toBuffer());
    for (const [signal, said] of [
      ['SIGKILL', 'The picture can not be read: it breaks what reads it. Save it anew.'],
      ['SIGSTOP', 'The picture takes too long to be read. Save it anew.'],
    ] as const) {
      await impatient.process(small);
      const pid = impatient.pid() as number;
      const reading = impatient.process(path).then(
        () => 'read',
        (error: Error) => error.message,
      );
      await untilHeavy(pid);
      process.kill(pid, signal);
      expect(await reading).to.equal(said);
    }
    expect((await impatient.process(small)).files).to.have.length(3);
    impatient.close();
  });
});
