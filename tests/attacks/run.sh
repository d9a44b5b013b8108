#!/usr/bin/env bash
# Attacks last4 in front of real backends with the cases in cases/.
#
#   run.sh [BACKEND ...]          all backends, or these: see backends/start.py; `scripted` is an upstream that answers anything
#   run.sh --bare [BACKEND ...]   the backends themselves, to show what last4 is for; exits 1 when secrets are seen
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv; the rest is installed where it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/.venv
PROGRAM=${PROGRAM:-${CARGO_TARGET_DIR:-$here/../../target}/release/last4}
export PROGRAM PYTHONDONTWRITEBYTECODE=1

bare=
if [[ ${1:-} == --bare ]]; then
    bare=--bare
    shift
fi

fail() {
    echo "run.sh: $1" >&2
    exit 2
}

prepare_python() {
    cmp -s "$here/requirements.txt" "$venv/requirements.txt" && return
    echo "== making $venv"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
}

[[ -x $PROGRAM ]] || fail "$PROGRAM is missing; build it with: cargo build --release"
prepare_python

backends=("$@")
[[ ${#backends[@]} -gt 0 ]] || backends=(demo flask scripted)

cd "$here"
exec "$venv/bin/python" run.py --program "$PROGRAM" ${bare:+"$bare"} "${backends[@]}"
