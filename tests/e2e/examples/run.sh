#!/usr/bin/env bash
# Checks the files in examples/ with the tools that will read them, and the metrics of a running proxy with Prometheus's checker.
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv and npm; installs the rest if it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
examples=$here/../../../examples
source "$here/../../harness/setup.sh"

# Prometheus's own checker, out of its package, whose other parts are a server and its pages.
prepare_promtool() {
    PROMTOOL=$(command -v promtool) && return
    PROMTOOL=$here/.promtool/usr/bin/promtool
    [[ -x $PROMTOOL ]] && return
    command -v apt-get >/dev/null || fail "promtool is missing; please install it"
    echo "== fetching promtool"
    local fetched
    fetched=$(mktemp -d)
    # Fetching a package needs no root; the lists of packages may have to be fetched first.
    (cd "$fetched" && { apt-get download -q prometheus || { apt-get update && apt-get download -q prometheus; }; }) >"$fetched/log" 2>&1 ||
        fail "promtool could not be fetched: $(tail -n 3 "$fetched/log")"
    dpkg-deb --fsys-tarfile "$fetched"/prometheus_*.deb | tar --extract --one-top-level="$here/.promtool" ./usr/bin/promtool
    rm -rf "$fetched"
}

find_program
prepare_python "$here"
prepare_node "$here"
prepare_promtool
export PROMTOOL
package systemd systemd-analyze
package strace strace
python=$here/.venv/bin/python

echo "== manifests"
"$python" "$here/manifests.py"

echo "== systemd unit"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# With the path of this program, because systemd checks that it can be run.
sed "s|/usr/local/bin/last4|$PROGRAM|" "$examples/systemd/last4.service" >"$work/last4.service"
systemd-analyze verify "$work/last4.service"
# Out of 100. What remains is the network, which it is for.
systemd-analyze security --offline=true --threshold=15 --no-pager "$work/last4.service" | tail -n 1
"$python" "$here/unit.py"

echo "== alerts and metrics"
(cd "$here" && "$PROMTOOL" test rules alerts.test.yaml)
"$python" "$here/metrics.py"
