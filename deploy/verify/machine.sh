# For systemd.sh and cloud-init.sh, which read this: a Debian in a folder of its own, booted by systemd-nspawn. $box is the folder.

[ "$(id -u)" = 0 ] || { echo 'A root file system of its own is made as root.' >&2; exit 2; }
for command in debootstrap systemd-nspawn nsenter node; do
  command -v "$command" >/dev/null || { echo "$command is missing." >&2; exit 2; }
done
export PASSWORD='correct horse battery'

folder="$(mktemp -d)"
box="$folder/box"
# The first process of the booted system, and what booted it.
init= nspawn=

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
same() { [ "$1" = "$2" ] || fail "$3: $1 instead of $2"; }
fail() {
  printf '\nFAILED: %s\n' "$*" >&2
  [ -z "$init" ] || inside journalctl --no-pager --lines 40 >&2 || true
  exit 1
}

# shutdown_machine: as by its switch. KEEP=1 leaves the folder there.
shutdown_machine() {
  [ -n "$init" ] || return 0
  inside systemctl poweroff --no-block 2>/dev/null || true
  timeout 120 tail --pid="$nspawn" -f /dev/null || kill -9 "$nspawn" || true
  init=
}
remove_machine() {
  shutdown_machine
  [ "${KEEP:-}" = 1 ] || rm -rf --one-file-system "$folder"
}

# make_debian PACKAGE…: of SUITE, with systemd and these packages, and the authorities that this machine trusts.
make_debian() {
  debootstrap --variant=minbase --include="systemd,systemd-sysv,dbus,procps,ca-certificates" "${SUITE:-bookworm}" "$box" >"$folder/log" 2>&1 ||
    { tail -n 20 "$folder/log" >&2; exit 1; }
  cp /usr/local/share/ca-certificates/*.crt "$box/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$box" update-ca-certificates >/dev/null 2>&1
  cp --remove-destination --dereference /etc/resolv.conf "$box/etc/resolv.conf"
  chroot "$box" sh -c "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $*" >"$folder/log" 2>&1 ||
    { tail -n 20 "$folder/log" >&2; exit 1; }
  [ ! -e "$HOME/.npmrc" ] || cp "$HOME/.npmrc" "$box/root/.npmrc"
  cp deploy/verify/till.mjs "$box/root/"
}

# boot OPTION…, of systemd-nspawn. Done when all has started that starts with the machine.
boot() {
  systemd-nspawn --quiet --boot --directory "$box" --machine "smoocho-$$" --register=no --keep-unit --console=read-only "$@" \
    </dev/null >"$folder/console" 2>&1 &
  nspawn=$!
  for _ in $(seq "${BOOT_SECONDS:-120}"); do
    init="$(pgrep -P "$nspawn" | head -n 1 || true)"
    case "$([ -z "$init" ] || inside systemctl is-system-running 2>/dev/null)" in running | degraded) return 0 ;; esac
    sleep 1
  done
  cat "$folder/console" >&2
  fail 'systemd did not come up'
}

inside() {
  timeout 600 nsenter --target "$init" --mount --uts --ipc --net --pid --cgroup \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "PASSWORD=$PASSWORD" BASE=http://127.0.0.1:8080 "$@"
}
# In the system that is not booted.
offline() { chroot "$box" env HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

property() { inside systemctl show --property "$1" --value "${2:-smoocho}"; }
till() { inside node /root/till.mjs "$@"; }
until_ready() {
  for _ in $(seq 90); do
    inside node -e 'fetch("http://127.0.0.1:8080/readyz").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))' && return
    sleep 1
  done
  fail 'the server is not ready'
}
set_up_shop() {
  inside sh -c 'printf %s "$PASSWORD" | smoocho init --yes --shop-name="Kulfi Corner" --shop-code=KULF --currency=INR \
    --timezone=Asia/Kolkata --owner-name=Asha --owner-email=owner@example.com --password-stdin' >/dev/null
}
