#!/usr/bin/env bash
# PostgreSQL 16.2 with its own pg_dump (PyPI pgserver 0.1.4): a table that is rewritten (ALTER COLUMN … TYPE) while pg_dump begins is
# dumped without a row. pg_dump takes its snapshot, waits for the lock that the ALTER holds, and then reads the table as of before it;
# the rewritten rows are newer than that, and the old ones are gone. It ends with exit code 0 and nothing on stderr, and a restore of
# the dump succeeds. The caveat that lets PostgreSQL do so is in its chapter on MVCC; that pg_dump runs into it is not.
#
# Why it matters: a nightly dump that meets an upgrade of the shop's program has all of its orders and none of their lines, and no tool
# says so. Whoever reads a database at one moment has to lock the tables before the snapshot is taken, which BEGIN does not do and the first
# statement that reads does: LOCK TABLE in between is enough.
#
# Seen: `before: 1000 rows`, `pg_dump: exit code 0, 0 bytes on stderr, 0 rows of 1000`, `pg_dump once more: 1000 rows`,
# `snapshot, then lock: 0 rows`, `lock, then snapshot: 1000 rows`. Fails when that changes. Needs Python 3.9 to 3.12 with pip, Linux on x86-64.
# PostgreSQL refuses root; as root it runs as nobody.
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder"
server=
finish() {
  [ -z "$server" ] || as_user "$server/bin/pg_ctl" -D "$folder/data/cluster" -m immediate -w stop >/dev/null
  rm -rf "$folder"
}
trap finish EXIT
as_user() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$folder/data" LC_ALL=C "$@"; else LC_ALL=C "$@"; fi
}
cd "$folder"
python3 -m pip download --quiet --no-deps --disable-pip-version-check pgserver==0.1.4
python3 -m zipfile -e ./*.whl package
bin="$folder/package/pgserver/pginstall/bin"
chmod -R a+rX package
chmod a+x "$bin"/*
mkdir data
[ "$(id -u)" != 0 ] || chown 65534:65534 data
as_user "$bin/initdb" -D "$folder/data/cluster" -U me -A trust --no-instructions >/dev/null
port=$((20000 + RANDOM % 10000))
as_user "$bin/pg_ctl" -D "$folder/data/cluster" -l "$folder/data/log" -w \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start >/dev/null
server="$folder/package/pgserver/pginstall"
export PGHOST=127.0.0.1 PGPORT="$port" PGUSER=me PGDATABASE=postgres

sql() { "$bin/psql" -XqAt -v ON_ERROR_STOP=1 "$@"; }
until_waiting() {
  local late=$((SECONDS + 30))
  until [ "$(sql -c "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'order_lines'::regclass")" = 1 ]; do
    [ "$SECONDS" -lt "$late" ] || { echo 'Nothing waits for the table.'; exit 1; }
    sleep 0.1
  done
}
expect() {
  echo "$1"
  [ "$1" = "$2" ] || { echo "expected: $2"; exit 1; }
}
rows_of() { sed -n '/^COPY public.order_lines/,/^\\\.$/p' "$1" | sed '1d;$d' | wc -l; }

sql -c 'CREATE TABLE order_lines (id integer PRIMARY KEY, name text)' \
  -c "INSERT INTO order_lines SELECT n, 'tea' FROM generate_series(1, 1000) n"
expect "before: $(sql -c 'SELECT count(*) FROM order_lines') rows" 'before: 1000 rows'

# Somebody rewrites the table, and commits once another one waits for it.
rewrite() {
  mkfifo "$folder/lines"
  sql <"$folder/lines" >/dev/null &
  rewriting=$!
  exec 3>"$folder/lines"
  rm "$folder/lines"
  echo "BEGIN; ALTER TABLE order_lines ALTER COLUMN name TYPE text USING name || ''; SELECT pg_advisory_lock(1);" >&3
  local late=$((SECONDS + 30))
  until [ "$(sql -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")" = 1 ]; do
    [ "$SECONDS" -lt "$late" ] || exit 1
    sleep 0.1
  done
}
commit() {
  echo 'COMMIT;' >&3
  exec 3>&-
  wait "$rewriting"
}

rewrite
"$bin/pg_dump" >dump.sql 2>dump.err &
dumping=$!
until_waiting
commit
code=0
wait "$dumping" || code=$?
expect "pg_dump: exit code $code, $(wc -c <dump.err) bytes on stderr, $(rows_of dump.sql) rows of $(sql -c 'SELECT count(*) FROM order_lines')" \
  'pg_dump: exit code 0, 0 bytes on stderr, 0 rows of 1000'
"$bin/pg_dump" >again.sql
expect "pg_dump once more: $(rows_of again.sql) rows" 'pg_dump once more: 1000 rows'

# The same by hand: what comes first, the snapshot or the lock.
read_while_rewritten() {
  rewrite
  sql -c 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY' -c "$1" -c 'LOCK TABLE order_lines IN ACCESS SHARE MODE' \
    -c 'SELECT count(*) FROM order_lines' >count.txt &
  reading=$!
  until_waiting
  commit
  wait "$reading"
}
read_while_rewritten 'DO $$ BEGIN PERFORM 1 FROM pg_class LIMIT 1; END $$'
expect "snapshot, then lock: $(cat count.txt) rows" 'snapshot, then lock: 0 rows'
read_while_rewritten 'SET LOCAL lock_timeout = 0'
expect "lock, then snapshot: $(cat count.txt) rows" 'lock, then snapshot: 1000 rows'
