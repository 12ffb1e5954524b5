#!/bin/sh
# Makes the secrets of the compose files, once: folder `secrets` beside this file.
# JWT_SECRET_KEY is the legacy backend's own: put that into secrets/jwt_secret_key if there is one.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "there is a folder secrets already; nothing is changed" >&2
    exit 1
fi

# Nobody but the owner of the folder gets to the files. They are for everybody, because in a container they
# keep their owner and mode, and remint is user 65532 there.
mkdir -m 0700 secrets
umask 022
random() {
    head -c "$1" /dev/urandom | od -An -vtx1 | tr -d ' \n'
}
random 48 >secrets/jwt_secret_key
random 32 >secrets/admin_api_key
random 32 >secrets/metrics_api_key
postgres=$(random 24)
redis=$(random 24)
printf %s "$postgres" >secrets/postgres_password
printf %s "postgres://remint:$postgres@postgres:5432/remint" >secrets/database_url
printf %s "redis://:$redis@redis:6379/0" >secrets/redis_url
# All that Redis keeps are counts of the last minute.
printf 'requirepass %s\nsave ""\nappendonly no\nmaxmemory 128mb\nmaxmemory-policy allkeys-lru\n' "$redis" >secrets/redis.conf
