import { constants } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import type { KnownFacts } from './facts.ts';
import { findLeftovers } from './probes/home.ts';

/** What was done, or why it could not be, a sentence; `id` is the check's. */
export type Mended = { id: string; done: string };

/** The home itself: nothing for others to write. */
const HOME_MODE = 0o755;
const FOLDER_MODE = 0o700;

type Mend = { id: string; run(facts: KnownFacts, home: string, now: Date): Promise<string[]> };

/** Each takes nothing away that anybody could miss, and is right whatever the cause was. */
const mends: readonly Mend[] = [
  {
    id: 'home',
    async run({ home }, path) {
      if ('missing' in home || !home.is.isOpen) return [];
      return each([path], async () => {
        await setMode(path, HOME_MODE);
        return `Closed ${path} to writing by others.`;
      });
    },
  },
  {
    id: 'file-modes',
    run: ({ home }) =>
      each('is' in home ? home.is.loose : [], async ({ path, closed }) => {
        await setMode(path, closed);
        return `Closed ${path} to others.`;
      }),
  },
  {
    id: 'folders',
    run: (facts) =>
      each(foldersToMake(facts), async (folder) => {
        await mkdir(folder, { mode: FOLDER_MODE });
        return `Made the folder ${folder}, which was missing.`;
      }),
  },
  {
    id: 'leftovers',
    // Looked for again: what was left behind a moment ago may be at work by now.
    run: async (_, home, now) =>
      each(await findLeftovers(home, now), async (path) => {
        await rm(path, { recursive: true, force: true });
        return `Removed ${path}, left by interrupted work.`;
      }),
  },
];

/** Mends what is harmless, asks nothing, and says what it did. Never throws. */
export async function mend(facts: KnownFacts, now: Date): Promise<Mended[]> {
  if ('missing' in facts.home) return [];
  const { path } = facts.home.is;
  return await asOwnerOf(path, async () => {
    const done: Mended[] = [];
    for (const { id, run } of mends) {
      const sentences = await run(facts, path, now).catch(notMended);
      done.push(...sentences.map((sentence) => ({ id, done: sentence })));
    }
    return done;
  });
}

const notMended = ({ message }: Error) => [`Not mended: ${message}.`];

/** One that fails does not keep the next ones back. */
async function each<T>(things: readonly T[], work: (thing: T) => Promise<string>): Promise<string[]> {
  const done: string[] = [];
  for (const thing of things) done.push(...(await work(thing).then((text) => [text], notMended)));
  return done;
}

/** Only where nothing was kept yet: an empty folder would hide that a disk is not mounted. */
function foldersToMake({ home, images, backupHistory: history }: KnownFacts): string[] {
  const isUnused =
    'is' in images && images.is.pictures === 0 && 'is' in history && history.is.status.file === null;
  return 'is' in home && isUnused ? home.is.missing : [];
}

/** Not through a link: it would change what the link leads to. */
async function setMode(path: string, mode: number): Promise<void> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}

/**
 * Does the work of root in somebody's home with that user's rights alone: whoever owns the home could otherwise lead root to
 * files elsewhere, by links that change meanwhile.
 */
async function asOwnerOf<T>(home: string, work: () => Promise<T>): Promise<T> {
  const owner = await stat(home);
  if (process.geteuid?.() !== 0 || owner.uid === 0) return await work();
  const group = process.getegid?.() ?? 0;
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(group);
  }
}
