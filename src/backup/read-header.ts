import { readFileBytes, readStart } from './archive/archive-file.ts';
import { isEncryptedStart, readMembers } from './archive/archive-reader.ts';
import { Header, members } from './archive/format.ts';
import { readJson, readSmall } from './archive/walk-archive.ts';
import { ArchiveError, type ArchiveFault } from './errors.ts';

export type ArchiveStart = {
  isEncrypted: boolean;
  /** An available key fits, or none is needed. */
  opens: boolean;
  version: string | null;
  /** Public half of the recovery key that it was made for; null if unknown, as in archives of before. */
  recoveryRecipient: string | null;
  /** Why the version can't be read. */
  fault: ArchiveFault | null;
};

const START_BYTES = 64;

/** Reads an archive's header without the rest. Throws ArchiveError if the file can't be read. */
export async function readHeader(file: string, identities: string[]): Promise<ArchiveStart> {
  const isEncrypted = isEncryptedStart(await readStart(file, START_BYTES));
  const failed = (fault: ArchiveFault) => ({
    isEncrypted,
    opens: false,
    version: null,
    recoveryRecipient: null,
    fault,
  });
  try {
    for await (const member of readMembers(readFileBytes(file), identities)) {
      const bytes = await readSmall(member);
      if (member.name === members.readme) continue;
      if (member.name !== members.header) break;
      const { version, recoveryRecipient = null } = readJson(member.name, bytes, Header);
      return { isEncrypted, opens: true, version, recoveryRecipient, fault: null };
    }
    return failed('foreign');
  } catch (error) {
    if (error instanceof ArchiveError) return failed(error.fault);
    throw error;
  }
}
