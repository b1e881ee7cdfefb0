import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { ImagesLockedError } from '../database/images-lock.ts';
import { version } from '../version.ts';
import {
  archiveName,
  openDraft,
  prepareFolder,
  readFileBytes,
  removeStaleDrafts,
} from './archive/archive-file.ts';
import { readMembers } from './archive/archive-reader.ts';
import { requireRecipient } from './archive/encryption.ts';
import { FORMAT, type Header, type Manifest } from './archive/format.ts';
import { type Walked, walkArchive } from './archive/walk-archive.ts';
import { withCopyClient } from './database/copy-client.ts';
import { ArchiveError, BackupRefusedError } from './errors.ts';
import { inFolder } from './file-faults.ts';
import { holdImages } from './images.ts';
import { type BoxKey, boxKey } from './keys.ts';
import { takeBackupLock } from './lock.ts';
import { backupsFolder } from './places.ts';
import type { OnProgress } from './progress.ts';
import { type BackupSource, writeArchive } from './write-archive.ts';

export type CreateOptions = {
  /** Folder of the archive; by default `backups` in the home. */
  folder?: string | undefined;
  isPlain?: boolean;
  onProgress?: OnProgress;
};

export type CreatedBackup = {
  id: string;
  file: string;
  sizeBytes: number;
  encrypted: boolean;
  verifiedAt: string;
  /** Epoch of the first shop; null before there is one. */
  epoch: string | null;
  /** Hash of the content: the same for two archives of the same data. */
  fingerprint: string;
  shops: { code: string; orders: number; total: string }[];
  missingImages: string[];
};

/**
 * Makes an archive of the database and its images from one snapshot, while the server goes on. Reads it back
 * and compares it with what was written before it gets its final name. Throws BackupRefusedError,
 * ArchiveError if it does not read back, and what the disk and the database throw; no file is left then.
 */
export async function createBackup(
  source: BackupSource,
  options: CreateOptions = {},
): Promise<CreatedBackup> {
  const own = backupsFolder(source.config.home);
  const folder = resolve(options.folder ?? own);
  const { recoveryRecipient } = source.config.backup;
  if (recoveryRecipient !== null && !options.isPlain) requireRecipient(recoveryRecipient);
  const box = options.isPlain ? null : await boxKey(source.config.home);
  return await withCopyClient(source.databaseUrl, async (client) => {
    await takeBackupLock(client);
    await holdImages(client).catch((error) => {
      if (!(error instanceof ImagesLockedError)) throw error;
      throw new BackupRefusedError(error.message, { isBusy: true });
    });
    return await inFolder(folder, true, async () => {
      await prepareFolder(folder);
      await removeStaleDrafts(folder, source.now(), folder === resolve(own));
      return await createIn(folder, client, source, box, options.onProgress ?? (() => {}));
    });
  });
}

async function createIn(
  folder: string,
  client: Client,
  source: BackupSource,
  own: BoxKey | null,
  onProgress: OnProgress,
): Promise<CreatedBackup> {
  const id = uuidv7();
  const createdAt = source.now();
  const header: Header = {
    format: FORMAT,
    id,
    createdAt: createdAt.toISOString(),
    version,
    recoveryRecipient: source.config.backup.recoveryRecipient,
  };
  const file = join(folder, archiveName(createdAt, id));
  const draft = await openDraft(file);
  try {
    const written = await writeArchive(client, source, { header, own, draft, folder, onProgress });
    const total = draft.sizeBytes();
    let done = 0;
    const bytes = readFileBytes(draft.path, (read) => {
      done += read;
      onProgress({ phase: 'verifying', done, total, note: '' });
    });
    checkReadBack(await walkArchive(readMembers(bytes, own ? [own.identity] : [])), written);
    await draft.publish();
    return describe(written, file, total, own !== null, source.now());
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** Checks that the disk returns what was written; a fault would otherwise first show in a restore. */
function checkReadBack({ manifest, findings }: Walked, written: Manifest): void {
  const isSame = JSON.stringify(manifest) === JSON.stringify(written);
  if (isSame && findings.length === 0) return;
  throw new ArchiveError(
    'damaged',
    `The backup does not read back as it was written (${findings[0]?.subject ?? 'manifest.json'}): the disk, or the memory, is not to be relied on. Nothing was kept. Try another disk: --to FOLDER.`,
  );
}

/** The same for the same rows and images, regardless of machine and time. */
export function fingerprintOf({ tables, images }: Pick<Manifest, 'tables' | 'images'>): string {
  const lines = [
    ...tables.map(({ name, rows, sha256 }) => `${name} ${rows} ${sha256}`),
    ...images.map(({ key, sha256 }) => `${key} ${sha256}`),
  ];
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

const describe = (
  manifest: Manifest,
  file: string,
  sizeBytes: number,
  encrypted: boolean,
  at: Date,
): CreatedBackup => ({
  id: manifest.id,
  file,
  sizeBytes,
  encrypted,
  verifiedAt: at.toISOString(),
  epoch: manifest.shops[0]?.epoch ?? null,
  fingerprint: fingerprintOf(manifest),
  shops: manifest.shops.map(({ code, orders, total }) => ({ code, orders, total })),
  missingImages: manifest.missingImages,
});
