#!/usr/bin/env bash
# Runs the checks end to end: last4 before gunicorn, then last4 before nginx before gunicorn.
#
#   run.sh [NAME ...]            all checks, or those whose names hold NAME
#   run.sh --direct [NAME ...]   the bare stack: exits 1 if the suite sees the leaks there, 2 if it is blind
#
# PROGRAM names the program (default: target/release/last4). Needs bash, curl and python3 with venv; installs nginx from the
# system's packages if it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../harness/setup.sh"

find_program
package nginx-light nginx
prepare_python "$here"
exec "$here/.venv/bin/python" "$here/run.py" "$@"
