#!/usr/bin/env bash
# MikroORM 7.2.1 (@mikro-orm/postgresql, pg 8.23.0): of a `clientUrl` the ORM takes host, port, user, password, database and `schema`.
# `?sslmode=verify-full` and `sslrootcert` are left out without a word: the first thing sent is a startup message in plain text. The driver
# under it, given the same URL as `connectionString`, begins with a request for TLS and ends when the server has none.
#
# Why it matters: a server that takes connections without TLS as well is used without it, for all data and with nothing in a log, by
# somebody who asked for a verified connection. Only a server that wants TLS shows it. A remedy: `driverOptions: { ssl: new
# pg.Client({ connectionString: url }).ssl }`.
#
# Seen: `pg: asks for TLS`, `MikroORM, clientUrl: plain startup`, `MikroORM, with driverOptions.ssl: asks for TLS`. Fails when that
# changes. Needs no PostgreSQL: a socket on the loopback reads the first eight bytes and hangs up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent node@24.21.0 @mikro-orm/core@7.2.1 @mikro-orm/sql@7.2.1 @mikro-orm/postgresql@7.2.1 pg@8.23.0
cat >try.mjs <<'JS'
import assert from 'node:assert';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { EntitySchema, MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';

// https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, and version 3 of StartupMessage.
const NAMES = { 80877103: 'asks for TLS', 196608: 'plain startup' };
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `postgres://me:secret@127.0.0.1:${server.address().port}/shop?sslmode=verify-full`;

async function firstOf(connect) {
  const first = once(server, 'connection').then(async ([socket]) => {
    socket.on('error', () => {});
    const [bytes] = await once(socket, 'data');
    socket.destroy();
    return NAMES[bytes.readUInt32BE(4)];
  });
  await connect().catch(() => {});
  return await first;
}

const entity = new EntitySchema({ name: 'Mark', properties: { id: { type: 'number', primary: true } } });
async function byOrm(driverOptions) {
  const orm = await MikroORM.init({ clientUrl: url, entities: [entity], driverOptions, logger: () => {} });
  try {
    await orm.em.fork().execute('select 1');
  } finally {
    await orm.close(true);
  }
}

const version = JSON.parse(readFileSync('node_modules/@mikro-orm/postgresql/package.json')).version;
console.log(`MikroORM ${version}`);
for (const [name, connect, expected] of [
  ['pg', () => new pg.Client({ connectionString: url }).connect(), 'asks for TLS'],
  ['MikroORM, clientUrl', () => byOrm({}), 'plain startup'],
  ['MikroORM, with driverOptions.ssl', () => byOrm({ ssl: new pg.Client({ connectionString: url }).ssl }), 'asks for TLS'],
]) {
  const seen = await firstOf(connect);
  console.log(`${name}: ${seen}`);
  assert.equal(seen, expected);
}
server.close();
process.exit(0);
JS
node_modules/.bin/node try.mjs
