#!/usr/bin/env bash
# Makes the images that Dockerfile and docker-compose.yml name where no registry is reached, out of Debian's packages and
# the real programs: Debian 12, its PostgreSQL and Redis, Caddy from source, the Node of the npm package `node`, and this
# machine's Go. What differs from the published images: PostgreSQL and Redis have Debian's versions; all have a short entry point.
# Needs root, debootstrap and buildah. stand-ins.sh FOLDER; BUILDAH is the command, with its options.
set -euo pipefail
folder="$1"
root="$(cd "$(dirname "$0")/../.." && pwd)"
caddy_version=v2.11.9
read -ra buildah <<<"${BUILDAH:-buildah}"

# image NAME FROM COMMAND…: a container from FROM, in which the shell text runs, kept under NAME.
image() {
  local name="$1" from="$2" script="$3" container
  shift 3
  container="$("${buildah[@]}" from --pull-never -q "$from")"
  [ -z "$script" ] || "${buildah[@]}" run --isolation chroot --network host "$container" -- sh -euc "$script" >"$folder/stand-ins.log" 2>&1 ||
    { tail -n 20 "$folder/stand-ins.log" >&2; return 1; }
  [ "$#" = 0 ] || "${buildah[@]}" config "$@" "$container"
  "${buildah[@]}" commit -q --format docker "$container" "docker.io/library/$name" >/dev/null
  "${buildah[@]}" rm "$container" >/dev/null
  echo "made $name"
}

debian="$folder/debian"
debootstrap --variant=minbase bookworm "$debian" >"$folder/stand-ins.log" 2>&1 || { tail -n 20 "$folder/stand-ins.log" >&2; exit 1; }
rm -rf "$debian"/var/lib/apt/lists/* "$debian"/var/cache/apt/archives/*.deb "$debian"/usr/share/{doc,man,locale}/*
# The authorities that this machine trusts: what is fetched while an image is built may come through a proxy of its own.
mkdir -p "$debian/etc/ssl/certs"
cp /etc/ssl/certs/ca-certificates.crt "$debian/etc/ssl/certs/"
base="$("${buildah[@]}" from scratch)"
"${buildah[@]}" copy -q "$base" "$debian" / >/dev/null
"${buildah[@]}" config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$base"
"${buildah[@]}" commit -q --format docker "$base" docker.io/library/debian:bookworm-slim >/dev/null
"${buildah[@]}" rm "$base" >/dev/null
rm -rf "$debian"
echo 'made debian:bookworm-slim'

apt='apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends'
clean='rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb'

image postgres:18 debian:bookworm-slim "
  groupadd --gid 999 postgres; useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres
  mkdir -p /etc/postgresql-common; echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  $apt postgresql-15; $clean
  ln -s /usr/lib/postgresql/15/bin/* /usr/local/bin/ 2>/dev/null || true
  install -d -o postgres -g postgres -m 1777 /var/lib/postgresql /var/run/postgresql
  rm -rf /var/lib/postgresql/*
  cat >/usr/local/bin/docker-entrypoint.sh <<'END'
#!/bin/bash
set -eu
export PGDATA=/var/lib/postgresql/18/docker
if [ ! -s \"\$PGDATA/PG_VERSION\" ]; then
  mkdir -p \"\$PGDATA\"
  initdb -U \"\$POSTGRES_USER\" --pwfile=\"\$POSTGRES_PASSWORD_FILE\" --auth-host=scram-sha-256 --auth-local=trust >/dev/null
  echo 'host all all all scram-sha-256' >>\"\$PGDATA/pg_hba.conf\"
  pg_ctl -w start -o \"-c listen_addresses=''\" >/dev/null
  [ \"\$POSTGRES_DB\" = postgres ] || createdb -U \"\$POSTGRES_USER\" \"\$POSTGRES_DB\"
  pg_ctl -w stop >/dev/null
fi
exec \"\$@\" -c listen_addresses='*'
END
  chmod +x /usr/local/bin/docker-entrypoint.sh" \
  --entrypoint '["docker-entrypoint.sh"]' --cmd postgres --volume /var/lib/postgresql --stop-signal SIGINT --port 5432

image redis:8 debian:bookworm-slim "
  groupadd --gid 999 redis; useradd --uid 999 --gid 999 redis; $apt redis-server; $clean" \
  --cmd redis-server --volume /data --workingdir /data --port 6379

# From source: Debian's Caddy is of 2022, and tells the body of an order to one server alone, also where that one is gone.
mkdir -p "$folder/caddy"
CGO_ENABLED=0 GOBIN="$folder/caddy" go install -trimpath -ldflags=-s "github.com/caddyserver/caddy/v2/cmd/caddy@$caddy_version" >"$folder/stand-ins.log" 2>&1 ||
  { tail -n 20 "$folder/stand-ins.log" >&2; exit 1; }
caddy="$("${buildah[@]}" from --pull-never -q debian:bookworm-slim)"
"${buildah[@]}" copy -q "$caddy" "$folder/caddy/caddy" /usr/bin/caddy >/dev/null
"${buildah[@]}" commit -q --rm "$caddy" stand-in/caddy >/dev/null
image caddy:2 stand-in/caddy "$apt libcap2-bin; $clean; setcap cap_net_bind_service=+ep /usr/bin/caddy; mkdir -p /config /data" \
  --env XDG_CONFIG_HOME=/config --env XDG_DATA_HOME=/data --workingdir /srv \
  --cmd 'caddy run --config /etc/caddy/Caddyfile --adapter caddyfile'

node="$("${buildah[@]}" from --pull-never -q debian:bookworm-slim)"
npm pack --silent --pack-destination "$folder" npm@11 >/dev/null
mkdir -p "$folder/npm" && tar -xzf "$folder"/npm-11*.tgz -C "$folder/npm" --strip-components 1
"${buildah[@]}" copy -q "$node" "$root/node_modules/node/bin/node" /usr/local/bin/node >/dev/null
"${buildah[@]}" copy -q "$node" "$folder/npm" /usr/local/lib/node_modules/npm >/dev/null
"${buildah[@]}" commit -q --rm "$node" stand-in/node >/dev/null
image node:24-slim stand-in/node "
  groupadd --gid 1000 node; useradd --uid 1000 --gid node --create-home node
  ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx" --cmd node

go="$("${buildah[@]}" from --pull-never -q debian:bookworm-slim)"
"${buildah[@]}" copy -q "$go" "$(go env GOROOT)" /usr/local/go >/dev/null
"${buildah[@]}" commit -q --rm "$go" stand-in/go >/dev/null
image golang:1.26-bookworm stand-in/go '' --env PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env GOPATH=/go
