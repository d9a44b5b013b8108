"""Sends the corpus of attacks through last4 to real backends, and judges every answer.

    run.py --program LAST4 [--bare] BACKEND ...

A backend is one of those in backends/start.py, or `scripted`: the runner itself, as an upstream that answers anything.
The exit status is 0 when no secret leaked and no legitimate request broke. With `--bare` the cases go to the backends
themselves, to show what last4 is for.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import http2
import judge
import outputs
import upstream
import wire
from backends import start

# The ids that the cases are written with.
APP, DATASET = "7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f", "d2a1f0e3-5c4b-4a69-9788-b6c5d4e3f201"
LIST = f"/console/api/apps/{APP}/api-keys"
THREADS = 8
START_SECS = 30
# A bomb takes a debug build a while, and others wait for it.
ANSWER_SECS = 15


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cases = read(*sorted((HERE / "cases").glob("requests-*.jsonl")))
    passed, failed = 0, 0
    for name in arguments.backends:
        one = scripted(arguments) if name == "scripted" else against(name, cases, arguments)
        passed, failed = passed + one[0], failed + one[1]
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def read(*paths):
    cases = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    name, times = collections.Counter(case["id"] for case in cases).most_common(1)[0]
    assert times == 1, f"{times} cases are named {name}"
    return cases


# Requests, to a real backend.


def against(name, cases, arguments):
    """All request cases against one backend; (passed, failed)."""
    began = time.monotonic()
    with Processes() as processes:
        bare = start.BACKENDS[name](processes)
        lists = wait_for_lists(bare)
        if arguments.bare:
            fronts = Fronts(lambda _config: bare)
        elif arguments.nginx_subs:
            front = start.nginx_subs(processes, bare.address)
            wait_for_lists(front)
            fronts = Fronts(lambda _config: front)
        else:
            fronts = Fronts(lambda config: start_last4(processes, arguments.program, bare.address, config))
            fronts.start(cases)
        target = Target(bare, fronts, lists)
        # The backends, and nginx in last4's place, speak HTTP/1.1.
        cases = [case for case in cases if fronts[None].speaks_http2 or "fields" not in case]
        # A backend that keeps what is created must not have two creates at a time: their lists would differ.
        alone = [case for case in cases if bare.keeps_keys and creates(case)]
        together = [case for case in cases if case not in alone] if alone else cases
        with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
            verdicts = list(threads.map(target.judge, together))
        verdicts += [target.judge(case) for case in alone]
        if not arguments.bare:
            verdicts.append(target.judge({**cases[0], "id": "still-answers-at-the-end"}))
        verdicts += [told(front, target.tokens) for front in fronts.values() if front.speaks_http2]
    return report(name, verdicts, time.monotonic() - began, arguments.bare)


class Fronts(dict):
    """What stands before the backend, by the configuration in configs/ that a case names; most name none."""

    def __init__(self, start):
        super().__init__()
        self._start = start
        self.start([{}])

    def start(self, cases):
        for config in {case.get("config") for case in cases} - self.keys():
            self[config] = self._start(config)

    def of(self, case):
        return self.get(case.get("config"), self[None])


def told(front, secrets):
    """The verdict on what last4 told its operator of the secrets that were handed out in front of it."""
    leaks = outputs.leaks(front.log, front.admin, secrets)
    return {"id": "told-the-operator"}, "LEAK" if leaks else None, ", ".join(leaks[:5])


def creates(case):
    return method_of(case) == "POST" or "POST /console" in case.get("raw", "")


def method_of(case):
    """The method, where a case has one of its own."""
    return case.get("method") or dict(case.get("fields", [])).get(":method")


class Target:
    """A backend, and last4 in front of it (or nothing)."""

    def __init__(self, bare, fronts, lists):
        self.bare, self.fronts = bare, fronts
        tokens = [match.group().decode() for body in lists for match in judge.TOKEN.finditer(body)]
        assert len(tokens) >= 3, "the backend lists no tokens"
        self.secrets = judge.Secrets(tokens)
        # And what it hands out later.
        self.tokens = set(tokens)
        self.masked_lists = [judge.masked_bytes(body) for body in lists]

    def judge(self, case):
        """(case, kind of failure or None, why)"""
        try:
            return (case, *self._judge(case))
        except Exception as error:  # A mistake of the runner must not pass for a success.
            return case, "ERROR", repr(error)

    def _judge(self, case):
        request = self._with_ids(request_bytes(http2.in_http1(case) if "fields" in case else case))
        methods = [method_of(case)] if method_of(case) else METHODS.findall(request.decode("latin-1"))
        front = self.fronts.of(case)
        if "fields" in case:
            frames = http2.requests(case, lambda text: self._with_ids(text.encode("latin-1")))
            data = http2.exchange(front.address, frames)
        else:
            data = wire.exchange(front.address, request)
        self.tokens.update(token.decode() for token in judge.full_tokens(data))
        self._forget_created(case, data)
        if found := self.secrets.in_bytes(data):
            return "LEAK", f"{len(found)} secrets, {judge.masked(min(found))} in {judge.brief(data)}"
        if front is self.bare:
            return None, ""
        if why := shown_too_often(data, creates(case)):
            return "LEAK", why
        if case["expect"] == "no-leak":
            return None, ""
        got = wire.answers(data, methods)
        if case["expect"] == "refused":
            fine = got[0].status == 400 if got else data == http2.RESET
            return (None, "") if fine else ("WRONG", f"not refused: {judge.brief(data)}")
        if case["expect"] == "no-tunnel":
            fine = got[0].status == 405 if got else data == http2.RESET
            return (None, "") if fine else ("WRONG", f"a tunnel: {judge.brief(data)}")
        # Asked again where the two differ: Apache answers a range now with 206, now with 200.
        for _ in range(1 if creates(case) else 8):
            why = self._why_broken(case, got, request, methods)
            if not why:
                return None, ""
        return "BROKEN", why

    def _with_ids(self, request):
        return with_ids(request, self.bare.app, self.bare.dataset)

    def _why_broken(self, case, got, request, methods):
        """How an answer through last4 differs from what the backend itself gives."""
        reference = wire.exchange(self.bare.address, request)
        self._forget_created(case, reference)
        expected = wire.answers(reference, methods)
        # There may be more: some servers answer only the first of several requests on a connection.
        if not got or len(got) < len(expected):
            return f"{len(got)} answers instead of {len(expected)}"
        compare = self._why_not_masked if case["expect"] == "masked" else self._why_not_same
        return next((why for pair in zip(got, expected) if (why := compare(*pair, case))), None)

    def _why_not_masked(self, got, bare, _case):
        plain = got.plain()
        if got.status == 200 and plain in self.masked_lists:
            return None
        if got.status == bare.status != 304 and plain == judge.masked_bytes(bare.plain() or b""):
            return None
        # The backend knows no list there and says so in HTML, which is withheld.
        if got.status == bare.status >= 400 and got.header("content-type") == "application/problem+json":
            return None
        return f"not masked as it should be: {got.status} {judge.brief(got.body)}, bare {bare.status} {judge.brief(bare.body)}"

    def _why_not_same(self, got, bare, case):
        apart = set(case.get("apart", []))
        if got.status != bare.status:
            return f"{got.status} instead of {bare.status}: {judge.brief(got.body)}"
        if "body" not in apart and steady(got.plain() or b"") != steady(bare.plain() or b""):
            return f"another body: {judge.brief(got.body)} instead of {judge.brief(bare.body)}"
        ours, theirs = (fields(answer, apart) for answer in (got, bare))
        if ours != theirs:
            return f"other headers: {ours} instead of {theirs}"
        return None

    def _forget_created(self, case, data):
        """Deletes what a case created where it would be kept, since a list takes ten keys."""
        if not (self.bare.keeps_keys and creates(case)):
            return
        for key in set(re.findall(rb'\{"id":\s*"([0-9a-f-]{36})"[^{}]*"last_used_at":\s*null', data)):
            for owner in (f"apps/{self.bare.app}/", "datasets/", f"datasets/{self.bare.dataset}/"):
                path = f"/console/api/{owner}api-keys/{key.decode()}"
                delete = f"DELETE {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                wire.exchange(self.bare.address, delete.encode())


METHODS = re.compile(r"(?m)^([A-Z]+) [^\r\n]* HTTP/1\.[01]\r?$")
# Of one connection or one moment, or changed on purpose where a body may be masked (spec 5).
APART = {"connection", "keep-alive", "transfer-encoding", "date", "server", "content-length", "cache-control", "etag"}


def fields(answer, apart):
    return sorted((name, steady(value.encode())) for name, value in answer.fields if name not in APART | apart)


def steady(body):
    """Without what differs from one answer to the next."""
    body = judge.TOKEN.sub(b"[token]", body)
    body = re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"[id]", body)
    return re.sub(rb"\b\d{10}\b", b"[time]", body)


def shown_too_often(data, created):
    """A create may show its own token once; nothing else shows any."""
    shown = judge.full_tokens(data)
    for token, times in shown.items():
        if not created or times > 1:
            return f"the token {judge.masked(token.decode())} in full, {times} times: {judge.brief(data)}"
    return f"{len(shown)} tokens in full" if len(shown) > 1 else None


def request_bytes(case):
    """The bytes of a case: `raw`, or put together from its parts."""
    if "raw" in case:
        return case["raw"].encode("latin-1")
    names = {name.lower() for name, _ in case["headers"]}
    lines = [f"{case['method']} {case['target']} {case['version']}"]
    lines += [] if "host" in names else ["Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in case["headers"]]
    body = case.get("body", "").encode("latin-1")
    if (body or case["method"] == "POST") and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    lines += [] if "connection" in names else ["Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def with_ids(request, app, dataset):
    """The request for a backend with other ids: each character of an id in the spelling that the case gives it."""
    for ours, theirs in ((APP, app), (DATASET, dataset)):
        if ours != theirs:
            spelt = "".join(f"({re.escape(one)}|{re.escape(one.upper())}|%(?i:{ord(one):02x}))" for one in ours)
            respell = lambda match: "".join(map(like, match.groups(), theirs))
            request = re.sub(spelt, respell, request.decode("latin-1")).encode("latin-1")
    return request


def like(spelling, one):
    if spelling.startswith("%"):
        return f"%{ord(one):02X}"
    return one.upper() if spelling.isupper() else one


def wait_for_lists(backend):
    """The three lists as the backend itself gives them, as soon as it does."""
    paths = (f"apps/{backend.app}", "datasets", f"datasets/{backend.dataset}")
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline:
        asked = [f"GET /console/api/{path}/api-keys HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" for path in paths]
        got = [wire.answers(wire.exchange(backend.address, one.encode()), []) for one in asked]
        if all(one and one[0].status == 200 for one in got):
            return [one[0].body for one in got]
        time.sleep(0.2)
    raise SystemExit(f"the backend does not answer; see its log:\n{backend.log_end()}")


# Answers, from the scripted upstream.


def scripted(arguments):
    """All answer cases; (passed, failed)."""
    began = time.monotonic()
    cases = read(HERE / "cases" / "answers.jsonl")
    server = upstream.Upstream(cases)
    with Processes() as processes:
        backend = start.Backend(processes, server.server_address, APP, DATASET)
        fronts = Fronts(lambda config: backend if arguments.bare else start_last4(processes, arguments.program, backend.address, config))
        fronts.start(cases)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
            verdicts = list(threads.map(lambda case: judge_answer(fronts.of(case).address, case, arguments.bare), cases))
        if not arguments.bare:
            verdicts.append(judge_answer(fronts[None].address, {**cases[0], "name": "still-answers-at-the-end"}, False))
            handed_out = {secret for case in cases for secret in secrets_of(case)}
            verdicts += [told(front, handed_out) for front in fronts.values()]
    server.shutdown()
    return report("scripted", verdicts, time.monotonic() - began, arguments.bare)


def judge_answer(address, case, bare):
    try:
        return (case, *_judge_answer(address, case, bare))
    except Exception as error:  # A mistake of the runner must not pass for a success.
        return case, "ERROR", repr(error)


def _judge_answer(address, case, bare):
    method = case.get("method", "GET")
    headers = [["Accept-Encoding", case.get("accept_encoding", "gzip, deflate, br, zstd")], *case.get("request_headers", [])]
    target = f"{case.get('target', LIST)}?case={case['id']}{case.get('query', '')}"
    request = {"method": method, "target": target, "version": case.get("version", "HTTP/1.1"), "headers": headers}
    request |= {"body": case["request_body"]} if "request_body" in case else {}
    data = wire.exchange(address, request_bytes(request), ANSWER_SECS)
    secrets = secrets_of(case)
    if case["expect"] != "revealed" and not case.get("lenient") and (why := answer_leak(secrets, data, case["expect"])):
        return "LEAK", why
    if bare:
        return None, ""
    got = wire.answers(data, [method])
    if not got and case["expect"] in ("no-leak", "cut"):
        return None, ""  # Closed before the head went out.
    if not got:
        return "WRONG", f"no answer: {judge.brief(data)}"
    why = why_not(case, got[0], len(got))
    return ("WRONG", f"{why}: {judge.brief(data)}") if why else (None, "")


def secrets_of(case):
    return [case["secret"]] if isinstance(case["secret"], str) else case["secret"]


def answer_leak(secrets, data, expect):
    if found := judge.Secrets(secrets).in_bytes(data):
        return f"{judge.masked(min(found))} in {judge.brief(data)}"
    # Short ones have no eight hidden characters: they must not stand there whole.
    short = [secret for secret in secrets if secret and len(secret) < 17 and expect == "masked"]
    bodies = [answer.plain() or b"" for answer in wire.answers(data, [])]
    whole = [secret for secret in short for body in bodies if secret.encode("utf-8") in body]
    return f"a secret of {len(whole[0])} characters" if whole else None


def why_not(case, got, count):
    """Why an answer is not the one that its case expects, or None. A leak has been looked for before."""
    expect, status = case["expect"], case.get("status", 200)
    body, plain = got.body, got.plain()
    if count > 1:
        return f"{count} answers to one request"
    if not got.has_length and "keep-alive" in (got.header("connection") or ""):
        return "it says that the connection is kept, which only its end can end"
    if expect == "no-leak" or (case.get("lenient") and expect != "pass"):
        return None
    if expect in ("identity", "pass", "revealed"):
        if case.get("wire", {}).get("raw_http"):
            own = wire.answers(upstream.body_of(case), [])[0]
            return None if (got.status, body) == (own.status, own.body) else "not as it came"
        if expect == "pass" and lowered(got.trailers) != lowered(case.get("wire", {}).get("trailers", [])):
            return f"with the trailers {got.trailers}"
        return None if (got.status, plain) == (status, upstream.body_of(case)) else "not as it came"
    if expect == "masked":
        return why_not_masked(case, got, plain)
    if expect == "masked-or-withheld":
        return why_not_masked(case, got, plain) and why_not_withheld(case, got)
    if expect == "cut":
        return "it ended as if it were whole" if got.complete else None
    return why_not_withheld(case, got)


def lowered(trailers):
    """As fields of HTTP/2 and of its libraries are."""
    return [line.strip().lower() for line in trailers]


def why_not_masked(case, got, plain):
    raw = upstream.body_of(case)
    own = None
    if case.get("wire", {}).get("raw_http"):
        own = wire.answers(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), [])[0]
        raw = own.plain() or b""
    elif "file" in case:  # A file of a coded answer holds it coded.
        told = [("content-encoding", value) for value in case.get("content_encoding", [])]
        raw = wire.Answer(200, told, raw, True).plain() or b""
    if got.status != (own.status if own else case.get("status", 200)):
        return "another status"
    if not got.complete and got.header("content-length"):
        return "cut"
    if plain is None:
        return "it cannot be decoded"
    if case.get("preserve") and case["preserve"].encode() not in plain:
        return "bytes to preserve are lost"
    if plain == judge.masked_bytes(raw):
        return None
    if "make" in case:
        return "not the bytes that it should be"
    # A masked value may itself have been escaped or oddly spelt: then compared as documents.
    try:
        return None if judge.same_document(plain, judge.masked_tree(raw)) else "not masked as it should be"
    except ValueError:
        return "it is no JSON that could be masked"


def why_not_withheld(case, got):
    """Spec 5: 502 for a read that succeeded; the status and no body otherwise."""
    own = case.get("status", 200)
    if case.get("wire", {}).get("raw_http") and (told := wire.answers(upstream.body_of(case), [])):
        own = told[0].status
    reads = case.get("method", "GET") in ("GET", "HEAD")
    allowed = {502} if case.get("reset") or (own < 300 and reads) else {own}
    if case["expect"] == "masked-or-withheld":
        allowed.add(502)
    if got.status not in allowed:
        return f"status {got.status}, not of {sorted(allowed)}"
    if got.body and got.header("content-type") != "application/problem+json":
        return "a body that is no problem document"
    if got.reason == upstream.REASON:
        return "the upstream's own reason phrase"
    if case.get("reason") and json.loads(got.body or b"{}").get("reason") != case["reason"]:
        return "another reason"
    if (not case.get("reset")) and own < 400 and not (own < 300 and reads) and got.body:
        return "a body where there should be none"
    return None


# Processes and reports.


class Processes:
    """What was started, stopped by process id when it is no longer needed."""

    def __enter__(self):
        self.work = tempfile.TemporaryDirectory(prefix="attacks-")
        self.running = []
        return self

    def __exit__(self, *_):
        for process, _ in reversed(self.running):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
        self.work.cleanup()

    def start(self, name, command, env=None, cwd=None):
        """Runs a command in a process group of its own; its output goes to a file."""
        log = pathlib.Path(self.work.name, f"{name}.log")
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        self.running.append((process, log))
        return log


def start_last4(processes, program, upstream_address, config=None):
    address = ("127.0.0.1", start.free_port())
    url, listen = ("{}:{}".format(*one) for one in (upstream_address, address))
    command = [program, "serve", "--preset", "dify", "--upstream", f"http://{url}", "--listen", listen]
    command += ["--config", HERE / "configs" / config] if config else []
    admin = start.free_port()
    log = processes.start(f"last4-{config}" if config else "last4", command, env=outputs.settings(admin))
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=1).close()
            front = start.Backend(processes, address, APP, DATASET)
            front.speaks_http2, front.log, front.admin = True, log, admin
            return front
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"last4 does not start:\n{log.read_text()}")


def report(name, verdicts, seconds, bare):
    kinds = collections.Counter(kind for _, kind, _ in verdicts)
    if bare:
        groups = collections.Counter(case.get("group", "answer") for case, kind, _ in verdicts if kind == "LEAK")
        print(f"== {name}, bare: {len(verdicts)} cases, {kinds['LEAK']} show secrets", dict(groups.most_common()))
    else:
        for case, kind, why in verdicts:
            if kind:
                print(f"{kind} {case.get('name', case['id'])}: {why}")
        broken = sum(kinds[kind] for kind in ("BROKEN", "WRONG", "ERROR"))
        print(f"== {name}: {len(verdicts)} cases, {kinds['LEAK']} leaks, {broken} broken, {seconds:.0f} s", flush=True)
    return kinds[None], len(verdicts) - kinds[None]


def parse_arguments():
    parser = argparse.ArgumentParser(description="Attacks last4 in front of real backends.")
    parser.add_argument("--program", required=True, help="the last4 binary")
    parser.add_argument("--bare", action="store_true", help="send the cases to the backends themselves")
    parser.add_argument("--nginx-subs", action="store_true", help="send them to nginx with subs_filter in last4's place")
    parser.add_argument("backends", nargs="+", choices=[*start.BACKENDS, "scripted"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
