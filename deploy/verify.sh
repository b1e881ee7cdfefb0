#!/usr/bin/env bash
# Proves Dockerfile and docker-compose.yml from nothing: builds the images, brings all parts up, sets a shop up, sells through
# Caddy's TLS, puts a picture into MinIO, kills each part in turn, makes a backup, destroys every volume, restores, and compares.
#   deploy/verify.sh [--stand-ins]
# With --stand-ins no registry is needed: the base images are made of Debian's packages (deploy/verify/stand-ins.sh).
# Needs root, podman, buildah, runc, Python 3, Node (npm ci was run), openssl and curl; --stand-ins debootstrap and Go as well.
# All of it lies in one folder (VERIFY_FOLDER, default: a new one) and is taken away at the end; KEEP=1 leaves it there.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
export PATH="$root/node_modules/.bin:$PATH"

[ "$(id -u)" = 0 ] || { echo 'Containers are made as root here.' >&2; exit 2; }
for command in podman buildah runc python3 node openssl curl; do
  command -v "$command" >/dev/null || { echo "$command is missing." >&2; exit 2; }
done

folder="${VERIFY_FOLDER:-$(mktemp -d)}"
mkdir -p "$folder/bin" "$folder/log" "$folder/away"
export HTTP_PORT="${HTTP_PORT:-18480}" HTTPS_PORT="${HTTPS_PORT:-18443}"
export PASSWORD='correct horse battery' BASE="https://localhost:$HTTPS_PORT"
export CONTAINERS_CONF="$folder/containers.conf"
project="verify-$$"

# A container must not ask for more than this machine's own limits; runc needs no systemd.
cat >"$CONTAINERS_CONF" <<'END'
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
# Debian 12's podman (4.3) starts nothing that depends on what depends on something itself: the order is kept below instead.
cat >"$folder/bin/podman" <<END
#!/bin/bash
args=()
for arg in "\$@"; do [[ "\$arg" == --requires=* ]] || args+=("\$arg"); done
exec $(command -v podman) --root $folder/storage --runroot $folder/run --network-config-dir $folder/networks "\${args[@]}"
END
chmod +x "$folder/bin/podman"
export PATH="$folder/bin:$PATH"
export BUILDAH="buildah --root $folder/storage --runroot $folder/run"

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
fail() { printf '\nFAILED: %s\n' "$*" >&2; exit 1; }
# What it says about systemd, which would run the health checks, is no news.
quiet() { "$@" 2>&1 | grep -vE 'systemd|^[0-9a-f]{64}$|condition check due to|connect to syslog' || true; }

