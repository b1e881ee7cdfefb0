import type { Writable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import { pack } from 'tar-stream';
import { encrypt } from './encryption.ts';

/** What an SD card writes in half a second. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
/** Half of what the fastest level does on sales, in a third of the time of the usual one of gzip. */
const LEVEL = 3;

/** Where an archive goes: a file handle is one. */
export type Sink = { write(bytes: Uint8Array): Promise<unknown>; datasync(): Promise<void> };

export type ArchiveWriter = {
  /** A member, of one piece or of several one after the other. Resolves when there is room for the next one. */
  add(name: string, content: string | Uint8Array | Uint8Array[]): Promise<void>;
  /** Writes the end. Everything is in the sink when it resolves. */
  finish(): Promise<void>;
  /** Gives up: what was written so far is worth nothing. */
  abandon(error: Error): Promise<void>;
};

/** Members → tar → one zstd frame with a checksum → age, unless there are no recipients → sink. Memory stays flat. */
export function openWriter(sink: Sink, recipients: string[], mtime: Date): ArchiveWriter {
  const tar = pack();
  const zstd = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  // Whoever reads it hears of the error; nobody does once the sink has failed.
  for (const stream of [tar, zstd]) stream.on('error', () => {});
  feed(tar, zstd).catch((error) => zstd.destroy(error));
  const written = writeAll(recipients.length > 0 ? encrypt(zstd, recipients) : zstd, sink).catch(
    (error: Error) => {
      tar.destroy(error);
      throw error;
    },
  );
  // It is looked at by whoever adds next, or finishes.
  written.catch(() => {});
  return {
    async add(name, content) {
      const pieces = Array.isArray(content) ? content : [Buffer.from(content as Uint8Array)];
      const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
      const added = new Promise<void>((resolve, reject) => {
        const entry = { name, mode: 0o600, mtime, size };
        const member = tar.entry(entry, (error) => (error ? reject(error) : resolve()));
        // The callback tells it, too.
        member.on('error', () => {});
        for (const piece of pieces) member.write(piece);
        member.end();
      });
      // A sink that fails ends the tar too, with an error that says less than its own.
      await added.catch(async (error) => {
        await written;
        throw error;
      });
    },
    async finish() {
      tar.finalize();
      await written;
    },
    async abandon(error) {
      tar.destroy(error);
      await written.catch(() => {});
    },
  };
}

/**
 * Waits for each piece to be compressed before the end is said: piped, Node 24 ends the frame with the last piece and once more
 * after it, which is a second, empty frame, and its own reader sees one alone.
 */
async function feed(tar: AsyncIterable<Uint8Array>, zstd: Writable): Promise<void> {
  for await (const piece of tar) {
    await new Promise<void>((resolve, reject) => {
      zstd.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  zstd.end();
}

/** To the disk bit by bit: all of it at the end would hold up the log of PostgreSQL, and every sale with it. */
async function writeAll(bytes: AsyncIterable<Uint8Array>, sink: Sink): Promise<void> {
  let unsynced = 0;
  for await (const piece of bytes) {
    await sink.write(piece);
    unsynced += piece.byteLength;
    if (unsynced < SYNC_EVERY_BYTES) continue;
    await sink.datasync();
    unsynced = 0;
  }
  await sink.datasync();
}
