#!/usr/bin/env bash
# Runs a MinIO on the loopback, to try pictures and backups in a bucket by hand: scripts/minio.sh [FOLDER]. Builds it from
# source once (scripts/s3-servers.sh), keeps its data in FOLDER (default: a new one, removed at the end) and prints the settings
# that Smoocho needs. MINIO_PORT defaults to 9000. Ctrl-C stops it.
set -euo pipefail
cd "$(dirname "$0")/.."

minio="$(scripts/s3-servers.sh minio)"
port="${MINIO_PORT:-9000}"
folder="${1:-}"
if [ -z "$folder" ]; then
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder/data"
# The secret key is generated for this folder and reused the next time.
key="$folder/secret-key"
[ -s "$key" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$key")

cat <<END
export S3_ENDPOINT=http://127.0.0.1:$port S3_BUCKET=pictures
export S3_ACCESS_KEY=smoocho S3_SECRET_KEY_FILE=$(cd "$folder" && pwd)/secret-key
END
# No exec: the folder is removed after MinIO exits.
MINIO_ROOT_USER=smoocho MINIO_ROOT_PASSWORD="$(cat "$key")" MINIO_UPDATE=off HOME="$folder" \
  "$minio" server --quiet --address "127.0.0.1:$port" --console-address 127.0.0.1:0 "$folder/data"
