import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import {
  type DebianPostgres,
  hasDebianPostgres,
  startDebianPostgres,
} from '../test/support/debian-postgres.ts';
import { CLONE_SHOPS } from './clone-shops.ts';
import { median, root, withHome } from './support.ts';

const VERSION = 15;
/** Copies of the pizza place's year: 48 make 2,333,760 order lines of 1,024,800 orders. */
const SHOPS = Number(process.env.BACKUP_SHOPS ?? 48);
const RUNS = 3;
const CHILD = fileURLToPath(new URL('backup-child.ts', import.meta.url));
const LAUNCHER = join(root, 'bin', 'smoocho.js');

/**
 * Compares backup and restore with `pg_dump -Fc` and `pg_restore` of the same version on the same database, alternating the
 * runs. What those don't do (encrypt, read back, check every table and the books) is reported separately.
 */
export async function benchBackup(): Promise<string[]> {
  if (!hasDebianPostgres(VERSION)) return [`skipped: Debian's postgresql-${VERSION} is not installed`];
  const postgres = await startDebianPostgres(VERSION, ['shared_buffers=256MB', 'max_wal_size=4GB']);
  try {
    return await withHome(async (home) => {
      const lines = await prepare(postgres, home);
      return [
        `${lines.toLocaleString('en')} order lines in ${SHOPS} shops`,
        ...(await compare(postgres, home)),
      ];
    });
  } finally {
    postgres.stop();
  }
}

async function prepare(postgres: DebianPostgres, home: string): Promise<number> {
  await query(postgres.url('postgres'), 'CREATE DATABASE smoocho');
  const env = { DATABASE_URL: postgres.url('smoocho') };
  const password = join(home, 'password.txt');
  execFileSync('sh', ['-c', `echo "correct horse battery" > "${password}"`]);
  const init = [
    '--yes',
    '--shop-name=Pizza',
    '--shop-code=PIZA',
    '--currency=USD',
    '--timezone=America/New_York',
    '--owner-name=Mario',
    '--owner-email=m@example.com',
  ];
  await command(home, env, ['init', ...init, `--password-file=${password}`]);
  await command(home, env, [
    'import',
    'sales',
    join(root, 'docs/data/pizza-sales-2015.csv.gz'),
    '--shop=PIZA',
  ]);
  await query(
    env.DATABASE_URL,
    `SET synchronous_commit = off; ${CLONE_SHOPS}; SELECT pg_temp.clone_shops(${SHOPS - 1})`,
  );
  await query(env.DATABASE_URL, 'ANALYZE');
  const [row] = await query(env.DATABASE_URL, 'SELECT count(*)::int AS n FROM order_lines');
  return row?.n as number;
}

type Child = { seconds: Record<string, number>; total: number; peakMb: number; cpu: number; file: string };

async function compare(postgres: DebianPostgres, home: string): Promise<string[]> {
  const source = postgres.url('smoocho');
  const folder = join(home, 'out');
  const dump = join(home, 'dump.fc');
  mkdirSync(folder);
  const rows: Record<string, number[]> = {};
  const note = (name: string, value: number) => {
    rows[name] = [...(rows[name] ?? []), value];
  };
  for (let run = 0; run < RUNS; run += 1) {
    rmSync(dump, { force: true });
    note('dump', timed(postgres.program('pg_dump'), ['-Fc', '-f', dump, source]));
    const made = await child(['create', source, home, folder], {});
    note('write', (made.seconds.begin ?? 0) + (made.seconds.reading ?? 0));
    note('read back', made.seconds.verifying ?? 0);
    const sealed = await child(['create', source, home, folder], { ENCRYPT: '1' });
    note('write, encrypted', (sealed.seconds.begin ?? 0) + (sealed.seconds.reading ?? 0));
    note('read back, encrypted', sealed.seconds.verifying ?? 0);
    note('archive', statSync(made.file).size / 1e6);
    note('dumped', statSync(dump).size / 1e6);
    await fresh(postgres, 'restored');
    note('restore', timed(postgres.program('pg_restore'), ['-d', postgres.url('restored'), dump]));
    await fresh(postgres, 'loaded');
    const loaded = await child(['load', postgres.url('loaded'), home, made.file], {});
    note(
      'load',
      (loaded.seconds.migrating ?? 0) + (loaded.seconds.loading ?? 0) + (loaded.seconds.indexing ?? 0),
    );
    note('check', loaded.seconds.checking ?? 0);
    for (const { file } of [made, sealed]) rmSync(file);
  }
  return [...describe(rows), ...(await memory(postgres, home, folder))];
}

