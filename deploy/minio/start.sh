#!/bin/sh
# A folder in its data is a bucket: the one for pictures is there from the first moment.
set -eu
mkdir -p "/data/${MINIO_BUCKET:-pictures}"
export MINIO_UPDATE=off MINIO_BROWSER=off HOME=/tmp
exec minio server --quiet --address :9000 /data
