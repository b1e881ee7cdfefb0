#!/usr/bin/env bash
# Runs deploy/systemd/smoocho.service under a real systemd: a Debian of its own, booted by systemd-nspawn, with the package
# installed as docs/operations/systemd.md says. Sets a shop up, sells, kills the server, restores for trial within the unit's
# restrictions, shares PostgreSQL with a command, stops, starts without a clock, upgrades, restores.
#   deploy/verify/systemd.sh, after npm ci and npm run build. SUITE=trixie takes Debian 13 instead of 12.
# Needs root, debootstrap, systemd-container and Node. Not tried by it: OOMScoreAdjust=, which a container may not set.
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD"
export PATH="$root/node_modules/.bin:$PATH" PASSWORD='correct horse battery'

[ "$(id -u)" = 0 ] || { echo 'A root file system of its own is made as root.' >&2; exit 2; }
for command in debootstrap systemd-nspawn nsenter node; do
  command -v "$command" >/dev/null || { echo "$command is missing." >&2; exit 2; }
done

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
fail() {
  printf '\nFAILED: %s\n' "$*" >&2
  [ -z "${init:-}" ] || inside journalctl --unit smoocho --no-pager --lines 30 >&2 || true
  exit 1
}
same() { [ "$1" = "$2" ] || fail "$3: $1 instead of $2"; }

folder="$(mktemp -d)"
box="$folder/box"
init=
shutdown() {
  [ -n "$init" ] || return 0
  inside systemctl poweroff --no-block 2>/dev/null || true
  timeout 120 tail --pid="$nspawn" -f /dev/null || kill -9 "$nspawn" || true
  init=
}
finish() {
  local code=$?
  shutdown
  rm -rf --one-file-system "$folder"
  exit "$code"
}
trap finish EXIT

