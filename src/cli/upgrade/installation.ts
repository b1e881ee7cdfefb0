import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { packageFile } from '../../package-file.ts';
import { RefusedError } from '../exit-codes.ts';

/** How the program came onto this machine. */
export type Installation =
  | { kind: 'package'; root: string }
  | { kind: 'checkout'; root: string }
  | { kind: 'container' };

/** `root` is the folder of the package; containers leave a mark of their own in the root of the file system. */
export function findInstallation(
  root = packageFile('.'),
  marks = ['/.dockerenv', '/run/.containerenv'],
): Installation {
  if (basename(dirname(root)) === 'node_modules') return { kind: 'package', root };
  if (!existsSync(join(root, '.git')) && marks.some((mark) => existsSync(mark))) return { kind: 'container' };
  return { kind: 'checkout', root };
}

/** What somebody has to do by hand where the program can't replace itself. */
export const stepsByHand: Record<Exclude<Installation['kind'], 'package'>, string> = {
  container:
    'In a container the image is the version. On the machine: docker compose pull && docker compose up -d',
  checkout:
    'In a checkout: stop the server, git pull && npm ci, and start it again. It makes a backup before it changes the database.',
};

/** Beside the package, hidden from npm: what is going to take its place, and what was there. */
export const stagedIn = (root: string) => join(dirname(root), '.smoocho-next');
export const keptIn = (root: string) => join(dirname(root), '.smoocho-before');

/**
 * Keeps other upgrades of this program away until what it returns is called; the lock of one that was killed is taken over.
 * Throws RefusedError.
 */
export function lockUpgrade(root: string): () => void {
  const path = join(dirname(root), '.smoocho-upgrading');
  if (existsSync(path) && !isRunning(Number(readFileSync(path, 'utf8')))) rmSync(path, { force: true });
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new RefusedError('Another upgrade is under way. Wait for its end.');
  }
  return () => rmSync(path, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
