"""The visits, in order. See run.sh."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import pages
from browser import Browser
from checks import FAILURES, check, cut_at_fixed_places, legacy, through_last4
from harness.processes import end_on_signals
from servers import Last4, Legacy

WIDTH = "[masking]\nwidth = 26\n"
CONSOLE = '[[page]]\npath = "/"\nhide = ["#keys .copy"]\n'
EVERY_PAGE = '[[page]]\npath = "/{*rest}"\nhide = [".copy"]\nremove = ["p.gone"]\n'


def main(pictures=None):
    end_on_signals()
    pictures = pictures and pathlib.Path(pictures)
    with Legacy() as api, Last4(api.url, CONSOLE) as last4:
        with Browser() as browser:
            known = legacy(browser, api.url, pictures)
        with Browser() as browser:
            made = through_last4(browser, last4.url, known, pictures)
        leaks = last4.leaks(known | made)
        with Last4(api.url, WIDTH) as wide, Browser() as browser:
            cut_at_fixed_places(browser, wide.url)
        check(leaks == [], f"last4's own log and pages hold no secret {leaks or ''}")
    direct = pages.origin()
    with Last4(direct, EVERY_PAGE) as last4, Browser() as browser:
        pages.pages(browser, direct, last4)
    print(f"{len(FAILURES)} failed" if FAILURES else "all held")
    return bool(FAILURES)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
