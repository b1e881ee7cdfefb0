import { createHash } from 'node:crypto';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { DatabaseUnreachableError } from '../../database/errors.ts';
import type { ArchivedTable } from '../archive/format.ts';
import { countLines } from '../archive/walk-archive.ts';

/** An archive member states its size before its content, so one part of this size is held in memory. */
const PART_BYTES = 1024 * 1024;
/** PostgreSQL always sends or takes rows; without either for this long, it waits for a disk that is gone. */
const SILENCE_MS = 120_000;
const LINE_FEED = 0x0a;

export type TableShape = Pick<ArchivedTable, 'name' | 'columns'>;

const columnsOf = ({ columns }: TableShape) =>
  columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ');

/** Start of the COPY statement in both directions: `COPY … (columns in their order)`. */
export const copyTarget = (table: TableShape) =>
  `COPY ${pg.escapeIdentifier(table.name)} (${columnsOf(table)})`;

/** 256 KiB of a table, which PostgreSQL reads in two or three milliseconds. */
const BLOCKS_AT_ONCE = 32;

/**
 * Reads a whole table, passes it on in parts of whole rows, and returns its entry for the manifest. Inside
 * one transaction, all tables are read from one snapshot. `rest`, if given, is awaited after every
 * BLOCKS_AT_ONCE blocks; rows and order stay the same.
 */
export async function copyOut(
  client: pg.Client,
  table: TableShape,
  onPart: (part: Part, number: number) => Promise<void>,
  rest?: () => Promise<void>,
): Promise<ArchivedTable> {
  const hash = createHash('sha256');
  const read = { rows: 0, sizeBytes: 0, parts: 0 };
  for await (const part of wholeRows(rest ? inBits(client, table, rest) : inOneGo(client, table))) {
    for (const piece of part.pieces) {
      hash.update(piece);
      read.rows += countLines(piece);
    }
    read.sizeBytes += part.sizeBytes;
    read.parts += 1;
    await onPart(part, read.parts);
  }
  return { ...table, ...read, sha256: hash.digest('hex') };
}

export type Part = { pieces: Uint8Array[]; sizeBytes: number };

/** Gathers chunks into parts that end at the end of a row. */
async function* wholeRows(stream: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of stream) {
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    sizeBytes += piece.byteLength;
    if (sizeBytes < PART_BYTES || end === 0) {
      pieces.push(piece);
      continue;
    }
    const restBytes = piece.byteLength - end;
    yield { pieces: [...pieces, piece.subarray(0, end)], sizeBytes: sizeBytes - restBytes };
    pieces = restBytes > 0 ? [piece.subarray(end)] : [];
    sizeBytes = restBytes;
  }
  if (sizeBytes > 0) yield { pieces, sizeBytes };
}

const inOneGo = (client: pg.Client, table: TableShape) =>
  withoutSilence(client.query(copyTo(`${copyTarget(table)} TO STDOUT`)));

/**
 * Reads a few blocks per statement. A single COPY could not be paced: PostgreSQL at once reads as much as the
 * buffers on the way take, a megabyte and more, and every order placed meanwhile waits for a core.
 */
async function* inBits(client: pg.Client, table: TableShape, rest: () => Promise<void>) {
  const name = pg.escapeIdentifier(table.name);
  // Blocks added after this query hold only rows that are newer than the snapshot.
  const { rows } = await client.query<{ blocks: number }>(
    `SELECT (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int AS blocks`,
    [name],
  );
  const blocks = rows[0]?.blocks ?? 0;
  for (let from = 0; from === 0 || from < blocks; from += BLOCKS_AT_ONCE) {
    const range = `ctid >= '(${from},0)' AND ctid < '(${from + BLOCKS_AT_ONCE},0)'`;
    const select = `SELECT ${columnsOf(table)} FROM ${name} WHERE ${range}`;
    yield* withoutSilence(client.query(copyTo(`COPY (${select}) TO STDOUT`)));
    await rest();
  }
}

async function* withoutSilence(stream: AsyncIterable<Buffer>) {
  const iterator = stream[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await inTime(iterator.next());
    if (done) return;
    yield value;
  }
}

/** Awaits `work`. Throws DatabaseUnreachableError if PostgreSQL is silent for SILENCE_MS. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  const silence = Promise.withResolvers<never>();
  const late = setTimeout(
    () =>
      silence.reject(
        new DatabaseUnreachableError(
          `The database did nothing for ${SILENCE_MS / 1000} seconds. See whether it and its disk are well, and try again.`,
        ),
      ),
    SILENCE_MS,
  );
  try {
    return await Promise.race([work, silence.promise]);
  } finally {
    clearTimeout(late);
  }
}
