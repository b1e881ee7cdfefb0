# docker-compose.two-servers.yml: four tills sell through Caddy, and each of the two servers is killed once meanwhile; sourced by
# deploy/verify.sh, with the images made. The tills, and what has to be true of them, are in two-servers.mjs.

use_compose docker-compose.two-servers.yml
servers=(smoocho smoocho-2)
sql() { podman exec "$(name_of postgres)" psql -U smoocho -d smoocho -Atqc "$1"; }
# Sessions that hold an advisory lock: 0x536d6f73 is held by each server, 0x536d6f6c by the one that runs the schedule.
holders() { sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted"; }
from_within() { podman exec -i -e "PASSWORD=$PASSWORD" -e BASE=http://127.0.0.1:8080 "$(name_of "$1")" node --input-type=module - "$2" <deploy/verify/till.mjs; }

step 'two servers: up'
bring_up
podman ps -a --format '{{.Names}}  {{.Status}}'
set_up_shop >/dev/null
sell_for_certain
put_picture
echo "migrations were applied by: $(podman logs "$(name_of migrate)" 2>&1 | tail -n 1)"
[ "$(holders $((0x536d6f73)))" = 2 ] || fail 'not both servers hold their lock'
one="$(from_within smoocho figures)"
[ "$one" = "$(from_within smoocho-2 figures)" ] || fail 'the two servers do not show the same shop'
echo "each shows $one"

step 'two servers: 20 orders a second, each killed once'
NODE_EXTRA_CA_CERTS="$folder/ca.pem" node deploy/verify/two-servers.mjs "$(name_of smoocho)" "$(name_of smoocho-2)"
inside verify | tail -n 1

step 'two servers: one of them leads'
# It may have been killed: the other looks once a minute.
for n in $(seq 90); do
  leaders="$(holders $((0x536d6f6c)))"
  [ "$leaders" = 0 ] || break
  sleep 1
done
echo "servers: $(holders $((0x536d6f73))), leading: $leaders, after $n s"
[ "$leaders" = 1 ] || fail 'there is not one leader'
inside backup create
podman exec "$(name_of smoocho-2)" smoocho backup list | tail -n 2
