"""The base of every check, and the servers that it talks to."""

import unittest
import urllib.parse

from harness import leaks, wire

APP_LIST = "/console/api/apps/0f4c2a52-2f5b-4a7e-9d53-6b1d5f1f7a01/api-keys"
WORKSPACE_LIST = "/console/api/datasets/api-keys"
DATASET_LIST = "/console/api/datasets/7be1c6f0-91c3-4d0c-8a3a-27f2f5b0c902/api-keys"

# The three lists, and the status with which each creates.
LISTS = {APP_LIST: 201, WORKSPACE_LIST: 200, DATASET_LIST: 201}
PREFIXES = {APP_LIST: "app-", WORKSPACE_LIST: "dataset-", DATASET_LIST: "ds-"}


class Stack:
    """Where the servers are. `front` is under test; `origin` is gunicorn itself."""

    front = None
    origin = None
    direct = False
    secrets = leaks.Secrets()
    # How many answers were searched for secrets, and how many of them showed one.
    searched = 0
    leaking = 0


class Check(unittest.TestCase):
    """A test over the wire. It starts with two fresh keys per list, and the suite knows all of them."""

    def setUp(self):
        self.origin("POST", "/test/reset")
        for path in LISTS:
            self.learn(self.origin("GET", path))

    def front(self, method, target, headers=(), body=b""):
        return wire.ask(Stack.front, method, target, headers, body)

    def origin(self, method, target, headers=(), body=b""):
        return wire.ask(Stack.origin, method, target, headers, body)

    def create(self, path):
        """A key made at the origin; returns the whole object."""
        key = self.origin("POST", path).json()
        Stack.secrets.add(key["token"])
        return key

    def learn(self, answer):
        """Takes note of the tokens that the origin shows, and returns them."""
        tokens = leaks.tokens_in(answer.decoded())
        for token in tokens:
            Stack.secrets.add(token)
        return tokens

    def learn_many(self, path):
        return self.learn(self.origin("GET", f"{path}?as=long"))

    def assert_no_leak(self, answer):
        found = Stack.secrets.in_bytes(answer.head) | Stack.secrets.in_bytes(answer.body)
        if answer.header("Content-Encoding"):
            found |= Stack.secrets.in_bytes(answer.plain() or b"")
        Stack.searched += 1
        Stack.leaking += bool(found)
        if found:
            shown = ", ".join(sorted(leaks.masked(token) for token in found)[:3])
            self.fail(f"LEAK: {len(found)} secrets in {answer!r}, among them {shown}")

    def assert_masked(self, answer, plain):
        """`answer` is `plain` with its tokens masked and every other byte the same."""
        self.assert_no_leak(answer)
        self.assertEqual(answer.status, 200, leaks.brief(answer.body))
        self.assertFalse(answer.cut, "the answer was cut")
        self.assert_same_bytes(answer.decoded(), leaks.masked_bytes(plain))

    def assert_same_bytes(self, got, expected):
        if got != expected:
            at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
            around = slice(max(0, at - 60), at + 60)
            self.fail(
                f"bytes differ at {at} (got {len(got)}, expected {len(expected)})\n"
                f"  got      ...{leaks.brief(got[around])}...\n  expected ...{leaks.brief(expected[around])}..."
            )

    def assert_problem(self, answer, status, reasons=None):
        """`answer` is last4's own: a problem document, with one of `reasons` where they are given."""
        self.assert_no_leak(answer)
        self.assertEqual(answer.status, status, leaks.brief(answer.body))
        self.assertEqual((answer.header("Content-Type") or "").split(";")[0], "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem.get("status"), status, problem)
        self.assertLessEqual({"type", "title", "status", "reason"}, problem.keys())
        if reasons:
            self.assertIn(problem["reason"], reasons)

    def assert_same_answer(self, got, expected, apart=()):
        """Same status, body and headers, but for those that belong to one connection or are named in `apart`."""
        ignored = {name.lower() for name in (*HOP_BY_HOP, *apart)}

        def fields(answer):
            return sorted((name.lower(), value) for name, value in answer.fields if name.lower() not in ignored)

        self.assertEqual(got.status, expected.status)
        self.assertEqual(fields(got), fields(expected))
        self.assert_same_bytes(got.body, expected.body)


def query(**members):
    return "?" + urllib.parse.urlencode(members)


# `Server` and `Date` too: nginx writes its own.
HOP_BY_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Server", "Date")
