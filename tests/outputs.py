"""Searches what last4 tells its operator, its log and the pages of its listener, for secrets, in every spelling that a program might write."""

import base64
import html
import re
import socket
import urllib.parse

# What last4 shows of a secret (spec 7); a run of this many hidden characters is a leak.
FIRST, LAST, RUN = 5, 4, 8
PAGES = ("/livez", "/readyz", "/metrics", "/")


def settings(port):
    """The environment in which last4 tells as much as it can."""
    return {"LAST4_LOG__LEVEL": "trace", "LAST4_ADMIN__LISTEN": f"127.0.0.1:{port}"}


def leaks(log, admin, secrets):
    """Where a secret is told, if anywhere. `log` is a file; the secrets are text."""
    runs = {run: secret for secret in secrets for run in hidden_runs(secret)}
    lines = log.read_bytes().splitlines()
    # A log without a line would hide a search that looks in the wrong place.
    assert lines, f"{log} is empty"
    places = [(f"line {number} of its log", line) for number, line in enumerate(lines, 1)]
    places += [(page, page_of(admin, page)) for page in PAGES]
    return sorted({f"{runs[run][:FIRST]}... in {place}" for place, data in places for run in runs_in(data) & runs.keys()})


def hidden_runs(secret):
    hidden = secret[FIRST:-LAST]
    return {hidden[start : start + RUN] for start in range(len(hidden) - RUN + 1)}


def runs_in(data):
    texts = readings(data.decode("utf-8", "replace"))
    return {text[start : start + RUN] for text in texts for start in range(len(text) - RUN + 1)}


def page_of(port, page):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {page} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 "), f"no answer for {page}"
    return answer


def readings(text):
    """What could be read in a text: as it is, unescaped, and what is written in it in other alphabets."""
    yield from {text, unescaped(text), urllib.parse.unquote(text), html.unescape(text)}
    yield from base64_in(text)
    for word in HEX.findall(text):
        yield bytes.fromhex(word).decode("latin-1")
    for numbers in DECIMAL.findall(text):
        yield "".join(chr(int(number) % 256) for number in numbers.split(","))


def unescaped(text):
    """With JSON's escapes read, inside strings or not."""
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"\\(.)", r"\1", text)


def base64_in(text):
    for word in BASE64.findall(text):
        for offset in range(4):
            part = word[offset:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")


BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
# As Rust writes bytes for debugging.
DECIMAL = re.compile(r"\d{1,3}(?:, ?\d{1,3}){7,}")
