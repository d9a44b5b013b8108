"""Sends the corpus of attacks through last4 to real backends, and judges every answer.

    run.py [--bare] BACKEND ...

A backend is one of those in backends/start.py, or `scripted`: the runner itself, as an upstream that answers anything.
The exit status is 0 when no secret leaked and no legitimate request broke. With `--bare` the cases go to the backends
themselves, to show what last4 is for.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import http2
import scripted
from backends import start
from fronts import THREADS, Front, Fronts, start_last4
from harness import leaks, wire
from harness.processes import Processes, end_on_signals, until


def main():
    arguments = parse_arguments()
    end_on_signals()
    cases = read(*sorted((HERE / "cases").glob("requests-*.jsonl")))
    passed, failed = 0, 0
    for name in arguments.backends:
        one = answers(arguments) if name == "scripted" else against(name, cases, arguments)
        passed, failed = passed + one[0], failed + one[1]
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def read(*paths):
    cases = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    name, times = collections.Counter(case["id"] for case in cases).most_common(1)[0]
    assert times == 1, f"{times} cases are named {name}"
    return cases


def answers(arguments):
    """All answer cases, from the scripted upstream; (passed, failed)."""
    began = time.monotonic()
    verdicts = scripted.verdicts(read(HERE / "cases" / "answers.jsonl"), arguments)
    return report("scripted", verdicts, time.monotonic() - began, arguments.bare)


# Requests, to a real backend.


def against(name, cases, arguments):
    """All request cases against one backend; (passed, failed)."""
    began = time.monotonic()
    with Processes() as running:
        bare = start.BACKENDS[name](running)
        lists = wait_for_lists(bare)
        if arguments.bare:
            fronts = Fronts(lambda _config: Front(bare.address))
        elif arguments.nginx_subs:
            front = start.nginx_subs(running, bare.address)
            wait_for_lists(front)
            fronts = Fronts(lambda _config: Front(front.address))
            # It knows Dify's routes alone.
            cases = [case for case in cases if "config" not in case]
        else:
            fronts = Fronts(lambda config: start_last4(running, bare.address, config))
            fronts.start(cases)
        target = Target(bare, fronts, lists, arguments.bare)
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
        verdicts += [front.verdict_on_log(target.tokens) for front in fronts.values() if front.last4]
    return report(name, verdicts, time.monotonic() - began, arguments.bare)


def creates(case):
    return method_of(case) == "POST" or "POST /console" in case.get("raw", "")


def method_of(case):
    """The method, where a case has one of its own."""
    return case.get("method") or dict(case.get("fields", [])).get(":method")


class Target:
    """A backend, and last4 in front of it (or nothing)."""

    def __init__(self, bare, fronts, lists, only_leaks):
        self.bare, self.fronts, self.only_leaks = bare, fronts, only_leaks
        tokens = [token for body in lists for token in leaks.tokens_in(body)]
        assert len(tokens) >= 3, "the backend lists no tokens"
        self.secrets = leaks.Secrets(tokens)
        # And what it hands out later.
        self.tokens = set(tokens)
        self.masked_lists = [leaks.masked_bytes(body) for body in lists]

    def judge(self, case):
        """(case, kind of failure or None, why)"""
        try:
            return (case, *self._judge(case))
        except Exception as error:  # A mistake of the runner must not pass for a success.
            return case, "ERROR", repr(error)

    def _judge(self, case):
        request = self._with_ids(wire.request_bytes(http2.in_http1(case) if "fields" in case else case))
        methods = [method_of(case)] if method_of(case) else METHODS.findall(request.decode("latin-1"))
        front = self.fronts.of(case)
        if "fields" in case:
            frames = http2.requests(case, lambda text: self._with_ids(text.encode("latin-1")))
            data = http2.exchange(front.address, frames)
        else:
            data = wire.exchange(front.address, request)
        self.tokens.update(token.decode() for token in leaks.full_tokens(data))
        self._forget_created(case, data)
        if found := self.secrets.in_bytes(data):
            return "LEAK", f"{len(found)} secrets, {leaks.masked(min(found))} in {brief(data)}"
        if self.only_leaks:
            return None, ""
        if why := shown_too_often(data, creates(case)):
            return "LEAK", why
        if case["expect"] == "no-leak":
            return None, ""
        got = wire.answers(data, methods)
        if case["expect"] == "refused":
            fine = got[0].status == 400 if got else data == http2.RESET
            return (None, "") if fine else ("WRONG", f"not refused: {brief(data)}")
        if case["expect"] == "no-tunnel":
            fine = got[0].status == 405 if got else data == http2.RESET
            return (None, "") if fine else ("WRONG", f"a tunnel: {brief(data)}")
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
        if got.status == bare.status != 304 and plain == leaks.masked_bytes(bare.plain() or b""):
            return None
        # The backend knows no list there and says so in HTML, which is withheld.
        if got.status == bare.status >= 400 and got.header("content-type") == "application/problem+json":
            return None
        return f"not masked as it should be: {got.status} {brief(got.body)}, bare {bare.status} {brief(bare.body)}"

    def _why_not_same(self, got, bare, case):
        apart = set(case.get("apart", []))
        if got.status != bare.status:
            return f"{got.status} instead of {bare.status}: {brief(got.body)}"
        if "body" not in apart and steady(got.plain() or b"") != steady(bare.plain() or b""):
            return f"another body: {brief(got.body)} instead of {brief(bare.body)}"
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
    body = leaks.TOKEN.sub(b"[token]", body)
    body = re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"[id]", body)
    return re.sub(rb"\b\d{10}\b", b"[time]", body)


def shown_too_often(data, created):
    """A create may show its own token once; nothing else shows any."""
    shown = leaks.full_tokens(data)
    for token, times in shown.items():
        if not created or times > 1:
            return f"the token {leaks.masked(token.decode())} in full, {times} times: {brief(data)}"
    return f"{len(shown)} tokens in full" if len(shown) > 1 else None


def with_ids(request, app, dataset):
    """The request for a backend with other ids: each character of an id in the spelling that the case gives it."""
    for ours, theirs in ((start.APP, app), (start.DATASET, dataset)):
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
    asked = [f"GET /console/api/{path}/api-keys HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" for path in paths]
    lists = []

    def answers():
        got = [wire.answers(wire.exchange(backend.address, one.encode()), []) for one in asked]
        lists[:] = [one[0].body for one in got if one and one[0].status == 200]
        return len(lists) == len(paths)

    until(answers, lambda: f"the backend answers:\n{backend.log_end()}", 30)
    return lists


# Reports.


def brief(data):
    return leaks.brief(data, 160)


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
    parser.add_argument("--bare", action="store_true", help="send the cases to the backends themselves")
    parser.add_argument("--nginx-subs", action="store_true", help="send them to nginx with subs_filter in last4's place")
    parser.add_argument("backends", nargs="+", choices=[*start.BACKENDS, "scripted"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
