#!/usr/bin/env bash
# The demo's console, and pages that are hard to rewrite, in Chromium: at the legacy API itself and through last4.
#
#   run.sh [DIRECTORY]     puts pictures of the console into DIRECTORY, if it is given
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv; installs Chromium and its driver from the
# system's packages if they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../harness/setup.sh"

find_program
package chromium chromium
package chromium-driver chromedriver
prepare_python "$here"
exec "$here/.venv/bin/python" "$here/run.py" "$@"
