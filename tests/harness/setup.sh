# Functions for the run.sh of each suite, which sources this file: they find the program, and install what is missing.

export PYTHONDONTWRITEBYTECODE=1

fail() {
    echo "run.sh: $1" >&2
    exit 2
}

# find_program: exports PROGRAM, which is the release build unless it is set.
find_program() {
    local root
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    PROGRAM=$(realpath "${PROGRAM:-${CARGO_TARGET_DIR:-$root/target}/release/last4}")
    [[ -x $PROGRAM ]] || fail "$PROGRAM is missing; build it with: cargo build --release"
    export PROGRAM
}

# prepare_python DIRECTORY: makes DIRECTORY/.venv from its requirements.txt, unless it is up to date.
prepare_python() {
    local venv=$1/.venv
    cmp -s "$1/requirements.txt" "$venv/requirements.txt" && return
    echo "== making $venv"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$1/requirements.txt"
    cp "$1/requirements.txt" "$venv/requirements.txt"
}

# prepare_node DIRECTORY: makes DIRECTORY/node_modules from its package.json, unless it is up to date.
prepare_node() {
    cmp -s "$1/package.json" "$1/node_modules/package.json" && return
    command -v npm >/dev/null || fail "npm is missing; please install Node"
    echo "== making $1/node_modules"
    (cd "$1" && npm install --no-audit --no-fund --no-package-lock --silent)
    cp "$1/package.json" "$1/node_modules/package.json"
}

# package PACKAGE COMMAND_OR_DIRECTORY: installs a Debian package if the command or directory that it brings is missing.
package() {
    PATH=$PATH:/usr/sbin
    command -v "$2" >/dev/null || [[ -d $2 ]] && return
    command -v apt-get >/dev/null && [[ $(id -u) == 0 ]] || fail "$1 is missing; please install it"
    echo "== installing $1"
    # Debian starts a service that it installs unless this file says no.
    local policy=/usr/sbin/policy-rc.d ours= log installed=1
    log=$(mktemp)
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        ours=1
    fi
    { apt-get update && apt-get install -y --no-install-recommends "$1"; } >"$log" 2>&1 || installed=
    [[ -z $ours ]] || rm -f "$policy"
    [[ $installed ]] || tail -n 5 "$log" >&2
    rm -f "$log"
    [[ $installed ]] || fail "$1 could not be installed"
}
