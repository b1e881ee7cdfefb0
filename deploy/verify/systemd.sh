#!/usr/bin/env bash
# Runs deploy/systemd/smoocho.service under a real systemd: a Debian of its own, booted by systemd-nspawn, with the package
# installed as docs/operations/systemd.md says. Sets a shop up, sells, kills the server, restores for trial within the unit's
# restrictions, shares PostgreSQL with a command, stops, hangs, starts without a clock, upgrades (also to a version that is broken), restores.
#   deploy/verify/systemd.sh, after npm ci and npm run build. SUITE=trixie takes Debian 13 instead of 12.
# Needs root, debootstrap, systemd-container and Node. Not tried by it: OOMScoreAdjust=, which a container may not set.
set -euo pipefail
case "${1:-}" in -h | --help) exec /bin/sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" ;; esac
cd "$(dirname "$0")/../.."
root="$PWD"
export PATH="$root/node_modules/.bin:$PATH"
. deploy/verify/machine.sh

finish() {
  local code=$?
  remove_machine
  exit "$code"
}
trap finish EXIT

install_package() {
  cp "$1" "$box/root/smoocho.tgz"
  # The environment of here, which may name a proxy for packages.
  env HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$box" npm install --global --no-audit --no-fund --loglevel=error /root/smoocho.tgz
}

step 'a Debian with the package'
make_debian systemd-timesyncd
mkdir -p "$box/usr/local/lib/node_modules"
install -m 755 node_modules/node/bin/node "$box/usr/local/bin/node"
(cd "$folder" && npm pack --silent npm@11 >/dev/null && tar -xzf npm-11*.tgz && mv package "$box/usr/local/lib/node_modules/npm")
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$box/usr/local/bin/npm"
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
install_package "$folder"/smoocho-*.tgz

step 'it starts, is set up and sells'
boot --private-network
same "$(inside smoocho service status --json 2>/dev/null | node -p 'JSON.parse(require("node:fs").readFileSync(0)).exitCode')" 3 'exit code without a service'
inside smoocho service install
until_ready
same "$(inside smoocho service install --json | node -p 'JSON.parse(require("node:fs").readFileSync(0)).isChanged')" false 'the service installed again'
inside smoocho service status
set_up_shop
order=01983b00-0000-7000-8000-000000000001
number="$(till sell "$order")"
echo "$number"
node --input-type=module -e "import { photo } from '$root/test/support/pictures.ts'; await photo(900, 600).png().toFile('$box/root/kulfi.png')"
till picture /root/kulfi.png
figures="$(till figures)"
main="$(property MainPID)"
same "$(inside sh -c "grep -c -E '^(NoNewPrivs:.1|Seccomp:.2|CapBnd:.0+)$' /proc/$main/status")" 3 'restrictions of the process'
same "$(inside find /var/lib/smoocho -user root)" '' "files of root in the service's home, after commands by root"

step 'killed, it starts again and has everything'
inside sh -c "kill -9 $main"
for _ in $(seq 40); do [ "$(property NRestarts)" = 1 ] && break || sleep 1; done
same "$(property NRestarts)" 1 'restarts'
until_ready
same "$(till sell "$order")" "$number" 'the order again'
same "$(till figures)" "$figures" 'figures after the kill'

step 'hung, it is started again'
inside mkdir -p /etc/systemd/system/smoocho.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=6s\nTimeoutAbortSec=5s\n" >/etc/systemd/system/smoocho.service.d/soon.conf'
inside systemctl daemon-reload
inside systemctl restart smoocho
sleep 8
same "$(property NRestarts)" 0 'restarts while it lives'
inside sh -c "kill -STOP $(property MainPID)"
for _ in $(seq 60); do [ "$(property NRestarts)" = 1 ] && break || sleep 1; done
same "$(property NRestarts)" 1 'restarts after it hung'
inside rm -r /etc/systemd/system/smoocho.service.d
inside systemctl daemon-reload
inside systemctl restart smoocho
until_ready
same "$(till figures)" "$figures" 'figures after it hung'
inside smoocho service logs --lines 5

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
inside sh -c 'SMOOCHO_HOME=/var/lib/smoocho smoocho verify >/root/verified 2>&1 &'
# It holds the database until it may go on.
inside timeout 60 sh -c 'until tail -n 1 /var/lib/smoocho/postgres/postgres.log | grep -q "ready to accept"; do sleep 0.02; done
  pkill -STOP --full "[s]moocho verify"'