remove_all() {
  podman ps -aq 2>/dev/null | xargs -r podman rm -f -t 5 >/dev/null 2>&1 || true
  podman volume ls -q 2>/dev/null | xargs -r podman volume rm -f >/dev/null 2>&1 || true
  podman network rm -f "${project}_inside" "${project}_front" >/dev/null 2>&1 || true
}
finish() {
  local code=$?
  [ "${KEEP:-}" = 1 ] && return
  remove_all
  [ -n "${VERIFY_FOLDER:-}" ] || { umount -R "$folder"/storage/* 2>/dev/null || true; rm -rf "$folder"; }
  exit "$code"
}
trap finish EXIT

name_of() { echo "${project}_$1_1"; }
start() { quiet podman start "$(name_of "$1")" >>"$folder/log/start"; }
# Without systemd nobody else runs the checks.
healthy() {
  local n
  for n in $(seq 90); do
    podman healthcheck run "$(name_of "$1")" >/dev/null 2>&1 && return
    sleep 1
  done
  podman logs "$(name_of "$1")" 2>&1 | tail -n 20
  fail "$1 is not healthy after 90 s"
}
ended() {
  [ "$(podman wait "$(name_of "$1")")" = 0 ] || { podman logs "$(name_of "$1")"; fail "$1 did not end well"; }
}
# The order that docker compose keeps by itself.
bring_up() {
  quiet "${compose[@]}" up --no-start
  start secrets
  ended secrets
  for part in postgres redis minio; do start "$part"; done
  for part in postgres redis minio; do healthy "$part"; done
  start migrate
  ended migrate
  start smoocho
  healthy smoocho
  start caddy
  fetch_root
}
fetch_root() {
  local n
  for n in $(seq 60); do
    # By a name that Caddy has a certificate for, as a device does: that is where Caddy would redirect by itself.
    if curl -sf "http://localhost:$HTTP_PORT/ca.pem" -o "$folder/ca.pem" && [ -s "$folder/ca.pem" ] &&
      curl -sf --cacert "$folder/ca.pem" "$BASE/readyz" >/dev/null; then return; fi
    sleep 1
  done
  podman logs "$(name_of caddy)" 2>&1 | tail -n 20
  fail 'nothing answers through Caddy after 60 s'
}
inside() { podman exec -i "$(name_of smoocho)" smoocho "$@"; }
till() { NODE_EXTRA_CA_CERTS="$folder/ca.pem" node deploy/verify/till.mjs "$@"; }
new_id() { node -p 'crypto.randomUUID()'; }
# As a till does it: the same id until it is answered.
sell_for_certain() {
  local id n
  id="$(new_id)"
  for n in $(seq 60); do
    till sell "$id" 2>>"$folder/log/till" && return
    sleep 1
  done
  fail 'an order was not taken within a minute'
}

if [ "${1:-}" = --stand-ins ]; then
  step 'base images of Debian packages'
  deploy/verify/stand-ins.sh "$folder"
fi

step 'images'
# The registry's settings of this machine, for the build alone.
mounts=()
for file in /etc/npmrc "$HOME/.npmrc"; do
  [ ! -e "$file" ] || mounts+=(-v "$file:$([ "$file" = /etc/npmrc ] && echo /usr/local/etc/npmrc || echo /root/.npmrc):ro")
done
version="$(node -p 'JSON.parse(require("node:fs").readFileSync("package.json")).version')"
build() {
  $BUILDAH bud --isolation chroot --network host --format docker --layers -q "$@" >"$folder/log/build" 2>&1 ||
    { tail -n 30 "$folder/log/build"; fail 'an image can not be built'; }
}
build "${mounts[@]}" --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" -t smoocho:latest .
build -t smoocho-minio:latest deploy/minio
size() { podman image inspect --format '{{.Size}}' "$1"; }
ours=$((($(size smoocho:latest) - $(size node:24-slim)) / 1000000))
echo "smoocho: $ours MB over its base, $(($(size smoocho:latest) / 1000000)) MB in all; smoocho-minio: $(($(size smoocho-minio:latest) / 1000000)) MB"
[ "$ours" -le 160 ] || fail 'our layers have more than 160 MB'

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check podman-compose==1.6.0
compose=("$folder/venv/bin/podman-compose" --podman-path "$folder/bin/podman" -p "$project")

step 'up'
bring_up
podman ps -a --format '{{.Names}}  {{.Status}}'
leads="$(curl -s -o /dev/null -w '%{redirect_url}' "http://localhost:$HTTP_PORT/kitchen")"
[ "$leads" = "$BASE/kitchen" ] || fail "plain HTTP leads to $leads"

step 'a shop, an order through TLS, a picture'
printf '%s' "$PASSWORD" | inside init --yes --shop-name='Kulfi Corner' --shop-code=KULF --currency=INR --timezone=Asia/Kolkata \
  --owner-name=Asha --owner-email=owner@example.com --password-stdin --recovery-key-file=/var/lib/smoocho/recovery.key
podman cp "$(name_of smoocho):/var/lib/smoocho/recovery.key" "$folder/away/recovery.key" 2>/dev/null
sell_for_certain
node -e "require('sharp')({ create: { width: 900, height: 600, channels: 3, background: '#c63' } }).png().toFile('$folder/kulfi.png')"
till picture "$folder/kulfi.png"
till figures
[ -n "$(podman exec "$(name_of minio)" find /data/pictures -name '*.webp' | head -n 1)" ] || fail 'there is no picture in MinIO'

step 'memory, nobody selling'
sleep 5
podman stats --no-stream --format '{{.Name}}  {{.MemUsage}}' 2>/dev/null | sed 's# / .*##'

step 'each part killed in turn'
for part in redis minio postgres smoocho caddy; do
  podman kill "$(name_of "$part")" >/dev/null
  case "$part" in
    # Not needed to sell.
    redis | minio) number="$(sell_for_certain)"; echo "without $part: $number" ;;
    *) ! till sell "$(new_id)" >/dev/null 2>&1 || fail "a sale was answered without $part" ;;
  esac
  start "$part"
  [ "$part" = caddy ] && fetch_root || healthy "$part"
  # Not within echo, which would succeed whatever became of the order.
  number="$(sell_for_certain)"
  echo "after $part came back: $number"
done
till picture "$folder/kulfi.png"
inside verify | tail -n 1

step 'backup, every volume destroyed, restored'
inside backup create
file="$(inside backup list --json | node -p 'JSON.parse(require("node:fs").readFileSync(0)).backups[0].file')"
podman cp "$(name_of smoocho):$file" "$folder/away/" 2>/dev/null
# Smoocho's user in the image has to be able to read them.
chown -R 1000:1000 "$folder/away"
before="$(till figures)"
remove_all
[ -z "$(podman volume ls -q)" ] || fail 'a volume is left'
bring_up
podman stop -t 20 "$(name_of smoocho)" >/dev/null 2>&1
"${compose[@]}" run --rm --no-deps -T -v "$folder/away:/from:ro" smoocho \
  smoocho restore "/from/$(basename "$file")" --identity /from/recovery.key --yes 2>&1 | { grep -vE 'systemd|Ignored' || true; }
start smoocho
healthy smoocho
# Until Caddy finds it again.
fetch_root
after="$(till figures)"
echo "before $before"
echo "after  $after"
[ "$before" = "$after" ] || fail 'the restored shop is another one'
sell_for_certain
inside verify | tail -n 1

step 'done'
echo "All of it passed in $SECONDS s."
