#!/usr/bin/env bash
# Runs the end-to-end suite: last4 before gunicorn, then last4 before nginx before gunicorn.
#
#   run.sh [NAME ...]            all checks, or those whose names hold NAME
#   run.sh --direct [NAME ...]   the bare stack: exits 1 when the suite sees the leaks there, 2 when it is blind
#
# PROGRAM names the program (default: target/release/last4). Needs bash, curl and python3 with venv; nginx is
# installed from the system's packages where it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/.venv
PROGRAM=${PROGRAM:-${CARGO_TARGET_DIR:-$here/../../target}/release/last4}
SUITE_SECS=${SUITE_SECS:-300}
export PYTHONDONTWRITEBYTECODE=1
source "$here/../packages.sh"

direct=
if [[ ${1:-} == --direct ]]; then
    direct=--direct
    shift
fi

work=$(mktemp -d)
pids=()

stop() {
    local status=$? pid
    trap '' INT TERM
    # The last started stops first, so that nobody loses its upstream while it still serves.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        pid=${pids[i]}
        kill "$pid" 2>/dev/null || continue
        for _ in {1..50}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        # It has usually ended by now, and its status says nothing about the suite: neither may stop the cleaning up.
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Ports that are free now. All are held open at once so that no two are the same.
free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in sockets))
PYTHON
}

# start NAME PORT COMMAND...: runs the command in the background and waits until it answers on the port.
start() {
    local name=$1 port=$2
    shift 2
    "$@" >"$work/$name.log" 2>&1 &
    local pid=$!
    pids+=("$pid")
    for _ in {1..150}; do
        kill -0 "$pid" 2>/dev/null || break
        curl -fs -m 2 -o "$work/ping" "http://127.0.0.1:$port/console/api/ping" && return
        sleep 0.1
    done
    tail -n 20 "$work/$name.log" >&2
    fail "$name does not answer on port $port"
}

start_last4() {
    start "$1" "$2" env LAST4_ADMIN__LISTEN="127.0.0.1:$4" LAST4_LOG__LEVEL=trace \
        "$PROGRAM" serve --preset dify --upstream "http://127.0.0.1:$3" --listen "127.0.0.1:$2"
}

# suite LABEL LOG PORT ADMIN NAMES...: the checks against a port; on failure the end of the server's log too.
suite() {
    local label=$1 log=$2 port=$3 admin=$4 status=0
    shift 4
    echo "== $label"
    # In the background, since a shell runs no trap while it waits for a foreground child.
    timeout "$SUITE_SECS" "$venv/bin/python" "$here/suite.py" --front "127.0.0.1:$port" --origin "127.0.0.1:$origin" \
        --log "$work/$log.log" --admin "$admin" ${direct:+"$direct"} "$@" &
    pids+=($!)
    wait $! || status=$?
    unset 'pids[-1]'
    if [[ $status != 0 && -z $direct ]]; then
        echo "== the end of $log.log" >&2
        tail -n 20 "$work/$log.log" >&2
    fi
    if ((status > worst)); then
        worst=$status
    fi
}

[[ $direct || -x $PROGRAM ]] || fail "$PROGRAM is missing; build it with: cargo build --release"
prepare_python "$here"
package nginx-light nginx
read -r origin nginx front_a front_b admin_a admin_b <<<"$(free_ports 6)"
worst=0

# One worker, since the keys are in its memory; threads, since event streams stay open while lists are read.
start gunicorn "$origin" "$venv/bin/gunicorn" --chdir "$here" --bind "127.0.0.1:$origin" --worker-class gthread \
    --workers 1 --threads 16 --timeout 60 --graceful-timeout 2 --no-control-socket app:app
sed -e "s|@WORK@|$work|g" -e "s|@PORT@|$nginx|g" -e "s|@ORIGIN@|$origin|g" "$here/nginx.conf.in" >"$work/nginx.conf"
start nginx "$nginx" nginx -p "$work" -c "$work/nginx.conf"

if [[ $direct ]]; then
    suite "bare gunicorn" gunicorn "$origin" 0 "$@"
    suite "bare nginx, gunicorn" nginx "$nginx" 0 "$@"
else
    start_last4 last4-gunicorn "$front_a" "$origin" "$admin_a"
    start_last4 last4-nginx "$front_b" "$nginx" "$admin_b"
    suite "last4, gunicorn" last4-gunicorn "$front_a" "$admin_a" "$@"
    suite "last4, nginx, gunicorn" last4-nginx "$front_b" "$admin_b" "$@"
fi
exit "$worst"
