import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { readImageKey } from '../../storage/image-store.ts';
import { ArchiveError } from '../errors.ts';
import type { Member } from './archive-reader.ts';
import { FORMAT, Header, Manifest, members, Secrets } from './format.ts';

/** Callbacks for the parts of an archive. The reader waits for each. */
export type Visitor = {
  onHeader?(header: Header): void | Promise<void>;
  onSecrets?(secrets: Secrets): void | Promise<void>;
  /** Whole rows in COPY's text format; all parts of one table follow each other, in order. */
  onRows?(table: string, rows: Uint8Array): void | Promise<void>;
  onImage?(key: string, bytes: Uint8Array): void | Promise<void>;
};

/** A difference from the manifest. */
export type ArchiveFinding = { subject: string; detail: string };

export type Walked = { header: Header; manifest: Manifest; findings: ArchiveFinding[] };

/** Size of a manifest with ninety thousand images. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
/** A mark takes tens of bytes in memory for one in the file; such a manifest has two thirds of this. */
const MAX_MANIFEST_MARKS = 3_000_000;
/** Limit of all other texts. */
const MAX_SMALL_BYTES = 64 * 1024;
/** The largest image that we write is below 1 MiB. */
const MAX_IMAGE_BYTES = 16 * 1024 * 1024;
/** Limits of what is remembered until the manifest comes, which can't name more of either. */
const MAX_TABLES = 1_000;
const MAX_IMAGES = 300_000;
/** Nobody reads more of them. */
const MAX_FINDINGS = 1_000;

type Seen = {
  tables: Map<
    string,
    { hash: ReturnType<typeof createHash>; rows: number; sizeBytes: number; parts: number }
  >;
  images: Map<string, { sizeBytes: number; sha256: string }>;
  hasSecrets: boolean;
};

/**
 * Reads a whole archive and compares it with its manifest; missing, changed and extra content goes into the
 * findings. Throws ArchiveError if it can't be read on, or a newer version made it.
 */
export async function walkArchive(archive: AsyncIterable<Member>, visitor: Visitor = {}): Promise<Walked> {
  const seen: Seen = { tables: new Map(), images: new Map(), hasSecrets: false };
  const findings: ArchiveFinding[] = [];
  let header: Header | undefined;
  let manifest: Manifest | undefined;
  for await (const member of archive) {
    const { name } = member;
    if (manifest) throw damaged('it goes on behind its manifest');
    if (name === members.readme && !header) await readSmall(member);
    else if (!header) {
      if (name !== members.header) throw foreign();
      header = readJson(name, await readSmall(member), Header);
      refuseNewer(header);
      await visitor.onHeader?.(header);
    } else if (name === members.manifest) manifest = await readManifest(member);
    else if (name === members.secrets) {
      seen.hasSecrets = true;
      await visitor.onSecrets?.(readJson(name, await readSmall(member), Secrets));
    } else if (!(await readContent(member, seen, visitor))) {
      if (findings.length >= MAX_FINDINGS) throw damaged('much in it is not part of any backup');
      findings.push({ subject: name, detail: 'It is not part of any backup.' });
      for await (const _ of member.body);
    }
  }
  if (!header) throw foreign();
  if (!manifest) throw damaged('its end is missing');
  if (manifest.id !== header.id) throw damaged('it is put together of two');
  return { header, manifest, findings: [...findings, ...compare(manifest, seen)].slice(0, MAX_FINDINGS) };
}

const foreign = () => new ArchiveError('foreign', 'This file is not a backup that Smoocho made.');
const damaged = (what: string) => new ArchiveError('damaged', `The archive is damaged: ${what}.`);

function refuseNewer({ format, version }: Header): void {
  if (format <= FORMAT) return;
  throw new ArchiveError(
    'newer',
    `Smoocho ${version} made this backup in a form that this version does not know. Install Smoocho ${version} or newer, and restore it with that.`,
  );
}

