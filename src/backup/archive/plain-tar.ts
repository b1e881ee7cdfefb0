import { ArchiveError } from '../errors.ts';

const BLOCK_BYTES = 512;
/** Our tar ends with two; other programs pad to 10 KiB. */
const MAX_END_BLOCKS = 20;
/** Offsets in a ustar header. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const SIZE = { at: 124, end: 136 };
const TYPE_AT = 156;
const PLAIN_FILE = new Set([0, 0x30]);

/**
 * Passes on a tar of plain files only, which is what we write; throws ArchiveError for others. Long names and
 * sizes come in extra members, which the reader loads into memory whatever their size: a few compressed bytes
 * could become gigabytes.
 */
export async function* onlyPlainFiles(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const header = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  let contentBytes = 0;
  let endBlocks = 0;
  for await (const piece of tar) {
    for (let at = 0; at < piece.byteLength; ) {
      const rest = piece.byteLength - at;
      if (contentBytes > 0) {
        const passed = Math.min(contentBytes, rest);
        contentBytes -= passed;
        at += passed;
        continue;
      }
      const taken = Math.min(BLOCK_BYTES - filled, rest);
      header.set(piece.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < BLOCK_BYTES) continue;
      filled = 0;
      if (isEmpty(header)) endBlocks += 1;
      else contentBytes = paddedSize(header);
      if (endBlocks > MAX_END_BLOCKS || (endBlocks > 0 && contentBytes > 0)) {
        throw new ArchiveError('damaged', 'The archive is damaged: something stands behind its end.');
      }
    }
    yield piece;
  }
}

const isEmpty = (block: Buffer) => block.every((byte) => byte === 0);

/** Size of the content, padded to whole blocks. */
function paddedSize(header: Buffer): number {
  const size = /^[0-7]{11}[\0 ]$/.exec(header.toString('latin1', SIZE.at, SIZE.end))?.[0];
  if (size === undefined || !PLAIN_FILE.has(header[TYPE_AT] as number)) {
    throw new ArchiveError('foreign', 'This file is not a backup that Smoocho made.');
  }
  return Math.ceil(Number.parseInt(size, 8) / BLOCK_BYTES) * BLOCK_BYTES;
}
