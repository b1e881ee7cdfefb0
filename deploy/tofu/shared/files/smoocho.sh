#!/bin/bash
# The command line of Smoocho, in its container: sudo smoocho status
set -euo pipefail
cd /opt/smoocho
options=()
[ -t 0 ] && [ -t 1 ] || options+=(-T)
exec docker compose exec "${options[@]}" smoocho smoocho "$@"
