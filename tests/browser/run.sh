#!/usr/bin/env bash
# The demo's console, and pages that are hard to rewrite, in Chromium: at the legacy API itself and through last4.
#
#   run.sh [DIRECTORY]     puts pictures of the console into DIRECTORY, if one is given
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv; Chromium and its driver are installed from the
# system's packages where they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PROGRAM=${PROGRAM:-${CARGO_TARGET_DIR:-$here/../../target}/release/last4}
export PYTHONDONTWRITEBYTECODE=1
source "$here/../packages.sh"

[[ -x $PROGRAM ]] || fail "$PROGRAM is missing; build it with: cargo build --release"
package chromium chromium
package chromium-driver chromedriver
prepare_python "$here"
exec "$here/.venv/bin/python" "$here/run.py" "$@"
