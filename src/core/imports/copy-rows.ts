import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export type CopyValue = string | number | boolean | null;

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** One row in the text format of COPY. https://www.postgresql.org/docs/current/sql-copy.html */
export function copyLine(values: CopyValue[]): string {
  const cells = values.map((value) =>
    value === null ? '\\N' : typeof value === 'string' ? escapeCopy(value) : String(value),
  );
  return `${cells.join('\t')}\n`;
}

/** Text as COPY takes it. */
export const escapeCopy = (text: string) =>
  SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character) : text;

/** Streams text into a table no faster than the server takes it. A fault in `chunks` takes the COPY back. */
export async function copyInto(
  client: Client,
  statement: string,
  chunks: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  await pipeline(Readable.from(chunks), client.query(copyFrom(statement)));
}