inside systemctl start smoocho
until_ready
same "$(property NRestarts)" 0 'restarts beside a command'
inside pkill -CONT --full "[s]moocho verify"
inside timeout 60 sh -c 'until grep "Everything agrees" /root/verified; do sleep 0.2; done'
till sell 01983b00-0000-7000-8000-000000000002
inside systemctl stop smoocho
same "$(inside pgrep --count --uid smoocho || true)" 0 'processes that stayed'
shutdown_machine

step 'it starts with the machine; without the time it waits no longer than it was told'
mkdir -p "$box/etc/systemd/system/systemd-time-wait-sync.service.d"
printf '[Service]\nTimeoutStartSec=20s\n' >"$box/etc/systemd/system/systemd-time-wait-sync.service.d/bound.conf"
# A container is told no time: what would wait for it waits for nothing instead, and as long.
printf '[Unit]\nConditionVirtualization=\nConditionCapability=\n[Service]\nExecStart=\nExecStart=/bin/sleep infinity\n' \
  >"$box/etc/systemd/system/systemd-time-wait-sync.service.d/never.conf"
offline systemctl enable --quiet systemd-time-wait-sync
begun=$SECONDS
boot --private-network
until_ready
echo "ready $((SECONDS - begun)) s after the machine; the wait ended by $(property Result systemd-time-wait-sync)"
same "$(property Result systemd-time-wait-sync)" timeout 'the wait for the time'

step 'an upgrade by one command, one that does not come up, and one to a version before'
# pack_as VERSION: this program under another version and with a migration of its own; what it reads from stdin begins its launcher.
pack_as() {
  rm -rf "$folder/package"
  tar -xzf "$folder"/smoocho-*.tgz -C "$folder"
  sed -i "s/\"version\": \"[^\"]*\"/\"version\": \"$1\"/" "$folder/package/package.json"
  printf -- '-- Up Migration\nCREATE TABLE proof_%s (n int);\n-- Down Migration\nDROP TABLE proof_%s;\n' "${1//./_}" "${1//./_}" \
    >"$folder/package/migrations/9999_proof.sql"
  { head -n 1 "$folder/package/bin/smoocho.js"; cat; tail -n +2 "$folder/package/bin/smoocho.js"; } >"$folder/launcher"
  cat "$folder/launcher" >"$folder/package/bin/smoocho.js"
  tar -czf "$box/root/smoocho-$1.tgz" -C "$folder" package
}
pack_as 99.0.1 <<<"if (process.argv[2] === 'start') { console.error('This one is broken.'); process.exit(1); }"
pack_as 99.0.0 </dev/null
# The packages that it is made of were fetched above.
upgrade() { inside env npm_config_offline=true smoocho upgrade "/root/smoocho-$1.tgz"; }
figures="$(till figures)"
upgrade 99.0.1 && fail 'a broken version stays'
same "$(inside smoocho --version)" "$(node -p 'require("./package.json").version')" 'the version after a broken one'
until_ready
same "$(till figures)" "$figures" 'figures after a broken version'
same "$(inside smoocho migrate status --json | node -p 'JSON.parse(require("node:fs").readFileSync(0)).unknown.length')" 0 'migrations of a broken version'
upgrade 99.0.0
same "$(inside smoocho --version)" 99.0.0 'the version after an upgrade'
until_ready
same "$(till figures)" "$figures" 'figures after an upgrade'
inside smoocho verify | tail -n 1
cp "$folder"/smoocho-*.tgz "$box/root/smoocho-old.tgz"
upgrade old && fail 'a version before took the database of a newer one'
inside smoocho migrate down --yes

step 'an upgrade by hand, and a restore'
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
# Those of PostgreSQL's programs and of its port may be root's: the service may replace them, for the folder is its own.
same "$(inside find /var/lib/smoocho -user root -not -path '*/linked-*' -not -name port)" '' "files of root in the service's home, after a restore"
inside smoocho verify | tail -n 1
inside smoocho service uninstall
same "$(inside sh -c 'smoocho service status >/dev/null 2>&1; echo $?')" 3 'exit code after it was taken away'
same "$(inside systemctl is-enabled smoocho 2>/dev/null || true)" '' 'a service that is gone'
echo "It ran under systemd $(inside systemctl --version | head -n 1 | cut -d ' ' -f 2), in $SECONDS s."
