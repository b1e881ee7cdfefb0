import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder that the unprivileged user of PostgreSQL can reach too. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'smoocho-test-'));
  chmodSync(folder, 0o755);
  return folder;
}

export const removeFolder = (folder: string) =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
