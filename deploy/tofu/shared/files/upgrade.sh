#!/bin/bash
# Another version: sudo smoocho-upgrade v0.2.0. Builds it while the old one sells; `migrate` makes a backup before it changes the database.
set -euo pipefail
version="${1:?Which version? Such as: smoocho-upgrade v0.2.0}"
[[ "$version" =~ ^[A-Za-z0-9._-]+$ ]] || { echo "$version is no tag and no commit." >&2; exit 2; }
cd /opt/smoocho
sed -E -e "s|^SMOOCHO_VERSION=.*|SMOOCHO_VERSION=$version|" -e "s|^(SMOOCHO_SOURCE=[^#]*)#.*|\1#$version|" .env >.env.new
SMOOCHO_VERSION="$version" docker compose --env-file .env.new build smoocho
mv .env.new .env
exec systemctl restart smoocho
