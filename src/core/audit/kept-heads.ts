import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ownAsAround } from '../../config.ts';
import { Id } from '../../contract/primitives.ts';

/**
 * The last seal of each chain, outside of the database: whoever may do anything in there can't cut a chain off without this
 * showing it. One small file a chain, in a folder of the home; how far one machine has sealed, so the chain may be further.
 */
export const keptHeadsFolder = (home: string) => join(home, 'audit-heads');

const KeptHead = z.strictObject({
  sealNo: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  eventSeq: z.int(),
  logSeq: z.int(),
  sealedAt: z.string(),
});
export type KeptHead = z.output<typeof KeptHead>;

/** What is kept of a chain; `unreadable` when there is something that this program didn't write. */
export type Kept = KeptHead | 'unreadable' | null;

const fileOf = (home: string, chainId: string) => join(keptHeadsFolder(home), `${chainId}.json`);

export async function readKeptHead(home: string, chainId: string): Promise<Kept> {
  try {
    return KeptHead.parse(JSON.parse(await readFile(fileOf(home, chainId), 'utf8')));
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT' ? null : 'unreadable';
  }
}

/** The chains of which something is kept here. */
export async function keptChains(home: string): Promise<string[]> {
  const names = await readdir(keptHeadsFolder(home)).catch(() => []);
  return names.map((name) => name.replace(/\.json$/, '')).filter((name) => Id.safeParse(name).success);
}

/**
 * Moves the chain head files from before a restore, all or those of `chainIds`, into a folder named by the time: the restored
 * chains differ, and a server writes new files from their next seal on. Returns the folder, or null if there was nothing to
 * move. Idempotent.
 */
export async function setHeadsAside(home: string, at: Date, chainIds?: string[]): Promise<string | null> {
  const ids = (await keptChains(home)).filter((id) => chainIds?.includes(id) ?? true);
  if (ids.length === 0) return null;
  const folder = await freeFolder(join(keptHeadsFolder(home), `before-${compactTime(at)}`), ids);
  if (await mkdir(folder, { recursive: true, mode: 0o700 })) ownAsAround(folder);
  for (const id of ids) await rename(fileOf(home, id), join(folder, `${id}.json`));
  return folder;
}

/** `20260510T063000Z`: also valid in Windows file names. */
const compactTime = (at: Date) => at.toISOString().replace(/\.\d+|[-:]/g, '');

/** Adds a number to the folder if it already has one of these files: nothing is overwritten. */
async function freeFolder(folder: string, ids: string[]): Promise<string> {
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? folder : `${folder}-${n}`;
    const taken = await Promise.all(ids.map((id) => exists(join(candidate, `${id}.json`))));
    if (!taken.includes(true)) return candidate;
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** For the drafts of this process; those that a killed one left are overwritten by the next of its number. */
let writers = 0;

/** Gives how to keep a head. A draft is on the disk before it takes the place of the one before: a power cut leaves one of them. */
export function headKeeper(home: string): (chainId: string, head: KeptHead) => Promise<void> {
  writers += 1;
  const draftEnding = `${process.pid}-${writers}.tmp`;
  return async (chainId, head) => {
    const draft = join(keptHeadsFolder(home), `${chainId}.${draftEnding}`);
    if (await mkdir(keptHeadsFolder(home), { recursive: true, mode: 0o700 }))
      ownAsAround(keptHeadsFolder(home));
    // Never through a link that somebody laid there.
    await rm(draft, { force: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(head)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    ownAsAround(draft);
    await rename(draft, fileOf(home, chainId));
  };
}
