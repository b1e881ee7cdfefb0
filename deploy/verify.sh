#!/usr/bin/env bash
# Proves Dockerfile and the compose files from nothing: builds the images, and then
#   one-box      brings all parts up, sets a shop up, sells through Caddy's TLS, puts a picture into MinIO, kills each part in turn,
#                makes a backup, destroys every volume, restores, and compares
#   two-servers  four tills sell through two servers, of which each is killed once
#   deploy/verify.sh [--stand-ins] [PROOF…]
# With --stand-ins no registry is needed: the base images are made of Debian's packages (deploy/verify/stand-ins.sh).
# Needs root, podman, buildah, runc, iproute2, Python 3 with venv, Node (npm ci was run), openssl and curl; --stand-ins debootstrap and Go as well.
# All of it lies in one folder (VERIFY_FOLDER, default: a new one) and is taken away at the end; KEEP=1 leaves it there.
set -euo pipefail
case "${1:-}" in -h | --help) exec /bin/sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" ;; esac
cd "$(dirname "$0")/.."
root="$PWD"
export PATH="$root/node_modules/.bin:$PATH"

[ "$(id -u)" = 0 ] || { echo 'Containers are made as root here.' >&2; exit 2; }
needed=(podman buildah runc python3 node openssl curl unshare ip)
stand_ins=no
[ "${1:-}" != --stand-ins ] || { stand_ins=yes; needed+=(debootstrap go); shift; }
for command in "${needed[@]}"; do
  command -v "$command" >/dev/null || { echo "$command is missing." >&2; exit 2; }
done
python3 -c 'import ensurepip' 2>/dev/null || { echo 'python3-venv is missing.' >&2; exit 2; }
proofs=("$@")
[ "$#" -gt 0 ] || proofs=(one-box two-servers)
for proof in "${proofs[@]}"; do
  [ -e "deploy/verify/$proof.sh" ] || { echo "There is no proof $proof." >&2; exit 2; }
done

. deploy/verify/containers.sh

if [ "$stand_ins" = yes ]; then
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
[ "$ours" -le 120 ] || fail 'our layers have more than 120 MB'

python3 -m venv --clear "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check podman-compose==1.6.0

# In a network of its own each: it meets nothing else of this machine, nor another run.
for proof in "${proofs[@]}"; do
  VERIFY_FOLDER="$folder" unshare --net bash deploy/verify/prove.sh "$proof"
done

step 'done'
echo "All of it passed in $SECONDS s."
