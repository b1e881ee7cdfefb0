import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
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

/** For the drafts of this process; those that a killed one left are overwritten by the next of its number. */
let writers = 0;

/** Gives how to keep a head. A draft is on the disk before it takes the place of the one before: a power cut leaves one of them. */
export function headKeeper(home: string): (chainId: string, head: KeptHead) => Promise<void> {
  writers += 1;
  const draftEnding = `${process.pid}-${writers}.tmp`;
  return async (chainId, head) => {
    const draft = join(keptHeadsFolder(home), `${chainId}.${draftEnding}`);
    await mkdir(keptHeadsFolder(home), { recursive: true, mode: 0o700 });
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(head)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, fileOf(home, chainId));
  };
}
