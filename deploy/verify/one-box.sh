# docker-compose.yml as it is; sourced by deploy/verify.sh, with the images made.

use_compose
step 'one box: up'
bring_up
podman ps -a --format '{{.Names}}  {{.Status}}'
leads="$(curl -s -o /dev/null -w '%{redirect_url}' "http://localhost:$HTTP_PORT/kitchen")"
[ "$leads" = "$BASE/kitchen" ] || fail "plain HTTP leads to $leads"

step 'a shop, an order through TLS, a picture'
set_up_shop
podman cp "$(name_of smoocho):/var/lib/smoocho/recovery.key" "$folder/away/recovery.key" 2>/dev/null
sell_for_certain
put_picture
till figures
[ -n "$(podman exec "$(name_of minio)" find /data/pictures -name '*.webp' | head -n 1)" ] || fail 'there is no picture in MinIO'

step 'memory, nobody selling'
sleep 5
podman stats --no-stream --format '{{.Name}}  {{.MemUsage}}' 2>/dev/null | sed 's# / .*##'

step 'each part killed in turn'
for part in redis minio postgres smoocho caddy; do
  podman kill "$(name_of "$part")" >/dev/null
  case "$part" in
    # Not needed to sell.
    redis | minio) number="$(sell_for_certain)"; echo "without $part: $number" ;;
    *) ! till sell "$(new_id)" >/dev/null 2>&1 || fail "a sale was answered without $part" ;;
  esac
  start "$part"
  [ "$part" = caddy ] && fetch_root || healthy "$part"
  # Not within echo, which would succeed whatever became of the order.
  number="$(sell_for_certain)"
  echo "after $part came back: $number"
done
till picture "$folder/kulfi.png"
inside verify | tail -n 1

step 'backup, every volume destroyed, restored'
inside backup create
file="$(inside backup list --json | node -p 'JSON.parse(require("node:fs").readFileSync(0)).backups[0].file')"
podman cp "$(name_of smoocho):$file" "$folder/away/" 2>/dev/null
# Smoocho's user in the image has to be able to read them.
chown -R 1000:1000 "$folder/away"
before="$(till figures)"
remove_all
[ -z "$(podman volume ls -q)" ] || fail 'a volume is left'
bring_up
podman stop -t 20 "$(name_of smoocho)" >/dev/null 2>&1
"${compose[@]}" run --rm --no-deps -T -v "$folder/away:/from:ro" smoocho \
  smoocho restore "/from/$(basename "$file")" --identity /from/recovery.key --yes 2>&1 | { grep -vE 'systemd|Ignored' || true; }
start smoocho
healthy smoocho
# Until Caddy finds it again.
fetch_root
after="$(till figures)"
echo "before $before"
echo "after  $after"
[ "$before" = "$after" ] || fail 'the restored shop is another one'
sell_for_certain
inside verify | tail -n 1

