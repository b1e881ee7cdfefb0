import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { readFileBytes } from '../../src/backup/archive/archive-file.ts';
import { readMembers } from '../../src/backup/archive/archive-reader.ts';
import { openWriter } from '../../src/backup/archive/archive-writer.ts';
import { type KeyPair, newKeyPair } from '../../src/backup/archive/encryption.ts';
import { FORMAT, type Manifest, members, tableMember } from '../../src/backup/archive/format.ts';
import { type Walked, walkArchive } from '../../src/backup/archive/walk-archive.ts';

export const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Writes members in order into an archive in memory. */
export async function writeArchive(
  content: [name: string, bytes: Uint8Array | string][],
  recipients: string[] = [],
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const sink = {
    write: async (bytes: Uint8Array) => pieces.push(Buffer.from(bytes)),
    datasync: async () => {},
  };
  const writer = openWriter(sink, recipients, new Date(0));
  for (const [name, bytes] of content) await writer.add(name, bytes);
  await writer.finish();
  return Buffer.concat(pieces);
}

/** A manifest with one table whose parts are `parts`, and nothing else. */
export function manifestOf(
  id: string,
  parts: (Uint8Array | string)[],
  more: Partial<Manifest> = {},
): Manifest {
  const rows = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  return {
    format: FORMAT,
    id,
    createdAt: '2026-11-29T22:30:00.000Z',
    version: '0.1.0',
    postgres: '18.4',
    migrations: ['0001_core'],
    masterKey: null,
    hasSecrets: false,
    recoveryRecipient: null,
    shops: [],
    tables: [
      {
        name: 'orders',
        columns: [{ name: 'id', type: 'uuid' }],
        rows: rows.toString('latin1').split('\n').length - 1,
        sizeBytes: rows.length,
        parts: parts.length,
        sha256: sha256(rows),
      },
    ],
    sequences: [],
    images: [],
    missingImages: [],
    auditHeads: [],
    ...more,
  };
}

export type SmallArchive = { id: string; content: [string, Uint8Array | string][]; manifest: Manifest };

/** The contents of a small sound archive, for a test to modify. */
export function smallArchive(parts: (Uint8Array | string)[], more: Partial<Manifest> = {}): SmallArchive {
  const id = randomUUID();
  const manifest = manifestOf(id, parts, more);
  const header = { format: FORMAT, id, createdAt: manifest.createdAt, version: manifest.version };
  return {
    id,
    manifest,
    content: [
      [members.readme, 'read me'],
      [members.header, JSON.stringify(header)],
      ...parts.map((part, i): [string, Uint8Array | string] => [tableMember('orders', i + 1), part]),
      [members.manifest, JSON.stringify(manifest)],
    ],
  };
}

/** Splits bytes into chunks, like reads from a disk. */
export async function* inPieces(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const walkBytes = (bytes: Buffer, identities: string[] = [], pieceBytes?: number): Promise<Walked> =>
  walkArchive(readMembers(inPieces(bytes, pieceBytes), identities));

let keys: Promise<KeyPair> | undefined;
/** One key pair shared by all tests of a file. */
export const testKey = () => {
  keys ??= newKeyPair();
  return keys;
};

/** Reads all members of an archive into memory. */
export async function membersOf(
  file: string,
  identities: string[],
): Promise<[name: string, bytes: Buffer][]> {
  const found: [string, Buffer][] = [];
  for await (const { name, body } of readMembers(readFileBytes(file), identities)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    found.push([name, Buffer.concat(pieces)]);
  }
  return found;
}

/** Raw tar header fields, which may contradict the content. */
export type RawMember = { name: string; size?: number | Buffer; type?: string; content?: Iterable<Buffer> };

/** Writes a plain archive from members that our code would never write, as a file. */
export async function writeRaw(path: string, members: Iterable<RawMember>): Promise<void> {
  async function* bytes() {
    for (const { name, size, type = '0', content = [] } of members) {
      const pieces = [...(size === undefined ? content : [])];
      const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
      yield rawHeader(name, size ?? total, type);
      yield* size === undefined ? pieces : content;
      if (size === undefined) yield Buffer.alloc((512 - (total % 512)) % 512);
    }
    yield Buffer.alloc(1024);
  }
  await pipeline(bytes(), createZstdCompress(), createWriteStream(path));
}

function rawHeader(name: string, size: number | Buffer, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000600\0', 100, 'latin1');
  if (typeof size === 'number') header.write(size.toString(8).padStart(11, '0'), 124, 'latin1');
  else size.copy(header, 124);
  header.write('00000000000\0        ', 136, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