/** Returns false for a member that is neither rows nor an image. */
async function readContent(member: Member, seen: Seen, visitor: Visitor): Promise<boolean> {
  const [, table, part] = /^tables\/([a-z_][a-z0-9_]*)\.(\d{6,})\.copy$/.exec(member.name) ?? [];
  if (table) {
    await readRows(member, table, Number(part), seen, visitor);
    return true;
  }
  const [, key] = /^images\/(.+)$/.exec(member.name) ?? [];
  // Only valid keys are accepted, because a key becomes a path.
  if (!key || !readImageKey(key)) return false;
  if (seen.images.size >= MAX_IMAGES) throw damaged('it has more pictures than it can have');
  const bytes = await readAll(member, MAX_IMAGE_BYTES);
  seen.images.set(key, { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  await visitor.onImage?.(key, bytes);
  return true;
}

async function readRows(
  member: Member,
  table: string,
  part: number,
  seen: Seen,
  visitor: Visitor,
): Promise<void> {
  const of = seen.tables.get(table) ?? { hash: createHash('sha256'), rows: 0, sizeBytes: 0, parts: 0 };
  seen.tables.set(table, of);
  if (seen.tables.size > MAX_TABLES) throw damaged('it has more tables than it can have');
  of.parts += 1;
  if (part !== of.parts) throw damaged(`part ${of.parts} of the table ${table} is missing`);
  for await (const piece of member.body) {
    of.hash.update(piece);
    of.rows += countLines(piece);
    of.sizeBytes += piece.byteLength;
    await visitor.onRows?.(table, piece);
  }
}

/** Counts rows in COPY's text format: line breaks within values are escaped. */
export function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
const LINE_FEED = 0x0a;

async function readAll({ name, sizeBytes, body }: Member, maxBytes: number): Promise<Buffer> {
  if (sizeBytes > maxBytes) throw damaged(`${name} is larger than it can be`);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Reads a text of limited size, before it is known whether this is an archive. Throws ArchiveError. */
export const readSmall = (member: Member) => readAll(member, MAX_SMALL_BYTES);

async function readManifest(member: Member): Promise<Manifest> {
  const bytes = await readAll(member, MAX_MANIFEST_BYTES);
  if (countMarks(bytes) > MAX_MANIFEST_MARKS) throw damaged(`${member.name} is larger than it can be`);
  return readJson(member.name, bytes, Manifest);
}

/** Characters that begin or precede a JSON value. */
const MARKS = [...Buffer.from('{[,:')];

function countMarks(bytes: Buffer): number {
  const isMark = new Uint8Array(256);
  for (const mark of MARKS) isMark[mark] = 1;
  let count = 0;
  for (const byte of bytes) count += isMark[byte] as number;
  return count;
}

/** Throws ArchiveError. */
export function readJson<S extends z.ZodType>(name: string, bytes: Buffer, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new ArchiveError('damaged', `The archive is damaged: its ${name} can't be read.`, error);
  }
}

function compare(manifest: Manifest, seen: Seen): ArchiveFinding[] {
  const findings: ArchiveFinding[] = [];
  const differs = (subject: string, detail: string) => findings.push({ subject, detail });
  for (const { name, rows, sizeBytes, parts, sha256 } of manifest.tables) {
    const found = seen.tables.get(name);
    seen.tables.delete(name);
    const [hash, foundRows] = [(found?.hash ?? createHash('sha256')).digest('hex'), found?.rows ?? 0];
    if (foundRows !== rows) differs(`Table ${name}`, `It has ${foundRows} rows; ${rows} were written.`);
    else if (hash !== sha256 || (found?.sizeBytes ?? 0) !== sizeBytes || (found?.parts ?? 0) !== parts)
      differs(`Table ${name}`, 'Its rows are not those that were written.');
  }
  for (const name of seen.tables.keys()) differs(`Table ${name}`, 'The manifest does not name it.');
  for (const { key, sizeBytes, sha256 } of manifest.images) {
    const found = seen.images.get(key);
    seen.images.delete(key);
    if (!found) differs(`Picture ${key}`, 'It is missing.');
    else if (found.sha256 !== sha256 || found.sizeBytes !== sizeBytes)
      differs(`Picture ${key}`, 'It is not the one that was written.');
  }
  for (const key of seen.images.keys()) differs(`Picture ${key}`, 'The manifest does not name it.');
  if (manifest.hasSecrets !== seen.hasSecrets)
    differs('Secrets', seen.hasSecrets ? 'The manifest does not name them.' : 'They are missing.');
  return findings;
}
