"""How each backend is started. All answer the same three lists, from one file of keys made for the run."""

import json
import pathlib
import re
import secrets
import shutil
import string
import sys
import time
import uuid

from harness.processes import PROGRAM, free_port, until

HERE = pathlib.Path(__file__).parent
# The ids that the cases are written with.
APP, DATASET = "7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f", "d2a1f0e3-5c4b-4a69-9788-b6c5d4e3f201"
PHP = HERE / "php"
BIN = pathlib.Path(sys.prefix) / "bin"


class Backend:
    """Where a server listens and what its lists are of."""

    # Whether it keeps the keys that are created there.
    keeps_keys = False

    def __init__(self, processes, address, app=APP, dataset=DATASET):
        self.processes, self.address, self.app, self.dataset = processes, address, app, dataset

    def log_end(self):
        return self.processes.log_end()


def keys_file(processes):
    """Keys never seen before, in the order of fields of the console API."""
    path = pathlib.Path(processes.work.name, "keys.json")
    if not path.exists():
        lists = {kind: {"data": [new_key(kind) for _ in range(2)]} for kind in ("app", "dataset", "ds")}
        path.write_text(json.dumps({kind: json.dumps(document) for kind, document in lists.items()}))
    return path


def new_key(kind):
    token = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))
    now = int(time.time())
    return {
        "id": str(uuid.uuid4()),
        "type": "app" if kind == "app" else "dataset",
        "token": f"{kind}-{token}",
        "last_used_at": now - 60,
        "created_at": now - 3600,
    }


def started(name, processes, command, more_env=None, **more):
    """A backend whose command may hold {port}."""
    port = free_port()
    env = {**(more_env or {}), "KEYS_FILE": str(keys_file(processes)), "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1", "NODE_ENV": "production"}
    processes.start(name, [str(part).replace("{port}", str(port)) for part in command], env=env, **more)
    return Backend(processes, ("127.0.0.1", port))


def gunicorn(name, processes, module):
    options = ["--bind", "127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8", "--no-control-socket"]
    return started(name, processes, [BIN / "gunicorn", "--chdir", HERE, *options, "--graceful-timeout", "1", module])


def demo(processes):
    """`last4 demo --api-only`, which says which ids it made up."""
    port = free_port()
    log = processes.start("demo", [PROGRAM, "demo", "--api-only", "--listen", f"127.0.0.1:{port}"])
    ids = lambda: re.search(r"/apps/([0-9a-f-]{36})/.*/datasets/([0-9a-f-]{36})/", log.read_text(), re.S)
    until(ids, lambda: f"the demo starts: {log.read_text()}")
    ids = ids()
    backend = Backend(processes, ("127.0.0.1", port), ids[1], ids[2])
    backend.keeps_keys = True
    return backend


def flask(processes):
    return gunicorn("flask", processes, "flask_app:app")


def django(processes):
    return gunicorn("django", processes, "django_app:app")


def starlette(processes):
    return started("starlette", processes, [BIN / "uvicorn", "--app-dir", HERE, "--host", "127.0.0.1", "--port", "{port}", "starlette_app:app"])


def starlette_h11(processes):
    options = ["--http", "h11", "--host", "127.0.0.1", "--port", "{port}"]
    return started("starlette", processes, [BIN / "uvicorn", "--app-dir", HERE, *options, "starlette_app:app"])


def werkzeug(processes):
    return started("werkzeug", processes, [BIN / "flask", "--app", HERE / "flask_app.py", "run", "--port", "{port}"])


def cherrypy(processes):
    return started("cherrypy", processes, [sys.executable, HERE / "cherrypy_app.py"])


def pyramid(processes):
    return gunicorn("pyramid", processes, "pyramid_app:app")


def fastapi(processes):
    return started("fastapi", processes, [BIN / "uvicorn", "--app-dir", HERE, "--host", "127.0.0.1", "--port", "{port}", "fastapi_app:app"])


def express4(processes):
    return started("express4", processes, ["node", HERE / "express.js", "express4"])


def express5(processes):
    return started("express5", processes, ["node", HERE / "express.js", "express"])


def fastify(processes):
    return started("fastify", processes, ["node", HERE / "fastify.js"])


def react_router(processes):
    return started("react-router", processes, ["node", HERE / "react-router" / "server.mjs"])


def sveltekit(processes):
    # As its manual names them for a server behind a proxy.
    fields = {"HOST": "127.0.0.1", "PROTOCOL_HEADER": "x-forwarded-proto", "HOST_HEADER": "x-forwarded-host", "PORT_HEADER": "x-forwarded-port"}
    return started("sveltekit", processes, ["node", HERE / "sveltekit" / "build"], more_env=fields)


def astro(processes):
    return started("astro", processes, ["node", HERE / "astro" / "dist" / "server" / "entry.mjs"], more_env={"HOST": "127.0.0.1"})


