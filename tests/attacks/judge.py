"""Says whether an answer gives a secret away, and what a masked answer must look like."""

import html
import json
import re
import urllib.parse
from collections import Counter

import wire
from outputs import FIRST, LAST, RUN, readings, unescaped

TOKEN = re.compile(rb"(?:app|dataset|ds)-[A-Za-z0-9]{24}(?![A-Za-z0-9])")


class Secrets:
    """The secrets that a client must not learn."""

    def __init__(self, secrets):
        self.runs = {}
        for secret in secrets:
            hidden = secret[FIRST:-LAST]
            for start in range(len(hidden) - RUN + 1):
                self.runs[hidden[start : start + RUN]] = secret

    def in_bytes(self, data):
        """The secrets of which some spelling of `data` shows a part that must stay hidden."""
        found = set()
        for text in spellings(data):
            for run in range(len(text) - RUN + 1) if len(text) < SMALL else ():
                found.add(self.runs.get(text[run : run + RUN]))
            if len(text) >= SMALL:
                found.update(secret for run, secret in self.runs.items() if run in text)
        return found - {None}


SMALL = 64 * 1024


def spellings(data):
    """What a client could read in the bytes that came: as they are, decoded, unescaped, in other charsets."""
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


def full_tokens(data):
    """How often each whole token stands in an answer."""
    whole = data + b"".join(answer.plain() or b"" for answer in wire.answers(data, []) if answer.header("content-encoding"))
    return Counter(match.group() for match in TOKEN.finditer(whole))


def masked(secret):
    """How last4 shows a string (spec 7)."""
    already = len(secret) == FIRST + 3 + LAST and secret[FIRST:-LAST] == "..."
    if secret in ("", "***") or already:
        return secret
    return "***" if len(secret) < FIRST + LAST + 8 else secret[:FIRST] + "..." + secret[-LAST:]


def masked_bytes(body):
    """A list with its tokens masked and every other byte kept."""
    return TOKEN.sub(lambda match: masked(match.group().decode()).encode(), body)


def masked_tree(body):
    """A document as pairs, numbers as they are spelt, with what the field `token` holds masked."""
    return _mask(_read(body))


def same_document(got, expected_tree):
    try:
        return _read(got) == expected_tree
    except ValueError:
        return False


class Number(str):
    """A number as it is spelt."""


def _read(body):
    text = body.decode("utf-8-sig", "surrogatepass")
    pairs = lambda members: ("object", members)  # Lists of pairs keep order and duplicates.
    return json.loads(text, object_pairs_hook=pairs, parse_int=Number, parse_float=Number, strict=False)


def _mask(value, selected=False):
    if isinstance(value, tuple):
        return ("object", [(name, _mask(member, selected or name == "token")) for name, member in value[1]])
    if isinstance(value, list):
        return [_mask(item, selected) for item in value]
    if selected and isinstance(value, Number):
        return "***"
    return masked(value) if selected and isinstance(value, str) else value


def brief(data):
    """An answer for a message, its secrets shortened."""
    text = TOKEN.sub(lambda match: match.group()[:9] + b"[full]", data[:600]).decode("latin-1")
    return repr(text[:160])
