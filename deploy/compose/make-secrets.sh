# Makes the passwords of PostgreSQL, Redis and MinIO where there are none yet. Each lies in a volume of its own, which only
# its part and Smoocho mount: readable there for the users that they run as.
set -eu
umask 022

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# Written beside, then renamed: cut off, there is no half of one.
put() {
  cat >"$1.new"
  mv "$1.new" "$1"
}

cd /run/smoocho
if [ ! -e postgres/url ]; then
  password="$(random)"
  printf '%s' "$password" | put postgres/password
  printf 'postgres://smoocho:%s@postgres:5432/smoocho' "$password" | put postgres/url
fi
if [ ! -e redis/url ]; then
  password="$(random)"
  printf '%s' "$password" | put redis/password
  printf 'requirepass %s\nsave ""\nappendonly no\nmaxmemory 64mb\n' "$password" | put redis/redis.conf
  printf 'redis://:%s@redis:6379' "$password" | put redis/url
fi
[ -e minio/password ] || random | tr -d '\n' | put minio/password
