"""What a leak is, in one place for all suites: eight characters in a row of the hidden part of a secret, in any spelling."""

import base64
import html
import re
import urllib.parse
from collections import Counter

from . import wire

# How last4 shows a secret (spec 7): so many characters at its start and its end, if at least MIN_HIDDEN stay hidden.
FIRST, LAST, MIN_HIDDEN = 5, 4, 8
# Hidden characters in a row that are a leak: too many for chance, few enough to find a part of a secret.
RUN = 8
TOKEN = re.compile(rb"(?:app|dataset|ds)-[A-Za-z0-9]{24}(?![A-Za-z0-9])")
PAGES = ("/livez", "/readyz", "/metrics", "/")

# A text shorter than this is read in every spelling, a longer one only in those that cost little.
SMALL = 64 * 1024
# With more runs than this, looking up every run of a text costs less than searching the text for each.
MANY = 1000


class Secrets:
    """The secrets that a client must not learn."""

    def __init__(self, secrets=()):
        self.tokens = set()
        self._runs = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret):
        self.tokens.add(secret)
        self._runs.update(dict.fromkeys(hidden_runs(secret), secret))

    def in_bytes(self, data):
        """The secrets of which some spelling of `data` shows a run that must stay hidden."""
        return {secret for text in spellings(data) for secret in self._in_text(text)}

    def _in_text(self, text):
        if len(text) < SMALL or len(self._runs) > MANY:
            runs = (text[start : start + RUN] for start in range(len(text) - RUN + 1))
            return {self._runs[run] for run in runs if run in self._runs}
        return {secret for run, secret in self._runs.items() if run in text}


def hidden_runs(secret):
    hidden = secret[FIRST:-LAST]
    return {hidden[start : start + RUN] for start in range(len(hidden) - RUN + 1)}


def verbatim(secret):
    """A pattern that finds a hidden run of `secret` as it stands: for clients without the time for every spelling."""
    return re.compile("|".join(map(re.escape, sorted(hidden_runs(secret)))).encode())


def spellings(data):
    """The texts that a client could read in the bytes that came: as they are, decoded, unescaped, in other charsets."""
    bodies = [data, re.sub(rb"\r\n[0-9A-Fa-f]{1,8}\r\n", b"", data)]
    for answer in wire.answers(data, []):
        bodies.append(answer.body)
        for coding in ("gzip", "deflate", "br", "zstd"):
            if coding in (answer.header("content-encoding") or "") or answer.body[:2] == b"\x1f\x8b":
                bodies.append(answer.plain() or wire.decode(coding, answer.body) or b"")
    texts = set()
    for body in bodies:
        # Without the NULs UTF-16 and UTF-32 are latin-1 here.
        text = body.replace(b"\0", b"").decode("latin-1")
        texts |= {text, text.encode("latin-1").decode("utf-8", "replace"), unescaped(text)}
        texts |= {urllib.parse.unquote(text), html.unescape(text)}
        if len(text) < SMALL:
            texts.update(readings(text))
    return texts


def told_operator(log, admin, secrets):
    """Where the log of last4 or a page of its operator's listener shows a secret. `log` is a file, `admin` a port."""
    pages = [(page, operator_page(admin, page)) for page in PAGES]
    return in_places(log_lines(log) + pages, secrets)


def in_log(log, secrets):
    """Where the log of a process that has ended shows a secret."""
    return in_places(log_lines(log), secrets)


def in_places(places, secrets):
    runs = {run: secret for secret in secrets for run in hidden_runs(secret)}
    return sorted({f"{runs[run][:FIRST]}... in {place}" for place, data in places for run in runs_in(data) & runs.keys()})


def log_lines(log):
    lines = log.read_bytes().splitlines()
    # A log without a line would hide a search that looks in the wrong place.
    assert lines, f"{log} is empty"
    return [(f"line {number} of its log", line) for number, line in enumerate(lines, 1)]


def operator_page(port, page):
    """The whole answer for a page of the operator's listener."""
    request = f"GET {page} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    answer = wire.exchange(("127.0.0.1", port), request, 10, quiet=10)
    assert answer.startswith(b"HTTP/1.1 "), f"no answer for {page}"
    return answer


def runs_in(data):
    texts = readings(data.decode("utf-8", "replace"))
    return {text[start : start + RUN] for text in texts for start in range(len(text) - RUN + 1)}


def readings(text):
    """The text as it is and unescaped, and what it says in base64, in hex and in decimal numbers."""
    yield from {text, unescaped(text), urllib.parse.unquote(text), html.unescape(text)}
    yield from base64_in(text)
    for word in HEX.findall(text):
        yield bytes.fromhex(word).decode("latin-1")
    for numbers in DECIMAL.findall(text):
        yield "".join(chr(int(number) % 256) for number in numbers.split(","))


def unescaped(text):
    """The text with JSON's escapes read, inside strings or not."""
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"\\(.)", r"\1", text)


def base64_in(text):
    for word in BASE64.findall(text):
        for offset in range(4):
            part = word[offset:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")


BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
# Rust writes bytes like this for debugging.
DECIMAL = re.compile(r"\d{1,3}(?:, ?\d{1,3}){7,}")


def full_tokens(data):
    """How often each whole token stands in an answer."""
    whole = data + b"".join(answer.plain() or b"" for answer in wire.answers(data, []) if answer.header("content-encoding"))
    return Counter(match.group() for match in TOKEN.finditer(whole))


def tokens_in(body):
    return [match.group().decode() for match in TOKEN.finditer(body)]


def masked(secret):
    """A string as last4 shows it (spec 7)."""
    already = len(secret) == FIRST + 3 + LAST and secret[FIRST:-LAST] == "..."
    if secret in ("", "***") or already:
        return secret
    return "***" if len(secret) < FIRST + LAST + MIN_HIDDEN else secret[:FIRST] + "..." + secret[-LAST:]


def masked_bytes(body):
    """A list with its tokens masked and every other byte kept."""
    return TOKEN.sub(lambda match: masked(match.group().decode()).encode(), body)


def brief(data, most=600):
    """A body for a message, its tokens shortened."""
    data = data.encode() if isinstance(data, str) else data
    text = repr(TOKEN.sub(lambda match: match.group()[:9] + b"[full]", data).decode("utf-8", "backslashreplace"))[1:-1]
    return text if len(text) <= most else f"{text[: most * 2 // 3]} [{len(text) - most * 5 // 6} more] {text[-most // 6 :]}"
