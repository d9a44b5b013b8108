"""A visit to the console: its lists, a create, and what is left of it."""

import json
import urllib.request


def ask(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)["data"]


def lists(base):
    """Every list of keys: what to click, and the path of the list."""
    found = [("#workspace", "/console/api/datasets/api-keys")]
    for kind in ["apps", "datasets"]:
        for position, owner in enumerate(ask(f"{base}/console/api/{kind}"), 1):
            found.append((f"#{kind} li:nth-child({position}) button", f"/console/api/{kind}/{owner['id']}/api-keys"))
    return found


def tokens(base, path):
    return [key["token"] for key in ask(base + path)]


class Visit:
    """One browser at one address of the console."""

    def __init__(self, browser, base):
        self.browser, self.base = browser, base
        browser.open(f"{base}/")
        browser.allow_clipboard(base)
        browser.until("the cards", lambda: len(browser.all("#apps li")) > 1 and len(browser.all("#datasets li")) > 1)

    def open(self, button, path):
        self.browser.find(button).click()
        count = len(tokens(self.base, path))
        self.browser.until("the rows", lambda: len(self.rows()) == count)

    def close(self):
        self.browser.find("#keys > header .close").click()

    def rows(self):
        # At once: the script may replace them at any time.
        return self.browser.run("return [...document.querySelectorAll('#rows td:first-child')].map((cell) => cell.innerText)")

    def create(self):
        """Makes a key, and gives what the dialog then shows."""
        before = len(self.rows())
        self.browser.find("#create").click()
        self.browser.until("the new key", lambda: self.browser.find("#secret").text)
        self.browser.until("the new row", lambda: len(self.rows()) == before + 1)
        return self.browser.find("#secret").text

    def copy(self, button):
        """What is in the clipboard once a button was clicked."""
        self.browser.run("return navigator.clipboard.writeText('nothing')")
        button.click()
        self.browser.until("the clipboard", lambda: self.browser.clipboard() != "nothing")
        return self.browser.clipboard()

    def document(self):
        return self.browser.run("return document.documentElement.outerHTML")


def abbreviated(token):
    """How the console shows what does not fit."""
    return f"{token[:3]}...{token[-20:]}" if len(token) > 23 else token
