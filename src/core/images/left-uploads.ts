import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config.ts';

/** Age at which a file counts as left behind by a killed server; the longest upload takes two minutes. */
const LEFT_BEHIND_MS = 3_600_000;

export const uploadsFolder = ({ home }: Pick<Config, 'home'>) => join(home, 'uploads');

/** Lists what uploads left that a server's end interrupted, as paths. */
export async function listLeftUploads(folder: string, now = Date.now()): Promise<string[]> {
  const left: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && now - found.mtimeMs > LEFT_BEHIND_MS) left.push(join(folder, name));
  }
  return left;
}

/** Deletes it. Throws the file system's error. */
export async function sweepUploads(folder: string, now = Date.now()): Promise<void> {
  for (const path of await listLeftUploads(folder, now)) await rm(path, { recursive: true, force: true });
}
