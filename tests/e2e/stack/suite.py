"""Runs the checks against one address.

    suite.py --front HOST:PORT --origin HOST:PORT --log FILE --admin PORT [NAME ...]
    suite.py --front HOST:PORT --origin HOST:PORT --direct [NAME ...]

The exit status is 0 if last4 keeps its promises there, in its log and on its operator's pages too, and 1 if not. With `--direct`
the front is the bare stack: every check that guards a secret must then fail, and all others must pass. The exit status is 1 if
they do, because secrets were seen, and 2 if they do not, because then the suite is blind or wrong.
"""

import argparse
import io
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import check_lists
import check_odd
import check_passthrough
from harness import leaks
from support import Stack

GUARDS = (check_lists.Lists, check_odd.OddAnswers)
OTHERS = (
    check_lists.Creates,
    check_odd.EmptyAnswers,
    check_passthrough.PassThrough,
    check_passthrough.Streams,
    check_passthrough.WebSockets,
)


def main():
    arguments = parse_arguments()
    Stack.front, Stack.origin, Stack.direct = arguments.front, arguments.origin, arguments.direct
    guards, others = tests_of(GUARDS, arguments.names), tests_of(OTHERS, arguments.names)
    if arguments.direct:
        return expect_leaks(guards, others)
    return expect_promises([*guards, *others], arguments.log, arguments.admin)


def expect_promises(tests, log, admin):
    result = run(tests, sys.stderr)
    told = leaks.told_operator(log, admin, Stack.secrets.tokens)
    print(f"{Stack.searched} answers searched, {Stack.leaking} of them leak", flush=True)
    print(f"{len(Stack.secrets.tokens)} secrets looked for in the log and the operator's pages, {len(told)} found", *told[:5], sep="\n  ", flush=True)
    kept = result.wasSuccessful() and not Stack.leaking and not told
    return 0 if result.testsRun and kept else 1


def expect_leaks(guards, others):
    """Proves that the suite can see: what guards a secret fails here, one by one."""
    result = run(others, sys.stderr)
    verdicts = [verdict(test) for test in guards]
    print(
        f"of the checks that guard a secret {verdicts.count('fails')} fail on the bare stack, "
        f"{verdicts.count('skipped')} do not apply and {verdicts.count('blind')} are blind; "
        f"{Stack.searched} answers searched, {Stack.leaking} leaks seen",
        flush=True,
    )
    sees = result.wasSuccessful() and "blind" not in verdicts and Stack.leaking
    return 1 if sees else 2


def verdict(test):
    """What becomes of a guarding check where nothing masks: `fails` (as it must), `skipped` or `blind`."""
    result = run([test], io.StringIO())
    if result.skipped:
        return "skipped"
    if result.failures and not result.errors:
        return "fails"
    # An error is a mistake of the suite rather than a finding.
    print(f"BLIND: {test}", *(trace for _, trace in result.errors), sep="\n", flush=True)
    return "blind"


def run(tests, output):
    return unittest.TextTestRunner(output, verbosity=2).run(unittest.TestSuite(tests))


def tests_of(cases, names):
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in names] or None
    return [test for case in cases for test in loader.loadTestsFromTestCase(case)]


def parse_arguments():
    parser = argparse.ArgumentParser(description="Checks a stack with last4 in front of it.")
    parser.add_argument("--front", type=address, required=True, help="the server under test")
    parser.add_argument("--origin", type=address, required=True, help="gunicorn itself, to compare with")
    parser.add_argument("--log", type=pathlib.Path, help="what last4 logs")
    parser.add_argument("--admin", type=int, help="the port of its operator's listener")
    parser.add_argument("--direct", action="store_true", help="the front masks nothing: expect leaks")
    parser.add_argument("names", nargs="*", help="run only the checks whose names hold one of these")
    return parser.parse_args()


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())
