# What deploy/verify.sh and its proofs have in common; sourced, in the root of the checkout, as root.

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
[ -x "$folder/bin/podman" ] || cat >"$folder/bin/podman" <<END
#!/bin/bash
args=()
for arg in "\$@"; do [[ "\$arg" == --requires=* ]] || args+=("\$arg"); done
exec $(command -v podman) --root $folder/storage --runroot $folder/run --network-config-dir $folder/networks "\${args[@]}"
END
chmod +x "$folder/bin/podman"
export PATH="$folder/bin:$PATH"
export BUILDAH="buildah --root $folder/storage --runroot $folder/run"

# Sets what `docker compose` is; with another file, that one on top.
use_compose() {
  compose=("$folder/venv/bin/podman-compose" --podman-path "$folder/bin/podman" -p "$project" -f docker-compose.yml)
  [ "$#" = 0 ] || compose+=(-f "$1")
}

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
fail() { printf '\nFAILED: %s\n' "$*" >&2; exit 1; }
# What it says about systemd, which would run the health checks, is no news.
quiet() { "$@" 2>&1 | grep -vE 'systemd|^[0-9a-f]{64}$|condition check due to|connect to syslog' || true; }

remove_all() {
  podman ps -aq 2>/dev/null | xargs -r podman rm -f -t 5 >/dev/null 2>&1 || true
  podman volume ls -q 2>/dev/null | xargs -r podman volume rm -f >/dev/null 2>&1 || true
  podman network ls -q 2>/dev/null | grep -vx podman | xargs -r podman network rm -f >/dev/null 2>&1 || true
}
# A run that was killed leaves its containers' names with podman's name server, which answers a later run with their addresses.
forget_killed_runs() {
  local file pid
  for file in /run/containers/networks/aardvark-dns/verify-*; do
    pid="${file##*/verify-}"
    pid="${pid%%_*}"
    [ ! -e "$file" ] || kill -0 "$pid" 2>/dev/null || rm -f "$file"
  done
}
forget_killed_runs
finish() {
  local code=$?
  [ "${KEEP:-}" = 1 ] && return
  remove_all
  [ -n "${VERIFY_FOLDER:-}" ] || { umount -R "$folder"/storage/* 2>/dev/null || true; rm -rf "$folder"; }
  exit "$code"
}
trap finish EXIT

# Those that serve; a proof may have more.
servers=(smoocho)

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
  local part
  quiet "${compose[@]}" up --no-start
  start secrets
  ended secrets
  for part in postgres redis minio; do start "$part"; done
  for part in postgres redis minio; do healthy "$part"; done
  start migrate
  ended migrate
  for part in "${servers[@]}"; do
    start "$part"
    healthy "$part"
  done
  start caddy
  fetch_root
}
set_up_shop() {
  printf '%s' "$PASSWORD" | inside init --yes --shop-name='Kulfi Corner' --shop-code=KULF --currency=INR --timezone=Asia/Kolkata \
    --owner-name=Asha --owner-email=owner@example.com --password-stdin --recovery-key-file=/var/lib/smoocho/recovery.key
}
put_picture() {
  node -e "require('sharp')({ create: { width: 900, height: 600, channels: 3, background: '#c63' } }).png().toFile('$folder/kulfi.png')"
  till picture "$folder/kulfi.png"
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

