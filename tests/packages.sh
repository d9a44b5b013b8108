# What the runners of the end-to-end tests need and install where it is missing. They source this.

fail() {
    echo "run.sh: $1" >&2
    exit 2
}

# prepare_python DIRECTORY: makes DIRECTORY/.venv of its requirements.txt, unless it is of them already.
prepare_python() {
    local venv=$1/.venv
    cmp -s "$1/requirements.txt" "$venv/requirements.txt" && return
    echo "== making $venv"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$1/requirements.txt"
    cp "$1/requirements.txt" "$venv/requirements.txt"
}

# prepare_node DIRECTORY: makes DIRECTORY/node_modules of its package.json, unless it is of it already.
prepare_node() {
    cmp -s "$1/package.json" "$1/node_modules/package.json" && return
    command -v npm >/dev/null || fail "npm is missing; please install Node"
    echo "== making $1/node_modules"
    (cd "$1" && npm install --no-audit --no-fund --no-package-lock --silent)
    cp "$1/package.json" "$1/node_modules/package.json"
}

# package PACKAGE COMMAND_OR_DIRECTORY: installs a package of the system's where what it brings is missing.
package() {
    PATH=$PATH:/usr/sbin
    command -v "$2" >/dev/null || [[ -d $2 ]] && return
    command -v apt-get >/dev/null && [[ $(id -u) == 0 ]] || fail "$1 is missing; please install it"
    echo "== installing $1"
    # Debian starts what it installs unless this file says no.
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
