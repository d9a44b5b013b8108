"""The metrics of a proxy that has seen something of everything, as Prometheus's own checker reads them."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

from program import EXAMPLES, PROGRAM, answers, ask, free_port, until


def configuration(port, admin, upstream):
    return f"""
        listen = "127.0.0.1:{port}"
        admin.listen = "127.0.0.1:{admin}"
        upstream.url = "http://127.0.0.1:{upstream}"
        [[route]]
        name = "keys"
        path_regex = "/console/api/(apps/[^/]+|datasets)/api-keys"
        fields = ["token"]
        reveal = ["POST"]
        [[route]]
        name = "watched"
        path = "/console/api/datasets/{{id}}/api-keys"
        fields = ["token"]
        mode = "observe"
        [[route]]
        name = "odd"
        path = "/console/api/apps/{{id}}/chat-messages/stream"
        fields = ["token"]
    """


def metrics_after_traffic(folder):
    port, admin, upstream = free_port(), free_port(), free_port()
    front, pages = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}"
    file = pathlib.Path(folder) / "last4.toml"
    file.write_text(configuration(port, admin, upstream))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    api = subprocess.Popen([PROGRAM, "demo", "--api-only", "--listen", f"127.0.0.1:{upstream}"], stdout=subprocess.PIPE, text=True)
    proxy = subprocess.Popen([PROGRAM, "serve", "--config", str(file)], **quiet)
    try:
        until(answers(f"{pages}/readyz"), "it is ready")
        # The API says where its keys are.
        lists = (line.split()[-1] for line in api.stdout if "api-keys" in line)
        app, dataset, workspace = (next(lists) for _ in range(3))
        for method, target, status in [
            ("POST", app, 201),
            ("GET", app, 200),
            ("GET", dataset, 200),
            ("GET", workspace, 200),
            ("GET", app.replace("api-keys", "chat-messages/stream"), 502),
            ("GET", "/nothing", 404),
            ("GET", "/%zz", 400),
        ]:
            got, _ = ask(front + target, method)
            assert got == status, f"{method} {target}: {got}"
        file.write_text("nonsense = 1")
        proxy.send_signal(signal.SIGHUP)
        until(lambda: 'result="refused"} 0' not in ask(f"{pages}/metrics")[1], "the bad configuration was refused")
        api.send_signal(signal.SIGTERM)
        assert api.wait(10) == 0
        assert ask(front + app)[0] == 502
        return ask(f"{pages}/metrics")[1]
    finally:
        for process in (api, proxy):
            process.kill()
            process.wait()


def check(page):
    checked = subprocess.run([os.environ["PROMTOOL"], "check", "metrics"], input=page, capture_output=True, text=True)
    said = (checked.stdout + checked.stderr).strip()
    assert checked.returncode == 0 and not said, said or checked.returncode


with tempfile.TemporaryDirectory() as folder:
    page = metrics_after_traffic(folder)
check(page)
samples = [line for line in page.splitlines() if not line.startswith("#")]
decisions = set(re.findall(r'last4_requests_total\{.*decision="(\w+)".*\} [1-9]', page))
assert decisions == {"masked", "revealed", "withheld", "observed", "passed", "refused", "failed"}, decisions
print(f"  promtool finds nothing to say of {len(samples)} samples after requests that were {', '.join(sorted(decisions))}")

# A checker that took everything would say the same.
try:
    check(page.replace("last4_requests_total", "last4_requestsTotal"))
except AssertionError:
    pass
else:
    raise AssertionError("promtool takes anything")

# What the alerts ask for is there to be asked for.
rules = (EXAMPLES / "prometheus/last4.rules.yaml").read_text()
for name in re.findall(r"\blast4_\w+", rules):
    assert f"# TYPE {name} " in page, f"there is no metric {name}"
print("  the metrics of the alerts are there")
