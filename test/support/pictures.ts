import { randomInt } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

// Pictures are generated here, from bytes or by sharp: the repository contains none, nor any that would harm other software.

/** A PNG chunk: length, type, data, CRC. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, crc]);
}

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

type PngOptions = {
  /** The size in its header; the pixels have it too, unless `rows` is given. */
  width?: number;
  height?: number;
  rows?: Buffer;
  /** Chunks between the header and the pixels. */
  chunks?: Buffer[];
  colour?: [number, number, number];
};

/** A one-colour PNG of 8-bit RGB, built by hand. */
export function pngOf({
  width = 8,
  height = 8,
  rows,
  chunks = [],
  colour = [200, 30, 30],
}: PngOptions = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = () => Buffer.concat([Buffer.of(0), Buffer.alloc(width * 3, Buffer.from(colour))]);
  const pixels = rows ?? Buffer.concat(Array.from({ length: height }, row));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', deflateSync(pixels)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PNG unique to a test: pictures are identified by their content. */
export const anyPng = (size = 8): Buffer =>
  pngOf({ width: size, height: size, colour: [randomInt(256), randomInt(256), randomInt(256)] });

/** A picture with waves of colour, which compresses like a photograph. */
export function photo(width: number, height: number, seed = 1): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      pixels[at++] = 128 + 100 * Math.sin(x / (17 + seed) + y / 31);
      pixels[at++] = 128 + 90 * Math.sin(x / 41 - y / (23 + seed));
      pixels[at++] = (x * 7 + y * 13 + seed * 29) & 63;
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
