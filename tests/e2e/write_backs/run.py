"""Starts each server behind last4, sends masked values back, and looks at what the server stored. See run.sh."""

import glob
import http.client
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from harness.last4 import Last4
from harness.processes import Processes, accepts, end_on_signals, free_port, until

BIN = pathlib.Path(sys.prefix) / "bin"
OLD, NEW, MASK = "app-8fK2mQ7vXz31LtPq0RbNcY5d", "app-Zk8QwN3xRv7LmP2sTy9BcD4f", "app-8...cY5d"
CONFIG = 'route = [{ name = "keys", path = "/keys", fields = ["token"] }]'
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# Much more than is held back (64 KiB).
PAD = "x" * (3 << 20)


def gunicorn(running, port, env):
    running.start("gunicorn", [BIN / "gunicorn", "--chdir", HERE, "--bind", f"127.0.0.1:{port}", "app:app"], env=env)


def express(running, port, env):
    running.start("express", ["node", HERE / "app.mjs"], env={**env, "PORT": str(port)})


def apache_php(running, port, env):
    work = pathlib.Path(running.work.name)
    config = (HERE / "httpd.conf.in").read_text()
    php = glob.glob("/usr/lib/apache2/modules/libphp*.so")[0]
    for name, value in [("WORK", work), ("PORT", port), ("PHP", php), ("FOLDER", HERE / "php")]:
        config = config.replace(f"@{name}@", str(value))
    file = work / "httpd.conf"
    file.write_text(config)
    os.chmod(work, 0o777)
    running.start("apache", ["/usr/sbin/apache2", "-X", "-f", file], env=env)


SERVERS = {"gunicorn": gunicorn, "express": express, "apache-php": apache_php}


def bodies(token):
    """Bodies with the token, by what they are."""
    yield "short JSON", JSON, json.dumps({"name": "a", "token": token})
    yield "short form", FORM, f"name=a&token={token}"
    yield "long JSON, the value last", JSON, json.dumps({"pad": PAD, "token": token})
    yield "long JSON, the value first", JSON, json.dumps({"token": token, "pad": PAD})
    yield "long form, the value last", FORM, f"pad={PAD}&token={token}"
    yield "long form, the value in the middle", FORM, f"pad={PAD}&token={token}&more={PAD}"


def put(port, media_type, body, chunked):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = body.encode()
    pieces = (data[at : at + 10_000] for at in range(0, len(data), 10_000))
    try:
        connection.request("PUT", "/keys", body=pieces if chunked else data, headers={"Content-Type": media_type}, encode_chunked=chunked)
    except (BrokenPipeError, ConnectionResetError):
        # Answered before all of it was sent.
        pass
    answer = connection.getresponse()
    return answer.status, answer.read()


def check(name, running):
    port = free_port()
    store = pathlib.Path(running.work.name, "store")
    SERVERS[name](running, port, {"STORE": str(store)})
    until(lambda: accepts(("127.0.0.1", port)), f"{name} listens")
    failures = 0
    with Last4(CONFIG, ["--upstream", f"http://127.0.0.1:{port}"]) as last4:
        for chunked in (False, True):
            for token, expected, stored in [(MASK, 409, OLD), (NEW, 200, NEW)]:
                for what, media_type, body in bodies(token):
                    store.write_text(OLD)
                    store.chmod(0o666)
                    status, answer = put(last4.port, media_type, body, chunked)
                    # A server that takes a part for the whole may still be at it.
                    time.sleep(0.3 if token == MASK else 0)
                    is_right = status == expected and store.read_text() == stored
                    failures += not is_right
                    how = "in chunks" if chunked else "of known length"
                    verdict = "ok" if is_right else f"FAILED: {status} {answer[:200]}, stored {store.read_text()[:60]!r}"
                    print(f"{name}: {what}, {how}: {'masked' if token == MASK else 'new'}: {verdict}")
    return failures


def main():
    end_on_signals()
    failures = 0
    for name in sys.argv[1:]:
        with Processes() as running:
            failures += check(name, running)
    print(f"write backs: {failures} failed")
    sys.exit(bool(failures))


main()
