"""Sends every answer of the corpus through last4, from an upstream that answers anything, and judges what comes back."""

import concurrent.futures
import json

import documents
import upstream
from backends import start
from fronts import THREADS, Front, Fronts, start_last4
from harness import leaks, wire
from harness.processes import Processes

LIST = f"/console/api/apps/{start.APP}/api-keys"
# A bomb takes a debug build a while, and others wait for it.
ANSWER_SECS = 15


def verdicts(cases, arguments):
    """(case, kind of failure or None, why) of every case."""
    server = upstream.Upstream(cases)
    with Processes() as running:
        origin = server.server_address
        fronts = Fronts(lambda config: Front(origin) if arguments.bare else start_last4(running, origin, config))
        fronts.start(cases)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
            judged = list(threads.map(lambda case: judge_answer(fronts.of(case).address, case, arguments.bare), cases))
        if not arguments.bare:
            judged.append(judge_answer(fronts[None].address, {**cases[0], "name": "still-answers-at-the-end"}, False))
            handed_out = {secret for case in cases for secret in secrets_of(case)}
            judged += [front.verdict_on_log(handed_out) for front in fronts.values()]
    server.shutdown()
    return judged


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
    data = wire.exchange(address, wire.request_bytes(request), ANSWER_SECS)
    secrets = secrets_of(case)
    if case["expect"] != "revealed" and not case.get("lenient") and (why := answer_leak(secrets, data, case["expect"])):
        return "LEAK", why
    if bare:
        return None, ""
    got = wire.answers(data, [method])
    if not got and case["expect"] in ("no-leak", "cut"):
        return None, ""  # Closed before the head went out.
    if not got:
        return "WRONG", f"no answer: {leaks.brief(data, 160)}"
    why = why_not(case, got[0], len(got))
    return ("WRONG", f"{why}: {leaks.brief(data, 160)}") if why else (None, "")


def secrets_of(case):
    return [case["secret"]] if isinstance(case["secret"], str) else case["secret"]


def answer_leak(secrets, data, expect):
    if found := leaks.Secrets(secrets).in_bytes(data):
        return f"{leaks.masked(min(found))} in {leaks.brief(data, 160)}"
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
        raw = wire.Answer(200, told, raw).plain() or b""
    if got.status != (own.status if own else case.get("status", 200)):
        return "another status"
    if not got.complete and got.header("content-length"):
        return "cut"
    if plain is None:
        return "it cannot be decoded"
    if case.get("preserve") and case["preserve"].encode() not in plain:
        return "bytes to preserve are lost"
    if plain == leaks.masked_bytes(raw):
        return None
    if "make" in case:
        return "not the bytes that it should be"
    # A masked value may itself have been escaped or oddly spelt: then compared as documents.
    try:
        return None if documents.same_document(plain, documents.masked_tree(raw)) else "not masked as it should be"
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
