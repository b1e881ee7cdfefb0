import { isUtf8 } from 'node:buffer';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ProblemError } from '../../contract/problem.ts';

/** Longer without a line break, it is passed on as it is: the CSV parser has the limit on a row. */
const LINE_MAX_BYTES = 1024 * 1024;

type Chunks = AsyncIterable<Buffer>;

/**
 * The text of a file as UTF-8 without a byte order mark, in pieces. Gzip is told by its first bytes, not by the name.
 * Lines that aren't UTF-8 are taken for windows-1252, which many tills export; UTF-16 needs its byte order mark.
 * `onBytes` hears how many bytes of the file itself were read so far. Throws `invalid_request` for damaged gzip.
 */
export async function* readText(source: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  const file = await withFirstBytes(countBytes(source, onBytes), 2);
  const isGzip = file.first[0] === 0x1f && file.first[1] === 0x8b;
  const text = await withFirstBytes(isGzip ? gunzip(file.all) : file.all, 3);
  const [first, second, third] = text.first;
  if (first === 0xff && second === 0xfe) yield* decodeUtf16(text.all, 'utf-16le');
  else if (first === 0xfe && second === 0xff) yield* decodeUtf16(text.all, 'utf-16be');
  else yield* mendLines(first === 0xef && second === 0xbb && third === 0xbf ? skip(text.all, 3) : text.all);
}

async function* countBytes(source: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
    bytes += buffer.length;
    onBytes(bytes);
    yield buffer;
  }
}

/** Reads on until `count` bytes are there (or the end); `all` gives everything, with them. */
async function withFirstBytes(chunks: Chunks, count: number): Promise<{ first: Buffer; all: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  while (first.length < count) {
    const next = await iterator.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  async function* all() {
    try {
      yield first;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { first, all: all() };
}

async function* gunzip(chunks: Chunks): AsyncGenerator<Buffer> {
  // The errors of all three come out of the last one, where they are awaited.
  const text = pipeline(Readable.from(chunks), createGunzip(), new PassThrough(), () => {});
  try {
    yield* text;
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('Z_')) throw error;
    throw new ProblemError('invalid_request', {
      detail: `The gzip file is damaged or cut off (${(error as Error).message}).`,
    });
  }
}

async function* skip(chunks: Chunks, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of chunks) {
    yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* decodeUtf16(chunks: Chunks, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}

/** Whole lines at a time, so that a character is never cut in two and each line is judged by itself. */
async function* mendLines(chunks: Chunks): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const block = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const lineEnd = Math.max(block.lastIndexOf(10), block.lastIndexOf(13)) + 1;
    const cut = lineEnd === 0 && block.length > LINE_MAX_BYTES ? block.length : lineEnd;
    rest = block.subarray(cut);
    if (cut > 0) yield toUtf8(block.subarray(0, cut));
  }
  if (rest.length > 0) yield toUtf8(rest);
}

function toUtf8(lines: Buffer): Buffer {
  if (isUtf8(lines)) return lines;
  const decoder = new TextDecoder('windows-1252');
  const mended: Buffer[] = [];
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(10, start) + 1 || lines.length;
    const line = lines.subarray(start, end);
    mended.push(isUtf8(line) ? line : Buffer.from(decoder.decode(line)));
    start = end;
  }
  return Buffer.concat(mended);
}