function describe(rows: Record<string, number[]>): string[] {
  const of = (name: string) => median(rows[name] ?? []);
  const ratio = (ours: string, theirs: string) =>
    median((rows[ours] ?? []).map((value, i) => (rows[theirs]?.[i] ?? 0) / value)).toFixed(2);
  const seconds = (name: string) => `${of(name).toFixed(1)} s`;
  return [
    `COPY, tar and zstd into a file    ${seconds('write')}; pg_dump -Fc ${seconds('dump')}: ${ratio('write', 'dump')} times as fast   (aim: 1 or more)`,
    `the same, encrypted               ${seconds('write, encrypted')}`,
    `reading it back                   ${seconds('read back')}, encrypted ${seconds('read back, encrypted')}`,
    `size                              ${of('archive').toFixed(0)} MB; pg_dump -Fc ${of('dumped').toFixed(0)} MB`,
    `COPY in, indexes and keys         ${seconds('load')}; pg_restore ${seconds('restore')}: ${ratio('load', 'restore')} times as fast   (aim: 1 or more)`,
    `checking every table afterwards   ${seconds('check')}`,
  ];
}

/** Measures the real commands. */
async function memory(postgres: DebianPostgres, home: string, folder: string): Promise<string[]> {
  const env = { DATABASE_URL: postgres.url('smoocho') };
  const created = await command(home, env, ['backup', 'create', `--to=${folder}`, '--json']);
  const { file } = JSON.parse(created.output) as { file: string };
  const verified = await command(home, env, ['backup', 'verify', file, '--json']);
  await fresh(postgres, 'whole');
  const restored = await command(home, env, ['restore', file, `--into=${postgres.url('whole')}`, '--json']);
  return [
    `peak memory of the commands       create ${created.peakMb.toFixed(0)} MB, verify ${verified.peakMb.toFixed(0)} MB, restore ${restored.peakMb.toFixed(0)} MB   (aim: under 200 MB)`,
    `whole commands                    create ${created.seconds.toFixed(1)} s, verify ${verified.seconds.toFixed(1)} s, restore with its checks of the books ${restored.seconds.toFixed(1)} s`,
  ];
}

async function fresh(postgres: DebianPostgres, name: string): Promise<void> {
  await query(postgres.url('postgres'), `DROP DATABASE IF EXISTS ${name}`);
  await query(postgres.url('postgres'), `CREATE DATABASE ${name}`);
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query(sql);
    return [result].flat().at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}

function timed(program: string, args: string[]): number {
  const begun = performance.now();
  execFileSync(program, args, { stdio: 'pipe' });
  return (performance.now() - begun) / 1000;
}

async function child(args: string[], env: Record<string, string>): Promise<Child> {
  const started = spawn(process.execPath, [CHILD, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(started, 'close');
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
  return JSON.parse(output);
}

async function command(home: string, env: Record<string, string>, args: string[]) {
  const begun = performance.now();
  const started = spawn(process.execPath, [LAUNCHER, ...args], {
    env: { ...process.env, SMOOCHO_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let peakMb = 0;
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const look = setInterval(() => {
    peakMb = Math.max(peakMb, peakOf(started.pid as number));
  }, 100);
  const [code] = await once(started, 'close');
  clearInterval(look);
  if (code !== 0 && code !== 4) throw new Error(`smoocho ${args.join(' ')} ended with ${code}: ${output}`);
  return { output, peakMb, seconds: (performance.now() - begun) / 1000 };
}

/** Peak resident memory of a process in MB; 0 once it has exited. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}
