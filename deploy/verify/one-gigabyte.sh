#!/usr/bin/env bash
# Runs a whole shop with its own PostgreSQL in 1 GB of memory without swap, as a small Raspberry Pi has it: ten tills sell a thousand
# orders, while the heaviest pictures that are let in are decoded and a backup is made, read back and restored for trial.
#   deploy/verify/one-gigabyte.sh [IMAGE]     default smoocho:latest, made from Dockerfile; MEMORY=768m for less
# Needs root, podman (PODMAN is the command), control groups that limit memory, and Node (npm ci was run).
set -euo pipefail
case "${1:-}" in -h | --help) exec /bin/sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" ;; esac
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
image="${1:-smoocho:latest}" memory="${MEMORY:-1g}" port="${PORT:-18580}"
podman="${PODMAN:-podman}"
name="smoocho-memory-$$"

said="$(mktemp)"

finish() {
  local code=$?
  [ "$code" = 0 ] || cat "$said" >&2
  rm -f "$said"
  "$podman" rm -f -t 20 "$name" >/dev/null 2>&1 || true
  "$podman" volume rm -f "$name" >/dev/null 2>&1 || true
  exit "$code"
}
trap finish EXIT

usual=(--memory "$memory" --memory-swap "$memory" --init --read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges
  --network host --volume "$name:/var/lib/smoocho" --env HOST=127.0.0.1 --env "PORT=$port" --env TLS=off --env REQUESTS_PER_SECOND=100000)
printf 'correct horse battery' | "$podman" run --rm -i "${usual[@]}" "$image" smoocho init --yes --shop-name='Kulfi Corner' --shop-code=KULF \
  --currency=INR --timezone=Asia/Kolkata --owner-name=Asha --owner-email=owner@example.com --password-stdin >"$said" 2>&1
"$podman" run -d --name "$name" "${usual[@]}" "$image" smoocho start >"$said" 2>&1
for _ in $(seq 60); do
  curl -sf -o /dev/null "http://127.0.0.1:$port/readyz" && break || sleep 1
done
curl -sSf -o /dev/null "http://127.0.0.1:$port/readyz"

group="$(grep -m 1 -E ':memory:|^0::' "/proc/$("$podman" inspect -f '{{.State.Pid}}' "$name" 2>/dev/null)/cgroup" | cut -d : -f 3)"
for folder in "/sys/fs/cgroup/memory$group" "/sys/fs/cgroup$group"; do [ -e "$folder/memory.stat" ] && break; done
# What can't be given back: memory of programs, and what they share.
held() { awk '/^(total_rss|total_shmem|anon|shmem) / { sum[$1] = $2 } END { printf "%d", (sum["total_rss"] ? sum["total_rss"] + sum["total_shmem"] : sum["anon"] + sum["shmem"]) / 1e6 }' "$folder/memory.stat"; }
kills() { awk '/^oom_kill / { print $2 }' "$folder/memory.oom_control" "$folder/memory.events" 2>/dev/null; }

sleep 15
echo "idle after the start: $(held) MB"
node bench/one-gigabyte-load.ts "http://127.0.0.1:$port" &
load=$!
(
  "$podman" exec "$name" smoocho backup create && "$podman" exec "$name" smoocho backup verify --latest --deep
) 2>&1 | grep -E 'read back|is sound' &
backup=$!
most=0
while kill -0 "$load" 2>/dev/null || kill -0 "$backup" 2>/dev/null; do
  now="$(held)"
  [ "$now" -le "$most" ] || most="$now"
  sleep 0.2
done
wait "$load"
wait "$backup"
echo "most at the same time: $most MB of $memory"
"$podman" exec "$name" smoocho verify 2>/dev/null | tail -n 1
sleep 15
echo "idle after it all: $(held) MB; ended for want of memory: $(kills)"
[ "$(kills)" = 0 ] || { echo 'Something had to be ended.' >&2; exit 1; }
