import { open } from 'node:fs/promises';
import { readFileBytes } from './archive/archive-file.ts';
import { isEncryptedStart, readMembers } from './archive/archive-reader.ts';
import { Header, members } from './archive/format.ts';
import { ArchiveError } from './errors.ts';

export type ArchiveStart = { isEncrypted: boolean; opens: boolean; version: string | null };

const START_BYTES = 64;

/** What the first bytes of an archive say, without reading the rest. `opens`: a key at hand fits, or none is needed. */
export async function readHeader(file: string, identities: string[]): Promise<ArchiveStart> {
  const isEncrypted = isEncryptedStart(await readStart(file));
  try {
    for await (const { name, body } of readMembers(readFileBytes(file), identities)) {
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(piece);
      if (name !== members.header) continue;
      const header = Header.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
      return { isEncrypted, opens: true, version: header.version };
    }
  } catch (error) {
    if (error instanceof ArchiveError && error.fault === 'locked')
      return { isEncrypted, opens: false, version: null };
  }
  return { isEncrypted, opens: false, version: null };
}

async function readStart(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
