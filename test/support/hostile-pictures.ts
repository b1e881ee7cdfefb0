import { randomBytes } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { PNG_SIGNATURE, photo, pngChunk, pngOf } from './pictures.ts';

/** A hostile upload: `refused`, or `safe` once it was re-encoded. */
export type HostilePicture = [
  what: string,
  verdict: 'refused' | 'safe' | 'either',
  make: () => Buffer | Promise<Buffer>,
];

/** Content that no served picture may contain. */
export const SCRIPT = '<script>alert(document.domain)</script>';
export const SECRET = 'Taken at 12 Hill Road by Asha';

const header = (width: number, height: number, depth: number, colour: number): Buffer => {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colour, 0, 0, 0], 8);
  return pngChunk('IHDR', data);
};
const END = pngChunk('IEND', Buffer.alloc(0));

/** 30,000 × 30,000 at one bit a pixel: 112 MB of zeros in 110 KB, a fully valid PNG. */
const hugePng = (): Buffer => {
  const rows = deflateSync(Buffer.alloc(30_000 * 3_751));
  return Buffer.concat([PNG_SIGNATURE, header(30_000, 30_000, 1, 0), pngChunk('IDAT', rows), END]);
};

/** Adam7: the offset of each pass, and its steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** EXIF with only an orientation: rotated by 90°. */
const ON_ITS_SIDE = Buffer.from('4d4d002a0000000800010112000300000001000600000000' + '0000', 'hex');

/** The PNG that needs the most memory: interlaced, 16 bit with alpha, to be rotated. Built by hand because sharp is slow. */
export function heaviestPng(width: number, height: number): Buffer {
  const steps = (size: number, from: number, step: number) => Math.ceil((size - from) / step);
  const lengths = PASSES.map(([x, y, dx, dy]) => steps(height, y, dy) * (1 + steps(width, x, dx) * 8));
  const pixels = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0));
  const head = header(width, height, 16, 6);
  return Buffer.concat([
    PNG_SIGNATURE,
    interlaced(head),
    pngChunk('eXIf', ON_ITS_SIDE),
    pngChunk('IDAT', deflateSync(pixels, { level: 1 })),
    END,
  ]);
}

/** The same header with the interlace flag set. */
function interlaced(head: Buffer): Buffer {
  const data = Buffer.from(head.subarray(8, 8 + 13));
  data[12] = 1;
  return pngChunk('IHDR', data);
}

/** A text chunk of 200 KB that inflates to 200 MB. */
let bomb: Buffer | undefined;
const bombText = () => {
  bomb ??= deflateSync(Buffer.alloc(200_000_000, 'x'), { level: 1 });
  return bomb;
};
const named = (name: string, data: Buffer) => Buffer.concat([Buffer.from(`${name}\0\0`, 'latin1'), data]);

/** A single colour: fast to make at any size. */
export const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 4, background: '#c8281e80' } });

const jpeg = (width = 300, height = 200) => photo(width, height).jpeg();
const withSize = (bytes: Buffer, at: number, write: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  if (at < 0) throw new Error('The place of the size was not found.');
  write(copy);
  return copy;
};

/** A JPEG with another size in its frame header. */
async function jpegOfSize(width: number, height: number): Promise<Buffer> {
  const bytes = await jpeg().toBuffer();
  const at = bytes.indexOf(Buffer.of(0xff, 0xc0));
  return withSize(bytes, at, (copy) => {
    copy.writeUInt16BE(height, at + 5);
    copy.writeUInt16BE(width, at + 7);
  });
}

/** The offset after a GIF's header and palette. */
const behindPalette = (gif: Buffer) => 13 + 3 * 2 ** (((gif[10] as number) & 7) + 1);

/** A GIF with another size in its screen and first frame. */
async function gifOfSize(width: number, height: number): Promise<Buffer> {
  const bytes = await photo(20, 20).gif({ effort: 1 }).toBuffer();
  let at = behindPalette(bytes);
  // Skip extensions: blocks with a length prefix.
  while (bytes[at] === 0x21) {
    at += 2;
    while (bytes[at] !== 0) at += 1 + (bytes[at] as number);
    at += 1;
  }
  return withSize(bytes, bytes[at] === 0x2c ? at : -1, (copy) => {
    for (const place of [6, at + 5]) {
      copy.writeUInt16LE(width, place);
      copy.writeUInt16LE(height, place + 2);
    }
  });
}

/** A WebP whose header has the largest possible size: 16,384 × 16,384, 268 megapixels. */
async function webpOfSize(): Promise<Buffer> {
  const bytes = await photo(20, 20).webp({ lossless: true }).toBuffer();
  const at = bytes.indexOf('VP8L');
  return withSize(bytes, at, (copy) => copy.writeUInt32LE(0x0fffffff, at + 9));
}

async function avifOfSize(width: number, height: number): Promise<Buffer> {
  const bytes = await photo(64, 64).avif({ effort: 0 }).toBuffer();
  const at = bytes.indexOf('ispe');
  return withSize(bytes, at, (copy) => {
    copy.writeUInt32BE(width, at + 8);
    copy.writeUInt32BE(height, at + 12);
  });
}

