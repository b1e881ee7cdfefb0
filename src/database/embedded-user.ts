import {
  chmodSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { run, type ServerUser, sleep } from './embedded-run.ts';
import { HomeUnreachableError } from './errors.ts';

/** Where the embedded PostgreSQL lives; all paths are absolute and real (no symbolic links). */
export type ClusterPaths = { home: string; folder: string; data: string; logFile: string; portFile: string };

const USER_NAME = 'smoocho';
/** Another first start may hold the lock of /etc/passwd: it makes the user within a second or so. */
const USER_TRIES = 5;
const USER_TIMEOUT_MS = 10_000;

/**
 * Makes the folders and, as root, sees to it that the server's unprivileged user reaches them.
 * `outerHome` is a folder around `home` that is ours too (the demo's home lies inside the real one).
 * Throws HomeUnreachableError.
 */
export async function prepareClusterPaths(home: string, outerHome: string = home): Promise<ClusterPaths> {
  try {
    const paths = pathsAt(realPathSoFar(resolve(home)));
    const ours = realPathSoFar(resolve(outerHome));
    const user = await chooseUser(paths);
    if (user) assertParentsOpen(ours, user);
    mkdirSync(paths.folder, { recursive: true, mode: user ? 0o711 : 0o700 });
    if (user) openFolders(paths, ours, user);
    return paths;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new HomeUnreachableError(
      `${home} can't be used as a folder by this user (${code}): set SMOOCHO_HOME to a folder ` +
        'that is yours, or run as the user who owns it.',
    );
  }
}

/**
 * Whom the server runs as when root asks, whom PostgreSQL refuses: who owns the data; for a new cluster, who
 * owns the home, or the system user `smoocho`. Undefined when it runs as whoever runs this.
 */
export async function chooseUser(paths: ClusterPaths): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statOf(paths.data);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: nameOf(owner.uid) };
  const keeper = statOf(paths.home);
  const known = keeper && keeper.uid !== 0 && findUser((user) => user.uid === keeper.uid);
  return known || (await systemUser());
}

/**
 * Data that were copied here, from a backup of the machine say, get what PostgreSQL insists on: an owner that
 * is not root, and nobody else who may read them.
 */
export function ownData(data: string, user: ServerUser | undefined): void {
  if (user && statSync(data).uid === 0) {
    for (const entry of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      lchownSync(join(data, entry), user.uid, user.gid);
    }
    // The folder last: its owner says whether this was done to the end.
    lchownSync(data, user.uid, user.gid);
  }
  // Group access is PostgreSQL's other choice (0750).
  if (process.platform !== 'win32' && (statSync(data).mode & 0o027) !== 0) chmodSync(data, 0o700);
}

function pathsAt(home: string): ClusterPaths {
  const folder = join(home, 'postgres');
  return {
    home,
    folder,
    data: join(folder, 'data'),
    logFile: join(folder, 'postgres.log'),
    portFile: join(folder, 'port'),
  };
}

/** The real path of what exists of it, with the rest as it is. */
function realPathSoFar(path: string): string {
  if (statOf(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPathSoFar(parent), basename(path));
}

/** Parents are not ours: one that is closed to the user is named, not opened. */
function assertParentsOpen(ours: string, user: ServerUser): void {
  const closed = parentsOf(ours).find((folder) => isClosed(folder, user));
  if (closed === undefined) return;
  throw new HomeUnreachableError(
    `${ours} can't be reached by the user ${user.name}, whom PostgreSQL runs as because it refuses root: ` +
      `set SMOOCHO_HOME to a folder such as /var/lib/smoocho, or run chmod o+x ${closed}`,
  );
}

/**
 * Our own folders are opened as far as passing through. `postgres/` belongs to who owns the home, root too:
 * the server's user owns nothing but `data`, so it can't lay a link where root would write through it.
 */
function openFolders(paths: ClusterPaths, ours: string, user: ServerUser): void {
  const { uid, gid } = statSync(paths.home);
  if (uid !== 0) lchownSync(paths.folder, uid, gid);
  const mine = [paths.folder, paths.home, ...parentsOf(paths.home)];
  for (const folder of mine.filter((each) => each === ours || each.startsWith(join(ours, '/')))) {
    if (isClosed(folder, user)) chmodSync(folder, (statSync(folder).mode & 0o777) | 0o011);
  }
  // Those between that mkdir had to make are closed when the umask says so.
  assertParentsOpen(ours, user);
}

/** From the root down, the folder itself not among them. */
function parentsOf(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [...parentsOf(parent), parent];
}

/** The server runs with its own group alone, so the three sets of bits decide. */
function isClosed(folder: string, user: ServerUser): boolean {
  const stat = statOf(folder);
  if (!stat) return false;
  const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  return (stat.mode & bit) === 0;
}

/** `smoocho`, made when it is missing; where no user can be made, `nobody`. */
export async function systemUser(): Promise<ServerUser> {
  for (let tries = 0; tries < USER_TRIES; tries += 1) {
    const found = findUser((user) => user.name === USER_NAME);
    if (found) return found;
    await makeSystemUser();
    if (tries > 0) await sleep(300);
  }
  const found = findUser((user) => user.name === USER_NAME) ?? findUser((user) => user.name === 'nobody');
  // 65534 is nobody wherever a passwd file leaves it out.
  return found ?? { uid: 65_534, gid: 65_534, name: 'nobody' };
}

async function makeSystemUser(): Promise<void> {
  const options = { cwd: '/', timeoutMs: USER_TIMEOUT_MS };
  const nowhere = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin'];
  const made = await run('useradd', ['--system', '--user-group', ...nowhere, USER_NAME], options);
  if (made.failure === undefined) return;
  // BusyBox (Alpine) has adduser instead, which puts a system user in no group of its own unless told.
  await run('addgroup', ['-S', USER_NAME], options);
  await run('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', '-G', USER_NAME, USER_NAME], options);
}

const nameOf = (uid: number) => findUser((user) => user.uid === uid)?.name ?? `with id ${uid}`;

function findUser(wanted: (user: ServerUser) => boolean): ServerUser | undefined {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  return users.find((user) => user.name !== '' && wanted(user));
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
