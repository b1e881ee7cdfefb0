import { stat } from 'node:fs/promises';
import { readFileBytes } from './archive/archive-file.ts';
import { readMembers } from './archive/archive-reader.ts';
import type { Manifest, Secrets } from './archive/format.ts';
import { type ArchiveFinding, walkArchive } from './archive/walk-archive.ts';
import { ArchiveError } from './errors.ts';

export type ReadBack = {
  /** Null if the file can't be read to its end. */
  manifest: Manifest | null;
  secrets: Secrets | null;
  /** Differences from the manifest; empty for a sound archive. */
  findings: ArchiveFinding[];
};

/**
 * Reads a whole archive and checks it against its manifest. Throws ArchiveError if no available key opens it
 * or a newer version made it: whether such an archive is sound can't be told.
 */
export async function readBack(
  file: string,
  identities: string[],
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<ReadBack> {
  const { size } = await stat(file);
  let done = 0;
  const bytes = readFileBytes(file, (read) => {
    done += read;
    onProgress(done, size);
  });
  let secrets: Secrets | null = null;
  try {
    const onSecrets = (found: Secrets) => {
      secrets = found;
    };
    const { manifest, findings } = await walkArchive(readMembers(bytes, identities), { onSecrets });
    return { manifest, secrets, findings };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.fault === 'locked' || error.fault === 'newer') throw error;
    return { manifest: null, secrets, findings: [{ subject: 'The file', detail: error.message }] };
  }
}

/** Like `readBack`, for callers that use the content. Throws ArchiveError if the archive is not sound. */
export async function requireSound(
  file: string,
  identities: string[],
  onProgress?: (doneBytes: number, totalBytes: number) => void,
): Promise<{ manifest: Manifest; secrets: Secrets | null }> {
  const { manifest, secrets, findings } = await readBack(file, identities, onProgress);
  const [finding] = findings;
  if (manifest && !finding) return { manifest, secrets };
  throw new ArchiveError(
    'damaged',
    `${file} is not sound: ${finding?.subject} – ${finding?.detail} Nothing was changed. Take another backup: smoocho backup list`,
  );
}
