"""Finds secrets in answers, whole or in part."""

import re

# Of a masked token 19 or more characters are hidden. A run of this many of them is a leak: enough to be no accident,
# and short enough to find a token that an answer shows only in part.
RUN = 12


class Secrets:
    """The tokens that the suite knows of."""

    def __init__(self):
        self._runs = {}
        self.tokens = set()
        self.leaks = 0
        self.answers = 0

    def add(self, token):
        self.tokens.add(token)
        hidden = token[5:-4]
        for start in range(len(hidden) - RUN + 1):
            self._runs[hidden[start : start + RUN].encode()] = token

    def in_bytes(self, data):
        """The known tokens that `data` gives away, in UTF-8 or UTF-16."""
        found = set()
        for text in (data, data.replace(b"\0", b"")):
            for match in WORD.finditer(text):
                word = match.group()
                for start in range(len(word) - RUN + 1):
                    found.add(self._runs.get(word[start : start + RUN]))
        return found - {None}

    def in_answer(self, answer):
        """The known tokens that an answer gives away in its head, its body, or its body decoded."""
        found = self.in_bytes(answer.raw_head) | self.in_bytes(answer.body)
        if answer.header("Content-Encoding"):
            try:
                found |= self.in_bytes(answer.plain())
            except Exception:  # What cannot be decoded is judged by its bytes alone.
                pass
        self.answers += 1
        self.leaks += bool(found)
        return found


def masked(token):
    """How last4 shows a token of Dify's form."""
    return token[:5] + "..." + token[-4:]


def masked_bytes(body, tokens):
    """`body` with each of the tokens masked and nothing else changed."""
    return TOKEN.sub(
        lambda match: masked(match.group().decode()).encode() if match.group().decode() in tokens else match.group(),
        body,
    )


def brief(data):
    """A body for a failure message, without the secrets in it."""
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    text = TOKEN.sub(lambda match: match.group().decode()[:9] + "[full]", text.encode()).decode()
    return text if len(text) <= 600 else f"{text[:400]} [{len(text) - 500} more] {text[-100:]}"


WORD = re.compile(rb"[A-Za-z0-9]{%d,}" % RUN)
TOKEN = re.compile(rb"(?:app|dataset|ds)-[A-Za-z0-9]{24}")
