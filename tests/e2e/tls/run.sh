#!/usr/bin/env bash
# TLS on both sides, Unix sockets and gRPC, with the tools that people use: openssl, curl and gRPC's own client and server.
#
#   run.sh [SECS]    SECS of load while certificates change (default: 10)
#
# PROGRAM names the program (default: target/release/last4). Needs bash, curl, openssl and python3 with venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../harness/setup.sh"

find_program
package curl curl
package openssl openssl
prepare_python "$here"
exec "$here/.venv/bin/python" "$here/run.py" "$@"
