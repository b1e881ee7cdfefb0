import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf } from './processes.ts';
import { freePort } from './redis.ts';

/** A PostgreSQL from Debian: independent of the embedded one and older, with its own pg_dump and pg_restore. */
export type DebianPostgres = {
  /** URL of an existing database, as superuser. */
  url(database: string): string;
  /** Path of one of its programs, such as `pg_dump`. */
  program(name: string): string;
  /** Kills it, like a power cut. */
  crash(): void;
  /** Restarts it after a crash, on the same port. */
  start(): void;
  /** Makes a standby the primary. */
  promote(): void;
  stop(): void;
};

const START_MS = 20_000;

const folderOf = (version: number) => `/usr/lib/postgresql/${version}/bin`;

export const hasDebianPostgres = (version: number) => existsSync(join(folderOf(version), 'initdb'));

/** Skips the suite, with the reason, if it isn't installed. */
export function requireDebianPostgres(test: Mocha.Context, version: number): void {
  if (hasDebianPostgres(version)) return;
  console.log(`    skipped: Debian's postgresql-${version} is not installed`);
  test.skip();
}

/** A standby streams from `primary` under `name`, by which `synchronous_standby_names` knows it. */
type StandbyOf = { primary: DebianPostgres; name: string };

/**
 * Starts a temporary cluster on the loopback, empty or a streaming standby; removed by `stop`. PostgreSQL refuses root: as root
 * it runs as postgres.
 */
export async function startDebianPostgres(
  version: number,
  settings: string[] = [],
  standbyOf?: StandbyOf,
): Promise<DebianPostgres> {
  const program = (name: string) => join(folderOf(version), name);
  const folder = mkdtempSync(join(tmpdir(), `smoocho-pg${version}-`));
  const user = process.getuid?.() === 0 ? idsOf('postgres') : undefined;
  const options = {
    ...user,
    cwd: folder,
    stdio: 'pipe' as const,
    env: { LC_ALL: 'C', PATH: process.env.PATH },
  };
  chmodSync(folder, 0o755);
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  if (standbyOf) {
    const from = `${standbyOf.primary.url('postgres')}?application_name=${standbyOf.name}`;
    const args = ['-D', data, '-R', '-X', 'stream', '-c', 'fast', '-d', from];
    execFileSync(program('pg_basebackup'), args, options);
  } else {
    const args = ['-U', 'smoocho', '-A', 'trust', '--no-instructions', '-E', 'UTF8', '--locale=C.UTF-8'];
    execFileSync(program('initdb'), ['-D', data, ...args], options);
  }
  const server = [
    `-p ${port}`,
    '-c listen_addresses=127.0.0.1',
    `-c unix_socket_directories=`,
    ...settings.map((each) => `-c ${each}`),
  ];
  const start = () => {
    const args = ['-D', data, '-o', server.join(' '), '-l', join(folder, 'log'), '-w', 'start'];
    // After a crash, the old shared memory may still be in use for a moment.
    for (const late = Date.now() + START_MS; ; ) {
      const { status } = spawnSync(program('pg_ctl'), args, { ...options, stdio: 'ignore' });
      if (status === 0) return;
      if (Date.now() > late)
        throw new Error(`It does not start: ${readFileSync(join(folder, 'log'), 'utf8')}`);
    }
  };
  start();
  return {
    crash() {
      const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
      for (const each of [pid, ...childrenOf(pid)]) {
        try {
          process.kill(each, 'SIGKILL');
        } catch (error) {
          // Once their first process is gone, the others end by themselves.
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
    },
    start,
    promote() {
      execFileSync(program('pg_ctl'), ['-D', data, '-w', 'promote'], options);
    },
    url: (database) => `postgres://smoocho@127.0.0.1:${port}/${database}`,
    program,
    stop() {
      spawnSync(program('pg_ctl'), ['-D', data, '-m', 'immediate', '-w', 'stop'], {
        ...options,
        stdio: 'ignore',
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function idsOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
