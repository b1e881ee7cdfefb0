import { existsSync, lstatSync, readdirSync, type Stats, statfsSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { listStaleDrafts } from '../../backup/archive/archive-file.ts';
import { backupsFolder } from '../../backup/places.ts';
import { configPath, fileHoldsSecret } from '../../config.ts';
import { listLeftUploads, uploadsFolder } from '../../core/images/left-uploads.ts';
import { draftsFolder } from '../../storage/filesystem-store.ts';
import { imagesFolder } from '../../storage/open-store.ts';

/** A file or folder whose permission bits are too open, and what they should be. */
export type LooseMode = { path: string; mode: number; closed: number };

export type HomeFacts = {
  path: string;
  /** Others than its owner may write to it. */
  isOpen: boolean;
  /** Null if this user or root owns it, else the owner's id. */
  otherOwner: number | null;
  /** Entries that belong to another user than the home does. */
  foreign: string[];
  loose: LooseMode[];
  /** Folders of its own that are missing; they are made when they are first needed. */
  missing: string[];
  /** Files that stand where a folder should be. */
  blocked: string[];
  /** What interrupted work left, a day old and older. */
  leftovers: string[];
  /** Why a file can't be written and synced here; null if it can. */
  writeProblem: string | null;
  /** Null where the file system has no limit of them. */
  inodes: { free: number; total: number } | null;
};

const DAY_MS = 86_400_000;
const OPEN_TO_WRITE = 0o022;
const OPEN_AT_ALL = 0o077;

/** Folders that the program makes and fills; `secrets` and `postgres` are missed by those who need them. */
export const ownFolders = (home: string) => [imagesFolder({ home }), backupsFolder(home)];

/** Of a link, the link's own. */
const statOf = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Throws if there is no such folder, or it can't be read. */
export async function readHome(path: string, now: Date): Promise<HomeFacts> {
  const own = statSync(path);
  const user = process.getuid?.() ?? own.uid;
  const folders = ownFolders(path);
  return {
    path,
    isOpen: process.platform !== 'win32' && (own.mode & OPEN_TO_WRITE) !== 0,
    otherOwner: user === 0 || user === own.uid ? null : own.uid,
    foreign: foreignEntries(path, own.uid),
    loose: looseModes(path),
    missing: folders.filter((folder) => !existsSync(folder)),
    blocked: folders.filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false),
    leftovers: await findLeftovers(path, now),
    writeProblem: await tryToWrite(path),
    inodes: inodesOf(path),
  };
}

/** PostgreSQL's folder has a user of its own where root started it. */
function foreignEntries(home: string, owner: number): string[] {
  const secrets = join(home, 'secrets');
  const paths = [
    ...namesIn(home).map((name) => join(home, name)),
    ...namesIn(secrets).map((name) => join(secrets, name)),
  ];
  return paths.filter((path) => {
    const found = basename(path) === 'postgres' ? undefined : statOf(path);
    return found !== undefined && found.uid !== owner;
  });
}

function looseModes(home: string): LooseMode[] {
  if (process.platform === 'win32') return [];
  const secrets = join(home, 'secrets');
  return [
    ...looseOf(secrets, 0o700),
    ...namesIn(secrets).flatMap((name) => looseOf(join(secrets, name), 0o600)),
    ...looseOf(backupsFolder(home), 0o700),
    // Settings without a secret in them may be read by anybody.
    ...looseOf(configPath(home), 0o600, fileHoldsSecret(home) ? OPEN_AT_ALL : OPEN_TO_WRITE),
  ];
}

function looseOf(path: string, closed: number, closedTo = OPEN_AT_ALL): LooseMode[] {
  const found = statOf(path);
  // A link is open to all; what it leads to is kept elsewhere, by somebody else.
  const isOwn = found !== undefined && !found.isSymbolicLink();
  return isOwn && (found.mode & closedTo) !== 0 ? [{ path, mode: found.mode & 0o777, closed }] : [];
}

const DRAFT = /\.([\da-f-]{36}|\d+)\.(tmp|new)$/;

/** By the rules of those who make them; only what is a day old, so that nothing is taken that is at work. */
export async function findLeftovers(home: string, now: Date): Promise<string[]> {
  const secrets = join(home, 'secrets');
  const drafts = draftsFolder(imagesFolder({ home }));
  const found = [
    ...(await listLeftUploads(uploadsFolder({ home }), now.getTime())),
    ...(await listStaleDrafts(backupsFolder(home), now).catch(() => [])),
    ...namesIn(drafts).map((name) => join(drafts, name)),
    ...[home, secrets].flatMap((folder) =>
      namesIn(folder)
        .filter((name) => DRAFT.test(name))
        .map((name) => join(folder, name)),
    ),
  ];
  return found.filter((path) => now.getTime() - (statOf(path)?.mtimeMs ?? now.getTime()) > DAY_MS);
}

/** Writes a small file through to the disk, as each sale is, and takes it away. */
async function tryToWrite(home: string): Promise<string | null> {
  const path = join(home, `doctor.${process.pid}.tmp`);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile('written by smoocho doctor\n');
      await file.sync();
    } finally {
      await file.close();
    }
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

function inodesOf(home: string): HomeFacts['inodes'] {
  try {
    const { files, ffree } = statfsSync(home);
    return files > 0 ? { free: ffree, total: files } : null;
  } catch {
    return null;
  }
}