const frames = (count: number) =>
  sharp(Buffer.alloc(16 * 16 * count * 3, 120), {
    raw: { width: 16, height: 16 * count, channels: 3, pageHeight: 16 },
  });

const located = () =>
  jpeg(640, 480)
    .withExif({
      IFD0: { Artist: SECRET, Copyright: SECRET, ImageDescription: SECRET },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '12/1 58/1 1234/100',
        GPSLongitudeRef: 'E',
        GPSLongitude: '77/1 35/1 3600/100',
      },
    })
    .withXmp(
      `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="x"><rdf:Description>${SECRET}</rdf:Description></rdf:RDF></x:xmpmeta>`,
    )
    .toBuffer();

const cut = async (bytes: Buffer | Promise<Buffer>, part: number) => {
  const whole = await bytes;
  return whole.subarray(0, Math.floor(whole.length * part));
};

/** Copies with one byte changed, at evenly spaced offsets: most are invalid pictures, and none may break anything. */
export async function flipped(bytes: Buffer, places: number): Promise<Buffer[]> {
  return Array.from({ length: places }, (_, n) => {
    const copy = Buffer.from(bytes);
    const at = Math.floor((copy.length * n) / places);
    copy[at] = (copy[at] as number) ^ 0x55;
    return copy;
  });
}

