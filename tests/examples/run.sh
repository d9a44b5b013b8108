#!/usr/bin/env bash
# Checks what stands in examples/, with the tools of those who will read it, and the metrics of a running proxy with Prometheus's.
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv and npm; the rest is installed where it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
examples=$here/../../examples
PROGRAM=${PROGRAM:-${CARGO_TARGET_DIR:-$here/../../target}/release/last4}
export PROGRAM PYTHONDONTWRITEBYTECODE=1
source "$here/../packages.sh"

# Prometheus's own checker, out of its package: the rest of that is a server and its pages.
prepare_promtool() {
    PROMTOOL=$(command -v promtool) && return
    PROMTOOL=$here/.promtool/usr/bin/promtool
    [[ -x $PROMTOOL ]] && return
    command -v apt-get >/dev/null || fail "promtool is missing; please install it"
    echo "== fetching promtool"
    local fetched
    fetched=$(mktemp -d)
    # Anybody may fetch a package; the lists of them may have to be brought first.
    (cd "$fetched" && { apt-get download -q prometheus || { apt-get update && apt-get download -q prometheus; }; }) >"$fetched/log" 2>&1 ||
        fail "promtool could not be fetched: $(tail -n 3 "$fetched/log")"
    dpkg-deb --fsys-tarfile "$fetched"/prometheus_*.deb | tar --extract --one-top-level="$here/.promtool" ./usr/bin/promtool
    rm -rf "$fetched"
}

PROGRAM=$(realpath "$PROGRAM")
[[ -x $PROGRAM ]] || fail "$PROGRAM is missing; build it with: cargo build --release"
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
# Where the program is here, for systemd asks whether it can be run.
sed "s|/usr/local/bin/last4|$PROGRAM|" "$examples/systemd/last4.service" >"$work/last4.service"
systemd-analyze verify "$work/last4.service"
# Out of 100. What remains is the network, which it is for.
systemd-analyze security --offline=true --threshold=15 --no-pager "$work/last4.service" | tail -n 1
"$python" "$here/unit.py"

echo "== alerts and metrics"
(cd "$here" && "$PROMTOOL" test rules alerts.test.yaml)
"$python" "$here/metrics.py"
