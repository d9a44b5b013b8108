#!/usr/bin/env bash
# Sends masked values back through last4 to real servers that store what they get, and looks at what they stored.
#
#   run.sh [SERVER ...]   gunicorn, express, apache-php
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv; installs the rest if it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../harness/setup.sh"

find_program
prepare_python "$here"
servers=("$@")
[[ ${#servers[@]} -gt 0 ]] || servers=(gunicorn express apache-php)
for server in "${servers[@]}"; do
    case $server in
        express) prepare_node "$here" ;;
        apache-php) package apache2 apache2 && package libapache2-mod-php /usr/share/doc/libapache2-mod-php ;;
    esac
done
exec "$here/.venv/bin/python" "$here/run.py" "${servers[@]}"