export const hostilePictures: HostilePicture[] = [
  ['30,000 × 30,000 pixels in 110 KB', 'refused', hugePng],
  [
    '30,000 × 30,000 pixels, of which there are eight rows',
    'refused',
    () => pngOf({ width: 30_000, height: 30_000, rows: Buffer.alloc(90_001 * 8) }),
  ],
  [
    'the largest size that a PNG can say',
    'refused',
    () => pngOf({ width: 0x7fffffff, height: 0x7fffffff, rows: Buffer.alloc(10) }),
  ],
  ['a PNG without a size', 'refused', () => pngOf({ width: 0, height: 0, rows: Buffer.alloc(10) })],
  ['the largest size that a JPEG can say', 'refused', () => jpegOfSize(65_500, 65_500)],
  ['a JPEG of no height', 'refused', () => jpegOfSize(300, 0)],
  ['30,000 × 30,000 pixels in a GIF', 'refused', () => gifOfSize(30_000, 30_000)],
  ['268 megapixels in a WebP', 'refused', webpOfSize],
  ['30,000 × 30,000 pixels in an AVIF', 'refused', () => avifOfSize(30_000, 30_000)],
  [
    'an AVIF of 20 megapixels',
    'refused',
    () => flat(5_000, 4_000).avif({ effort: 0, quality: 30 }).toBuffer(),
  ],
  [
    'a PNG with a text of 200 MB',
    'either',
    () => pngOf({ chunks: [pngChunk('zTXt', named('Comment', bombText()))] }),
  ],
  [
    'a PNG with twenty texts of 200 MB',
    'either',
    () => pngOf({ chunks: Array.from({ length: 20 }, () => pngChunk('zTXt', named('Comment', bombText()))) }),
  ],
  [
    'a PNG with a profile of 200 MB',
    'either',
    () => pngOf({ chunks: [pngChunk('iCCP', named('icc', bombText()))] }),
  ],
  [
    'a PNG with an international text of 200 MB',
    'either',
    () =>
      pngOf({
        chunks: [pngChunk('iTXt', Buffer.concat([Buffer.from('Comment\0\x01\0\0\0', 'latin1'), bombText()]))],
      }),
  ],
  [
    'a PNG with 200,000 texts',
    'either',
    () =>
      pngOf({ chunks: Array.from({ length: 200_000 }, (_, n) => pngChunk('tEXt', Buffer.from(`k${n}\0v`))) }),
  ],
  ['a PNG with EXIF of 4 MB', 'either', () => pngOf({ chunks: [pngChunk('eXIf', randomBytes(4_000_000))] })],
  ['a PNG of 8 × 8 whose pixels come to 300 MB', 'either', () => pngOf({ rows: Buffer.alloc(300_000_000) })],
  [
    'a PNG with a chunk longer than itself',
    'refused',
    () => {
      const png = pngOf();
      png.writeUInt32BE(0x7fffffff, PNG_SIGNATURE.length);
      return png;
    },
  ],
  [
    'a PNG with wrong checksums',
    'either',
    () => {
      const png = pngOf({ width: 64, height: 64 });
      png[png.length - 14] = (png[png.length - 14] as number) ^ 0xff;
      return png;
    },
  ],
  ['a GIF of 3,000 frames', 'safe', () => frames(3_000).gif({ effort: 1 }).toBuffer()],
  ['an animated WebP', 'safe', () => frames(30).webp().toBuffer()],
  ['an animated GIF', 'safe', () => frames(30).gif({ effort: 1 }).toBuffer()],
  [
    'HTML behind a GIF',
    'safe',
    async () =>
      Buffer.concat([
        await photo(100, 80).gif({ effort: 1 }).toBuffer(),
        Buffer.from(`<html>${SCRIPT}</html>`),
      ]),
  ],
  [
    'HTML in a comment of a GIF',
    'either',
    async () => {
      const gif = await photo(20, 20).gif({ effort: 1 }).toBuffer();
      const text = Buffer.from(SCRIPT);
      return Buffer.concat([
        gif.subarray(0, behindPalette(gif)),
        Buffer.of(0x21, 0xfe, text.length),
        text,
        Buffer.of(0),
        gif.subarray(behindPalette(gif)),
      ]);
    },
  ],
  [
    'a script in a comment of a JPEG',
    'safe',
    async () => {
      const bytes = await jpeg().toBuffer();
      const text = Buffer.from(SCRIPT);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(text.length + 2);
      return Buffer.concat([bytes.subarray(0, 2), Buffer.of(0xff, 0xfe), length, text, bytes.subarray(2)]);
    },
  ],
  [
    'a zip archive behind a JPEG',
    'safe',
    async () => Buffer.concat([await jpeg().toBuffer(), Buffer.from('PK\x03\x04'), randomBytes(1_000)]),
  ],
  ['PHP behind a PNG', 'safe', () => Buffer.concat([pngOf(), Buffer.from('<?php system($_GET["c"]); ?>')])],
  ['a place, a name and a comment of the camera', 'safe', located],
  ['CMYK', 'safe', () => photo(300, 200).toColourspace('cmyk').jpeg().toBuffer()],
  ['16 bit', 'safe', () => photo(300, 200).toColourspace('rgb16').png().toBuffer()],
  [
    'grey with alpha',
    'safe',
    () =>
      sharp(Buffer.alloc(64 * 64 * 2, 99), { raw: { width: 64, height: 64, channels: 2 } })
        .png()
        .toBuffer(),
  ],
  ['a palette', 'safe', () => photo(300, 200).png({ palette: true, colours: 8 }).toBuffer()],
  [
    'a profile that is none',
    'either',
    () => pngOf({ chunks: [pngChunk('iCCP', named('icc', deflateSync(randomBytes(5_000))))] }),
  ],
  ['one pixel', 'safe', () => pngOf({ width: 1, height: 1 })],
  ['a line of 40,000 pixels', 'safe', () => pngOf({ width: 40_000, height: 1 })],
  ...(['jpeg', 'png', 'webp', 'avif', 'gif'] as const).flatMap((format): HostilePicture[] => {
    const whole = () => photo(200, 150)[format]({ effort: 1 }).toBuffer();
    return [
      [`half of a ${format}`, 'refused', () => cut(whole(), 0.5)],
      [`the beginning of a ${format}`, 'refused', () => cut(whole(), 0.02)],
      [`almost all of a ${format}`, 'either', () => cut(whole(), 0.97)],
      [
        `a ${format} under a PNG's signature`,
        'refused',
        async () => Buffer.concat([PNG_SIGNATURE, await whole()]),
      ],
    ];
  }),
  ['a PNG in the place of a JPEG', 'refused', () => Buffer.concat([Buffer.of(0xff, 0xd8, 0xff), pngOf()])],
  ['SVG', 'refused', () => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`)],
  [
    'SVG behind a declaration and a comment',
    'refused',
    () => Buffer.from(`<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>`),
  ],
  ['SVG in gzip', 'refused', () => gzipSync('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  [
    'XML of a billion laughs',
    'refused',
    () => Buffer.from('<!DOCTYPE lolz [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>'),
  ],
  ['TIFF', 'refused', () => photo(50, 50).tiff().toBuffer()],
  ['a PDF', 'refused', () => Buffer.from('%PDF-1.7\n1 0 obj')],
  [
    'a script for ImageMagick',
    'refused',
    () =>
      Buffer.from(
        "push graphic-context\nviewbox 0 0 1 1\nfill 'url(https://example.com/)'\npop graphic-context",
      ),
  ],
  ['a BMP', 'refused', () => Buffer.concat([Buffer.from('BM'), randomBytes(200)])],
  ['an icon', 'refused', () => Buffer.concat([Buffer.of(0, 0, 1, 0, 1, 0), pngOf()])],
  [
    'a picture of libvips itself',
    'refused',
    () => Buffer.concat([Buffer.of(0xb6, 0xa6, 0xf2, 0x08), randomBytes(200)]),
  ],
  ['numbers with commas', 'refused', () => Buffer.from('1,2,3\n4,5,6\n')],
  ['a film', 'refused', () => Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isomiso2', 'latin1')],
  [
    'an AVIF that is one in its brand alone',
    'refused',
    () => Buffer.concat([Buffer.from('\0\0\0\x18ftypavif\0\0\0\0avifmif1', 'latin1'), randomBytes(3_000)]),
  ],
  ['a HEIC in its brand', 'refused', () => Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'latin1')],
  ['noise', 'refused', () => randomBytes(100_000)],
];
