import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { ArchiveError } from '../errors.ts';
import { decrypt } from './encryption.ts';
import { onlyPlainFiles } from './plain-tar.ts';

/** A file in the archive. Read its body to the end before asking for the next one. */
export type Member = { name: string; sizeBytes: number; body: AsyncIterable<Uint8Array> };

const AGE_MAGIC = 'age-encryption.org/v1\n';
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Two recipients take 300 bytes. Limited, as the package reads a header of any length into memory. */
export const MAX_AGE_HEADER_BYTES = 64 * 1024;
/** 8 MiB, four times what our level needs; a crafted file may ask for gigabytes. */
const MAX_WINDOW_LOG = 23;

/** Whether a file begins like one encrypted by age. */
export const isEncryptedStart = (start: Uint8Array) =>
  Buffer.from(start.subarray(0, AGE_MAGIC.length)).toString('latin1') === AGE_MAGIC;

/** Whether a file begins like a plain archive; an overwritten file matches neither. */
export const isPlainStart = (start: Uint8Array) =>
  Buffer.from(start.subarray(0, ZSTD_MAGIC.length)).equals(ZSTD_MAGIC);

/**
 * Yields the members of an archive in order. Throws ArchiveError where the file is damaged, and at the end if
 * more data follows: don't trust earlier members until the end was reached.
 */
export async function* readMembers(
  file: AsyncIterable<Uint8Array>,
  identities: string[],
): AsyncGenerator<Member> {
  const { start, all } = await peek(file, MAX_AGE_HEADER_BYTES);
  const isEncrypted = isEncryptedStart(start);
  if (isEncrypted && !start.includes('\n--- ')) throw notOurs();
  const compressed = count(isEncrypted ? decrypt(all, identities) : all);
  const zstd = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } });
  const tar = extract();
  let failure: unknown;
  const flowing = pipeline(
    Readable.from(startsAsZstd(compressed.bytes), { objectMode: false }),
    zstd,
    onlyPlainFiles,
    tar as never,
  ).catch((error) => {
    failure = error;
  });
  try {
    for await (const entry of tar) {
      const { name, size = 0, type } = entry.header;
      if (type !== 'file') throw notOurs();
      yield { name, sizeBytes: size, body: explained(entry, () => failure) };
    }
    await flowing;
    if (failure !== undefined) throw failure;
  } catch (error) {
    await flowing;
    throw asArchiveError(failure ?? error);
  } finally {
    zstd.destroy();
    tar.destroy();
  }
  // The decompressor silently drops a second frame in the same chunk.
  if (zstd.bytesWritten !== compressed.sizeBytes()) {
    throw new ArchiveError('damaged', 'The archive is damaged: something stands behind its end.');
  }
}

/** Throws the pipeline's error, which also ends the member being read. */
async function* explained(body: AsyncIterable<Uint8Array>, failure: () => unknown) {
  try {
    yield* body;
  } catch (error) {
    throw asArchiveError(failure() ?? error);
  }
}

const notOurs = () => new ArchiveError('foreign', 'This file is not a backup that Smoocho made.');

/** Returns the start of a file, up to about `sizeBytes`, and the whole file again. */
async function peek(file: AsyncIterable<Uint8Array>, sizeBytes: number) {
  const iterator = file[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < sizeBytes) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
    length += value.byteLength;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* first;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { start: Buffer.concat(first), all: all() };
}

function count(source: AsyncIterable<Uint8Array>) {
  let sizeBytes = 0;
  async function* bytes() {
    for await (const piece of source) {
      sizeBytes += piece.byteLength;
      yield piece;
    }
  }
  return { bytes: bytes(), sizeBytes: () => sizeBytes };
}

async function* startsAsZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of source) {
    if (isFirst && !Buffer.from(piece).subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)) throw notOurs();
    isFirst = false;
    yield piece;
  }
  if (isFirst) throw notOurs();
}

/** Turns an error into an ArchiveError, unless it comes from the disk or the network. */
function asArchiveError(error: unknown): unknown {
  if (error instanceof ArchiveError || (error instanceof Error && 'syscall' in error)) return error;
  const { code = '' } = error as { code?: string };
  const what =
    code === 'Z_BUF_ERROR'
      ? 'its end is missing'
      : code.startsWith('ZSTD_')
        ? 'bytes of it were changed'
        : 'it is not whole';
  return new ArchiveError('damaged', `The archive is damaged: ${what}.`, error);
}