def before_flask(name, template, command, rule):
    """A server in front of Flask, configured by a template."""

    def start(processes):
        return before(name, template, command, rule, processes, flask(processes).address)

    return start


def before(name, template, command, rule, processes, origin):
    """A server in front of another, configured by a template."""
    port = free_port()
    work = pathlib.Path(processes.work.name)
    config = work / f"{name}.conf"
    rule = rule.replace("ORIGIN", "http://%s:%d" % origin)
    named = {"@WORK@": work, "@MODULES@": "/usr/lib/nginx/modules", "@PORT@": port, "@RULE@": rule}
    config.write_text(filled(HERE / template, named))
    processes.start(name, [*command, config])
    return Backend(processes, ("127.0.0.1", port))


def nginx_subs(processes, origin):
    """Stands where last4 would: masks the lists by a regular expression."""
    return before("nginx-subs", "nginx-subs.conf.in", NGINX, FORWARD + " ORIGIN;", processes, origin)


def php(processes):
    """PHP's own server, which takes the front controller where there is no file."""
    # Of one process it would answer one connection at a time.
    workers = {"PHP_CLI_SERVER_WORKERS": "8"}
    return started("php", processes, ["php", "-S", "127.0.0.1:{port}", "-t", PHP], more_env=workers)


def of_php(name, template, command):
    """A server that runs the scripts itself, configured by a template."""

    def start(processes):
        port = free_port()
        work = pathlib.Path(processes.work.name)
        keys = keys_file(processes)
        module = next(pathlib.Path("/usr/lib/apache2/modules").glob("libphp*.so"), "")
        config = work / f"{name}.conf"
        named = {"@WORK@": work, "@PORT@": port, "@FOLDER@": PHP, "@KEYS@": keys, "@PHP@": module}
        config.write_text(filled(HERE / template, named))
        processes.start(name, [*command, config], env={"KEYS_FILE": str(keys)})
        return Backend(processes, ("127.0.0.1", port))

    return start


def filled(template, named):
    text = template.read_text()
    for name, value in named.items():
        text = text.replace(name, str(value))
    return text


def tomcat(processes):
    """A base directory of its own with the one servlet, compiled by run.sh."""
    port = free_port()
    work = pathlib.Path(processes.work.name)
    base = work / "tomcat"
    for folder in ("conf", "temp", "webapps/ROOT/WEB-INF/classes"):
        (base / folder).mkdir(parents=True)
    compiled = HERE.parent / ".classes" / "Lists.class"
    shutil.copy(compiled, base / "webapps/ROOT/WEB-INF/classes")
    (base / "conf/server.xml").write_text(filled(HERE / "server.xml.in", {"@WORK@": work, "@PORT@": port}))
    (base / "conf/web.xml").write_text('<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>')
    home = "/usr/share/tomcat10"
    options = [f"-Dcatalina.home={home}", f"-Dcatalina.base={base}", f"-Djava.io.tmpdir={base / 'temp'}"]
    classes = f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar"
    command = ["java", *options, "-cp", classes, "org.apache.catalina.startup.Bootstrap", "start"]
    processes.start("tomcat", command, env={"KEYS_FILE": str(keys_file(processes))})
    return Backend(processes, ("127.0.0.1", port))


NGINX, APACHE = ("nginx", "-c"), ("apache2", "-DFOREGROUND", "-f")
FORWARD = "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_pass"

BACKENDS = {
    "demo": demo,
    "flask": flask,
    "werkzeug": werkzeug,
    "django": django,
    "starlette": starlette,
    "starlette-h11": starlette_h11,
    "express4": express4,
    "express5": express5,
    "fastify": fastify,
    "nginx": before_flask("nginx", "nginx.conf.in", NGINX, FORWARD + " ORIGIN;"),
    "nginx-path": before_flask("nginx", "nginx.conf.in", NGINX, FORWARD + " ORIGIN/;"),
    "nginx-rewrite": before_flask("nginx", "nginx.conf.in", NGINX, "rewrite ^(.*)$ $1 break; " + FORWARD + " ORIGIN;"),
    "apache": before_flask("apache", "httpd.conf.in", APACHE, "ProxyPass / ORIGIN/"),
    "apache-nocanon": before_flask("apache", "httpd.conf.in", APACHE, "ProxyPass / ORIGIN/ nocanon"),
    "tomcat": tomcat,
    "react-router": react_router,
    "sveltekit": sveltekit,
    "astro": astro,
    "cherrypy": cherrypy,
    "pyramid": pyramid,
    "fastapi": fastapi,
    "php": php,
    "php-apache": of_php("php-apache", "php-httpd.conf.in", APACHE),
    "php-lighttpd": of_php("php-lighttpd", "lighttpd.conf.in", ("lighttpd", "-D", "-f")),
}
