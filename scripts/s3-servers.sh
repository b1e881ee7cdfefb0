#!/usr/bin/env bash
# Builds the S3 servers for the tests from source, each once: scripts/s3-servers.sh [minio] [versitygw]. Prints one path per
# line; for a server that can't be built it prints the reason on stderr and exits with 1. The programs are kept in
# S3_SERVERS_FOLDER (default: smoocho/s3-servers in the user's cache folder). Only the tests start them, on the loopback.
set -uo pipefail

folder="${S3_SERVERS_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/smoocho/s3-servers}"
# Wait for another run that is building them.
wait_seconds=900
# Don't retry a build that failed recently: each suite would wait for the network again.
failed_minutes=20

# Pins MinIO's last commit: Go's module proxy lacks its last release, RELEASE.2025-10-15T17-29-55Z.
source_of() {
  case "$1" in
    minio) echo 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c' ;;
    versitygw) echo 'github.com/versity/versitygw/cmd/versitygw@v1.8.0' ;;
    *) return 1 ;;
  esac
}

build() {
  local name="$1" source="$2" target="$3" work log
  work="$folder/building-$name"
  log="$folder/$name.log"
  rm -rf "$work"
  mkdir -p "$work/bin"
  # Downloads and build cache go to $work and are removed after the build: hundreds of megabytes.
  local bounded=()
  ! command -v timeout >/dev/null || bounded=(timeout "$wait_seconds")
  GOBIN="$work/bin" GOPATH="$work/path" GOCACHE="$work/cache" GOFLAGS='-modcacherw -trimpath' CGO_ENABLED=0 \
    nice -n 15 "${bounded[@]}" go install "$source" >"$log" 2>&1
  local code=$?
  if [ "$code" = 0 ]; then
    mv "$work/bin/$name" "$target"
    rm -f "$log"
  fi
  rm -rf "$work"
  return "$code"
}

provide() {
  local name="$1" source target
  source="$(source_of "$name")" || { echo "$name is none of the S3 servers: minio, versitygw" >&2; return 1; }
  target="$folder/$name-${source##*@}"
  if [ ! -x "$target" ]; then
    command -v go >/dev/null || { echo "$name can not be built: Go is not installed" >&2; return 1; }
    mkdir -p "$folder" || return 1
    exec 9>"$folder/$name.lock"
    ! command -v flock >/dev/null || flock -w "$wait_seconds" 9 || { echo "$name is being built elsewhere for more than $wait_seconds s" >&2; return 1; }
    if [ ! -x "$target" ]; then
      # A failed build leaves its log.
      [ -z "$(find "$folder/$name.log" -mmin "-$failed_minutes" 2>/dev/null)" ] && build "$name" "$source" "$target" ||
        { echo "$name can not be built: $(tail -n 1 "$folder/$name.log" | cut -c 1-200)" >&2; return 1; }
    fi
    exec 9>&-
  fi
  echo "$target"
}

failed=0
[ "$#" -gt 0 ] || set -- minio versitygw
for name in "$@"; do provide "$name" || failed=1; done
exit "$failed"
