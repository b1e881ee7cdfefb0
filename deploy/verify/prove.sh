#!/usr/bin/env bash
# One proof of deploy/verify.sh, with the images made: prove.sh PROOF, in an empty network, as root. VERIFY_FOLDER has the images.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

. deploy/verify/containers.sh
ip link set lo up
remove_all
# shellcheck source=/dev/null
. "deploy/verify/$1.sh"
