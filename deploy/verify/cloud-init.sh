#!/usr/bin/env bash
# Runs deploy/cloud-init/smoocho.yaml as a new VPS does: a Debian that is booted with it, by the real cloud-init. Then sets a shop up,
# sells through Caddy, and upgrades. The package is this checkout's; the domain is one that no authority gives a certificate for.
#   deploy/verify/cloud-init.sh, after npm ci and npm run build. SUITE=trixie takes Debian 13 instead of 12.
# Needs root, debootstrap, systemd-container, Node, iproute2 and iptables: the machine gets a network of its own, behind this one.
set -euo pipefail
case "${1:-}" in -h | --help) exec /bin/sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" ;; esac
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
. deploy/verify/machine.sh

net="smoocho$$" host="sm$$h" guest="sm$$g" range=10.251.9
finish() {
  local code=$?
  remove_machine
  iptables -t nat -D POSTROUTING -s "$range.0/24" ! -o "$host" -j MASQUERADE 2>/dev/null || true
  ip netns del "$net" 2>/dev/null || true
  ip link del "$host" 2>/dev/null || true
  exit "$code"
}
trap finish EXIT
connect() {
  ip netns add "$net"
  ip link add "$host" type veth peer name "$guest" netns "$net"
  ip addr add "$range.1/24" dev "$host"
  ip link set "$host" up
  ip -n "$net" addr add "$range.2/24" dev "$guest"
  ip -n "$net" link set "$guest" up
  ip -n "$net" link set lo up
  ip -n "$net" route add default via "$range.1"
  iptables -t nat -A POSTROUTING -s "$range.0/24" ! -o "$host" -j MASQUERADE
}

step 'a new machine'
make_debian cloud-init iproute2 curl
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
cp "$folder"/smoocho-*.tgz "$box/root/smoocho.tgz"
seed="$box/var/lib/cloud/seed/nocloud"
mkdir -p "$seed"
echo 'instance-id: first' >"$seed/meta-data"
sed -e 's|^\( *\)DOMAIN=.*|\1DOMAIN=pos.test|; s|^\( *\)PACKAGE=.*|\1PACKAGE=/root/smoocho.tgz|' deploy/cloud-init/smoocho.yaml >"$seed/user-data"
# The network is there already; what is asked of package servers may go through a proxy with an authority of its own.
printf 'datasource_list: [NoCloud]\nnetwork: {config: disabled}\n' >"$box/etc/cloud/cloud.cfg.d/99-here.cfg"
mkdir -p "$box/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n' >"$box/etc/systemd/system.conf.d/here.conf"
connect
# Its own network is its to wall off.
BOOT_SECONDS=900 boot "--network-namespace-path=/run/netns/$net" --capability=CAP_NET_ADMIN
inside cloud-init status --long || true
inside tail -n 8 /var/log/cloud-init-output.log
inside grep -iE 'firewall|ufw:|error:' /var/log/cloud-init-output.log || true

step 'it sells through Caddy, and lets nobody else in'
until_ready
set_up_shop
till sell 01983b00-0000-7000-8000-000000000001
inside systemctl is-active caddy smoocho
same "$(inside systemctl is-enabled ufw)" enabled 'the firewall, at the next start'
firewall="$(inside ufw status)"
echo "$firewall"
case "$firewall" in 'Status: active'*) ;; *) fail 'the firewall' ;; esac
same "$(curl -sk -o /dev/null -m 5 -w '%{http_code}' "http://$range.2:8080/healthz" || true)" 000 'the port behind Caddy, from outside'
same "$(curl -s -o /dev/null -m 5 -w '%{http_code}' -H 'Host: pos.test' "http://$range.2/")" 308 'plain HTTP, from outside'
inside sh -c "sed 's|^pos.test {|&\n  tls internal|' /etc/caddy/Caddyfile >/tmp/Caddyfile && caddy reload --adapter caddyfile --config /tmp/Caddyfile" >/dev/null 2>&1
for _ in $(seq 20); do
  answer="$(curl -sk -m 5 --resolve "pos.test:443:$range.2" https://pos.test/readyz || true)"
  [ -n "$answer" ] && break || sleep 1
done
case "$answer" in *'"ready"'*) echo "$answer" ;; *) fail "HTTPS by Caddy: $answer" ;; esac

step 'an upgrade'
inside env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt smoocho-install
until_ready
till sell 01983b00-0000-7000-8000-000000000002
inside smoocho verify | tail -n 1
inside sh -c 'node --version; free -m | head -n 2' 2>/dev/null
echo "cloud-init $(inside cloud-init --version | grep -oE '[0-9][0-9.]+' | head -n 1) made it in $SECONDS s."