# In the booted system, as its root; in the one that isn't, by a changed root.
inside() {
  nsenter --target "$init" --mount --uts --ipc --net --pid --cgroup \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "PASSWORD=$PASSWORD" BASE=http://127.0.0.1:8080 "$@"
}
offline() { chroot "$box" env HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

boot() {
  systemd-nspawn --quiet --boot --directory "$box" --machine "smoocho-$$" --register=no --keep-unit --private-network --console=passive \
    </dev/null >"$folder/console" 2>&1 &
  nspawn=$!
  for _ in $(seq 60); do
    init="$(pgrep -P "$nspawn" | head -n 1 || true)"
    [ -n "$init" ] && inside systemctl is-system-running --quiet 2>/dev/null && return
    sleep 1
  done
  cat "$folder/console" >&2
  fail 'systemd did not come up'
}
property() { inside systemctl show --property "$1" --value "${2:-smoocho}"; }
until_ready() {
  for _ in $(seq 90); do
    inside node -e 'fetch("http://127.0.0.1:8080/readyz").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))' && return
    sleep 1
  done
  fail 'the server is not ready'
}
till() { inside node /root/till.mjs "$@"; }

install_package() {
  cp "$1" "$box/root/smoocho.tgz"
  # The caller's settings for a proxy and the like are its package client's.
  env HOME="$HOME" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$box" npm install --global --no-audit --no-fund --loglevel=error /root/smoocho.tgz
}

step 'a Debian with the package'
debootstrap --variant=minbase --include=systemd,systemd-sysv,systemd-timesyncd,dbus,procps "${SUITE:-bookworm}" "$box" >"$folder/log" 2>&1 ||
  { tail -n 20 "$folder/log" >&2; exit 1; }
mkdir -p "$box/etc/ssl/certs" "$box/usr/local/lib/node_modules"
cp /etc/ssl/certs/ca-certificates.crt "$box/etc/ssl/certs/"
cp --dereference /etc/resolv.conf "$box/etc/resolv.conf"
[ ! -e "$HOME/.npmrc" ] || cp "$HOME/.npmrc" "$box/root/.npmrc"
install -m 755 node_modules/node/bin/node "$box/usr/local/bin/node"
(cd "$folder" && npm pack --silent npm@11 >/dev/null && tar -xzf npm-11*.tgz && mv package "$box/usr/local/lib/node_modules/npm")
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$box/usr/local/bin/npm"
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
install_package "$folder"/smoocho-*.tgz
cp deploy/verify/till.mjs deploy/verify/hold-database.mjs "$box/root/"
offline useradd --system --user-group --home-dir /var/lib/smoocho --shell /usr/sbin/nologin smoocho
install -m 644 "$box/usr/local/lib/node_modules/smoocho/deploy/systemd/smoocho.service" "$box/etc/systemd/system/"
install -D -m 600 deploy/systemd/smoocho.env "$box/etc/smoocho/smoocho.env"

step 'it starts, is set up and sells'
boot
inside systemctl enable --now --quiet smoocho
until_ready
inside sh -c 'printf %s "$PASSWORD" | smoocho init --yes --shop-name="Kulfi Corner" --shop-code=KULF --currency=INR \
  --timezone=Asia/Kolkata --owner-name=Asha --owner-email=owner@example.com --password-stdin' >/dev/null
order=01983b00-0000-7000-8000-000000000001
number="$(till sell "$order")"
echo "$number"
node --input-type=module -e "import { photo } from '$root/test/support/pictures.ts'; await photo(900, 600).png().toFile('$box/root/kulfi.png')"
till picture /root/kulfi.png
figures="$(till figures)"
main="$(property MainPID)"
same "$(inside sh -c "grep -c -E '^(NoNewPrivs:.1|Seccomp:.2|CapBnd:.0+)$' /proc/$main/status")" 3 'restrictions of the process'
same "$(inside find /var/lib/smoocho -user root | wc -l)" 0 "files of root in the service's home, after commands by root"

step 'killed, it starts again and has everything'
inside sh -c "kill -9 $main"
for _ in $(seq 40); do [ "$(property NRestarts)" = 1 ] && break || sleep 1; done
same "$(property NRestarts)" 1 'restarts'
until_ready
same "$(till sell "$order")" "$number" 'the order again'
same "$(till figures)" "$figures" 'figures after the kill'

step 'a backup, and its trial within the same restrictions'
inside smoocho backup create
sed -e 's|^ExecStart=.*|ExecStart=/usr/local/bin/smoocho backup verify --latest --deep|; s|^Type=.*|Type=oneshot|; /^Restart/d' \
  deploy/systemd/smoocho.service >"$box/etc/systemd/system/trial.service"
inside systemctl daemon-reload
inside systemctl start trial || { inside journalctl -u trial --no-pager >&2; fail 'the trial'; }
inside journalctl --unit trial --no-pager --output cat | grep 'is sound'

step 'it stops whole'
inside systemctl stop smoocho
same "$(property Result) $(property ExecMainStatus)" 'success 0' 'result'
same "$(inside pgrep --count --uid smoocho || true)" 0 'processes that stayed'
inside tail -n 1 /var/lib/smoocho/postgres/postgres.log | grep 'database system is shut down'

step 'a command and the service share PostgreSQL, whoever starts it'
inside node /root/hold-database.mjs 20 >"$folder/held" &
holder=$!
for _ in $(seq 20); do grep -q held "$folder/held" && break || sleep 1; done
inside systemctl start smoocho
until_ready
same "$(property NRestarts)" 0 'restarts beside a command'
wait "$holder"
till sell 01983b00-0000-7000-8000-000000000002
inside systemctl stop smoocho
same "$(inside pgrep --count --uid smoocho || true)" 0 'processes that stayed'
shutdown

step 'it starts with the machine; without the time it waits no longer than it was told'
mkdir -p "$box/etc/systemd/system/systemd-time-wait-sync.service.d"
printf '[Service]\nTimeoutStartSec=20s\n' >"$box/etc/systemd/system/systemd-time-wait-sync.service.d/bound.conf"
# A container sets no clock: without these two lines there would be nothing to wait for.
printf '[Unit]\nConditionVirtualization=\nConditionCapability=\n' >"$box/etc/systemd/system/systemd-time-wait-sync.service.d/container.conf"
offline systemctl enable --quiet systemd-time-wait-sync
begun=$SECONDS
boot
until_ready
echo "ready $((SECONDS - begun)) s after the machine; the wait ended by $(property Result systemd-time-wait-sync)"
same "$(property Result systemd-time-wait-sync)" timeout 'the wait for the time'

step 'an upgrade, and a restore'
figures="$(till figures)"
inside systemctl stop smoocho
install_package "$folder"/smoocho-*.tgz
inside systemctl start smoocho
until_ready
same "$(till figures)" "$figures" 'figures after the upgrade'
inside sh -c 'smoocho backup key create --out /root/recovery.key >/dev/null; smoocho backup create >/dev/null; mv /var/lib/smoocho/backups/*.smoocho /root/'
inside systemctl stop smoocho
inside sh -c 'rm -rf /var/lib/smoocho/* && smoocho restore --yes "$(ls -t /root/*.smoocho | head -n 1)" --identity /root/recovery.key' | tail -n 3
inside systemctl start smoocho
until_ready
same "$(till figures)" "$figures" 'figures after the restore'
same "$(inside find /var/lib/smoocho -user root | wc -l)" 0 "files of root in the service's home, after a restore"
inside smoocho verify | tail -n 1
echo "It ran under systemd $(inside systemctl --version | head -n 1 | cut -d ' ' -f 2), in $SECONDS s."
