#!/bin/bash
# Fetches what is secret into memory (/run), where the containers read it: nothing of it is in user data or on the disk. The gateway
# alone takes its keys from its environment; they open nothing but the gateway, which this machine alone reaches.
set -euo pipefail
umask 077
cd /opt/smoocho
set -a
# shellcheck source=/dev/null
. ./.env
set +a

# Of the machine's own identity the containers get nothing, but the gateway, which needs it.
iptables -N SMOOCHO 2>/dev/null || iptables -F SMOOCHO
iptables -A SMOOCHO ! -s 172.31.251.4 -d 169.254.169.254 -p tcp --dport 80 -j DROP
# Azure's second such address, which also is its name server.
iptables -A SMOOCHO -d 168.63.129.16 -p tcp -m multiport --dports 80,32526 -j DROP
iptables -C DOCKER-USER -j SMOOCHO 2>/dev/null || iptables -I DOCKER-USER -j SMOOCHO

if [ -n "${DATABASE_CA_URL:-}" ] && [ ! -s ca/database.pem ]; then
  curl -fsS --max-time 30 --retry 5 -o ca/database.pem.new "$DATABASE_CA_URL"
  chmod 644 ca/database.pem.new
  mv ca/database.pem.new ca/database.pem
fi

# A role that was granted a moment ago may take a minute to be known everywhere.
for try in 1 2 3 4 5 6 7 8 9 10; do
  secret="$(./fetch-secret)" && break
  [ "$try" -lt 10 ] || { echo 'The secret of Smoocho can not be read. Look at the rights of this machine.' >&2; exit 1; }
  sleep 15
done

install -d -m 711 /run/smoocho
put() {
  jq -ej ".$1" <<<"$secret" >"/run/smoocho/$2.new"
  chown 1000:1000 "/run/smoocho/$2.new"
  chmod 400 "/run/smoocho/$2.new"
  mv "/run/smoocho/$2.new" "/run/smoocho/$2"
}
put database_url database-url
put master_key master-key
put s3_access_key s3-access-key
put s3_secret_key s3-secret-key
if [ -n "${GATEWAY_KEYS:-}" ]; then
  jq -er '"ROOT_ACCESS_KEY=\(.s3_access_key)\nROOT_SECRET_KEY=\(.s3_secret_key)"' <<<"$secret" >"$GATEWAY_KEYS"
fi
