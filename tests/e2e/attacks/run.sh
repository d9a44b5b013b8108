#!/usr/bin/env bash
# Attacks last4 in front of real backends with the cases in cases/.
#
#   run.sh [BACKEND ...]          all backends, or these: see backends/start.py; `scripted` is an upstream that answers anything
#   run.sh --bare [BACKEND ...]   the backends themselves, to show what last4 is for; exits 1 if secrets are seen
#   run.sh --nginx-subs [BACKEND ...]  nginx with a regular expression in last4's place, to show what that misses
#
# PROGRAM names the program (default: target/release/last4). Needs python3 with venv; installs the rest if it is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/.venv
source "$here/../../harness/setup.sh"

rival=
if [[ ${1:-} == --bare || ${1:-} == --nginx-subs ]]; then
    rival=$1
    shift
fi

prepare_tomcat() {
    package tomcat10 /usr/share/tomcat10
    package default-jdk-headless javac
    [[ $here/.classes/Lists.class -nt $here/backends/Lists.java ]] && return
    javac -proc:none -d "$here/.classes" -cp /usr/share/tomcat10/lib/servlet-api.jar "$here/backends/Lists.java"
}

# prepare_built NAME OUTPUT: builds backends/NAME with its framework's bundler, unless OUTPUT is newer than all its sources.
prepare_built() {
    local folder=$here/backends/$1
    prepare_node "$folder"
    local sources=("$folder"/{package.json,*.config.*,src} "$here/backends/lists.mjs")
    [[ -e $folder/$2 && -z $(find "${sources[@]}" -newer "$folder/$2" -print -quit) ]] && return
    echo "== building $folder"
    (cd "$folder" && ASTRO_TELEMETRY_DISABLED=1 npm run build --silent) >"$folder/build.log" 2>&1 || fail "$folder could not be built; see its build.log"
}

find_program
prepare_python "$here"

backends=("$@")
[[ ${#backends[@]} -gt 0 ]] || backends=(demo flask werkzeug django starlette starlette-h11 express4 express5 fastify nginx nginx-path
    nginx-rewrite apache apache-nocanon tomcat cherrypy pyramid fastapi php php-apache php-lighttpd react-router sveltekit astro scripted)
for backend in "${backends[@]}"; do
    case $backend in
        express* | fastify) prepare_node "$here" ;;
        nginx*) package nginx-light nginx ;;
        apache*) package apache2 apache2 ;;
        tomcat) prepare_tomcat ;;
        php) package php-cli php ;;
        php-apache) package apache2 apache2 && package libapache2-mod-php /usr/share/doc/libapache2-mod-php ;;
        php-lighttpd) package lighttpd lighttpd && package php-cgi php-cgi ;;
        react-router) prepare_node "$here/backends/react-router" ;;
        sveltekit) prepare_built sveltekit build/index.js ;;
        astro) prepare_built astro dist/server/entry.mjs ;;
    esac
done

if [[ $rival == --nginx-subs ]]; then
    package nginx-light nginx
    package libnginx-mod-http-subs-filter /usr/share/doc/libnginx-mod-http-subs-filter
fi

cd "$here"
exec "$venv/bin/python" run.py ${rival:+"$rival"} "${backends[@]}"
