"""The proxies that are compared: how each is set up and started."""

import glob
import os
import pathlib
import string
from dataclasses import dataclass, field

FILES = pathlib.Path(__file__).resolve().parent / "peers"
MODULES = "/usr/lib/nginx/modules"

# Started by root, a worker would run as somebody who may not be able to read the scripts.
USER = "user root;" if os.geteuid() == 0 else ""


@dataclass
class Peer:
    """A row: whether it masks, what it needs installed, and how it is started in front of an upstream."""

    name: str
    masks: bool
    start: object
    # Pairs of a Debian package and a file or program by which it is known to be there.
    packages: list = field(default_factory=list)
    envoy: bool = False


def write(template, path, **values):
    text = string.Template((FILES / template).read_text()).substitute(values)
    path.write_text(text)
    return path


def nginx(modules=(), setup="", masking=""):
    def start(place):
        loads = "\n".join(f"load_module {MODULES}/{module}.so;" for module in modules)
        file = write(
            "nginx.conf.in", place.folder / "nginx.conf", folder=place.folder, listen=place.listen, modules=loads,
            upstream=place.upstream, user=USER, setup=string.Template(setup).safe_substitute(files=FILES),
            masking=string.Template(masking).safe_substitute(files=FILES),
        )
        return ["nginx", "-e", place.folder / "error.log", "-p", place.folder, "-c", file], {}

    return start


def lua(script):
    return nginx(
        ["ndk_http_module", "ngx_http_lua_module"],
        f'lua_package_cpath "{next(iter(glob.glob("/usr/lib/*/lua/5.1")), "")}/?.so;;";',
        "header_filter_by_lua_block { ngx.header.content_length = nil }\n"
        f"            body_filter_by_lua_file $files/{script};",
    )


def haproxy(place):
    file = write("haproxy.cfg.in", place.folder / "haproxy.cfg", listen=place.listen, upstream=place.upstream)
    return ["haproxy", "-db", "-f", file], {}


def envoy(place):
    (listen_host, listen_port), (upstream_host, upstream_port) = place.listen.split(":"), place.upstream.split(":")
    file = write(
        "envoy.yaml.in", place.folder / "envoy.yaml", listen_host=listen_host, listen_port=listen_port,
        upstream_host=upstream_host, upstream_port=upstream_port,
    )
    return [place.envoy, "--concurrency", 1, "--disable-hot-restart", "-l", "error", "-c", file], {}


def last4(workers):
    def start(place):
        command = [place.program, "serve", "--preset", "dify", "--listen", place.listen]
        settings = {"LAST4_WORKERS": str(workers), "LAST4_ADMIN__LISTEN": "", "LAST4_LOG__LEVEL": "warn"}
        return command + ["--upstream", f"http://{place.upstream}"], settings

    return start


@dataclass
class Place:
    """Where a peer runs: its addresses, a folder for its files, and programs that are in no system folder."""

    listen: str
    upstream: str
    folder: pathlib.Path
    program: pathlib.Path
    envoy: pathlib.Path


NGINX = ("nginx-light", "/usr/sbin/nginx")
LUA = [NGINX, ("libnginx-mod-http-lua", f"{MODULES}/ngx_http_lua_module.so")]
NJS = [NGINX, ("libnginx-mod-http-js", f"{MODULES}/ngx_http_js_module.so")]
CJSON = [*LUA, ("lua-cjson", "/usr/lib/*/lua/5.1/cjson.so")]

PLAIN = "nginx"
OURS = "last4"
# As anybody builds it who does not go by the profile of a load.
UNPROFILED = "last4-unprofiled"

PEERS = {
    peer.name: peer
    for peer in (
        Peer(PLAIN, False, nginx(), [NGINX]),
        Peer("nginx-lua-regex", True, lua("regex.lua"), LUA),
        Peer("nginx-lua-cjson", True, lua("cjson.lua"), CJSON),
        Peer(
            "nginx-njs", True,
            nginx(
                ["ngx_http_js_module"], "js_path $files; js_import mask from mask.js;",
                "js_header_filter mask.forgetLength;\n            js_body_filter mask.mask;",
            ),
            NJS,
        ),
        Peer("haproxy", False, haproxy, [("haproxy", "/usr/sbin/haproxy")]),
        Peer("envoy", False, envoy, envoy=True),
        Peer(UNPROFILED, True, last4(1)),
        Peer(OURS, True, last4(1)),
    )
}
