#!/bin/sh
# The entry point of Trawl's image: migrates when RUN_MIGRATIONS=1, then becomes the command it is given.
set -eu

say() { printf 'entrypoint: %s\n' "$*" >&2; }

if [ $# -eq 0 ]; then
    say "no command to start"
    exit 64
fi

cd -- "$(dirname -- "$0")"

case ${RUN_MIGRATIONS:-0} in
1)
    say "bringing the database up to date"
    python manage.py migrate --no-input
    ;;
0 | '') ;;
*)
    say "RUN_MIGRATIONS must be 1 or 0, not $RUN_MIGRATIONS"
    exit 64
    ;;
esac

say "starting $*"
exec "$@"
