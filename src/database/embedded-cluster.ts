import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './embedded-binaries.ts';
import { requireNoneLost } from './embedded-lost.ts';
import { run, type ServerUser } from './embedded-run.ts';
import type { ClusterPaths } from './embedded-user.ts';
import { DatabaseUnreachableError } from './errors.ts';

/** Two seconds on a PC; a Raspberry Pi with a slow SD card needs most of a minute. */
const INITDB_TIMEOUT_MS = 180_000;
/** No setup takes this long: what is older was left by one that was killed. */
const DRAFT_AGE_MS = 3_600_000;

type ClusterOptions = {
  binaries: Binaries;
  user: ServerUser | undefined;
  password: string;
  isRestoring: boolean;
  log(line: string): void;
};

/**
 * Makes the cluster with its role and its database, both `smoocho`, unless there is one.
 * It is made beside its place and renamed into it whole: of two first starts, one wins and the other
 * throws its copy away; one that is cut short leaves nothing that looks like data.
 * Throws DatabaseUnreachableError, and DatabaseRefusedError when there was one.
 */
export async function ensureCluster(
  paths: ClusterPaths,
  { binaries, user, password, isRestoring, log }: ClusterOptions,
): Promise<void> {
  dropOldDrafts(paths.folder);
  if (hasCluster(paths, binaries)) return;
  try {
    if (!isRestoring) requireNoneLost(paths);
  } catch (error) {
    // Another process made it between the two looks.
    if (hasCluster(paths, binaries)) return;
    throw error;
  }
  log(`Making the database in ${paths.data}`);
  const draft = mkdtempSync(join(paths.folder, 'setup-'));
  try {
    if (user) chownSync(draft, user.uid, user.gid);
    await makeCluster(draft, binaries, user, password);
    renameIntoPlace(join(draft, 'data'), paths);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function hasCluster({ data }: ClusterPaths, binaries: Binaries): boolean {
  if (!existsSync(data) || readdirSync(data).length === 0) return false;
  const versionFile = join(data, 'PG_VERSION');
  if (!existsSync(versionFile)) {
    throw new DatabaseUnreachableError(
      `${data} holds something that is not a PostgreSQL cluster: move it away, or restore the ` +
        'folder from a backup.',
    );
  }
  const [found, brought] = [readFileSync(versionFile, 'utf8').trim(), binaries.version.split('.')[0]];
  if (found === brought) return true;
  throw new DatabaseUnreachableError(
    `${data} was written by PostgreSQL ${found} and this Smoocho brings PostgreSQL ` +
      `${brought}: back up with the version that made it, move the folder away and restore.`,
  );
}

async function makeCluster(
  draft: string,
  { initdb, postgres }: Binaries,
  user: ServerUser | undefined,
  password: string,
): Promise<void> {
  const data = join(draft, 'data');
  const passwordFile = join(draft, 'password');
  const options = { user, cwd: draft, timeoutMs: INITDB_TIMEOUT_MS };
  const initdbArgs = [
    `--pgdata=${data}`,
    '--username=smoocho',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The order of text must not change with the machine's C library: indexes outlive its upgrades.
    '--no-locale',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ];
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (user) chownSync(passwordFile, user.uid, user.gid);
    assertDone(await run(initdb, initdbArgs, options));
  } finally {
    rmSync(passwordFile, { force: true });
  }
  // In the cluster before it is renamed: afterwards a missing database means a swap is under way, not a
  // first start.
  const single = ['--single', '-D', data, 'postgres'];
  assertDone(await run(postgres, single, { ...options, input: 'CREATE DATABASE smoocho\n' }));
}

function assertDone({ failure }: { failure?: string }): void {
  if (failure === undefined) return;
  throw new DatabaseUnreachableError(
    `The embedded database could not be made (${failure}): mend that, or set DATABASE_URL to ` +
      'a PostgreSQL of your own.',
  );
}

function renameIntoPlace(made: string, { data, folder }: ClusterPaths): void {
  try {
    renameSync(made, data);
  } catch (error) {
    // The other first start was faster. Windows says EPERM for it.
    if (!existsSync(join(data, 'PG_VERSION'))) throw error;
  }
  if (process.platform === 'win32') return; // It can't open a folder, and needs no fsync of it.
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function dropOldDrafts(folder: string): void {
  for (const name of readdirSync(folder).filter((each) => /^(setup|copy)-/.test(each))) {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > DRAFT_AGE_MS) rmSync(path, { recursive: true, force: true });
  }
}
