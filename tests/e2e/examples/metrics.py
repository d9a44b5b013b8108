"""The metrics of a proxy that has seen something of everything, as Prometheus's own checker reads them."""

import os
import re
import signal
import subprocess

from program import EXAMPLES, ask
from harness.last4 import Last4
from harness.processes import PROGRAM, free_port, stop, until


def configuration(upstream):
    return f"""
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


def metrics_after_traffic():
    upstream = free_port()
    command = [PROGRAM, "demo", "--api-only", "--listen", f"127.0.0.1:{upstream}"]
    api = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        with Last4(configuration(upstream)) as last4:
            until(lambda: last4.page("/readyz") == "ok\n", "it is ready")
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
                got, _ = ask(last4.url + target, method)
                assert got == status, f"{method} {target}: {got}"
            last4.file.write_text("nonsense = 1")
            last4.process.send_signal(signal.SIGHUP)
            until(lambda: 'result="refused"} 0' not in last4.page("/metrics"), "the bad configuration was refused")
            api.send_signal(signal.SIGTERM)
            assert api.wait(10) == 0
            assert ask(last4.url + app)[0] == 502
            return last4.page("/metrics")
    finally:
        stop(api)


def check(page):
    checked = subprocess.run([os.environ["PROMTOOL"], "check", "metrics"], input=page, capture_output=True, text=True)
    said = (checked.stdout + checked.stderr).strip()
    assert checked.returncode == 0 and not said, said or checked.returncode


page = metrics_after_traffic()
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
