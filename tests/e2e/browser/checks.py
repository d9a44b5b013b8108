"""What a visitor must see, and must not."""

import re

from console import Visit, abbreviated, lists, tokens
from harness.leaks import masked

FAILURES = []


def check(holds, what):
    print(f"{'ok  ' if holds else 'FAIL'} {what}")
    if not holds:
        FAILURES.append(what)


def legacy(browser, base, pictures):
    """The API itself: the leak that last4 is there to close, seen by the same eyes. Gives its secrets."""
    visit = Visit(browser, base)
    secrets, leaked = set(), True
    for button, path in lists(base):
        listed = tokens(base, path)
        secrets.update(listed)
        visit.open(button, path)
        leaked &= visit.rows() == [abbreviated(token) for token in listed]
        copies = browser.all("#rows .copy")
        leaked &= len(copies) == len(browser.offers_to_copy()) == len(listed)
        leaked &= all(visit.copy(copy) == token for copy, token in zip(copies, listed))
        visit.close()
    check(leaked and len(secrets) > 5, "at the API every row offers to copy its key, and the clipboard then holds it whole")
    visit.open(*lists(base)[1])
    browser.picture(pictures and pictures / "legacy-before.png")
    created = visit.create()
    browser.picture(pictures and pictures / "legacy-create.png")
    browser.find("#reveal .primary").click()
    check(visit.copy(browser.all("#rows .copy")[-1]) == created, "at the API a new key can be copied again and again")
    # The very rows that the visit through last4 finds.
    browser.until("the button to rest", lambda: not browser.all("#rows .done"))
    browser.picture(pictures and pictures / "legacy.png")
    visit.close()
    browser.drain()
    seen = [request for request, body in browser.bodies if created in body]
    check(len(seen) > 1 and all(any(secret in body for _, body in browser.bodies) for secret in secrets),
          f"at the API the network holds every secret, and the new one {len(seen)} times")
    return secrets | {created}


def through_last4(browser, base, known, pictures):
    """The same visit through last4, on which all of `known` stay hidden. Gives the secrets that were made."""
    visit = Visit(browser, base)
    all_lists = lists(base)
    for button, path in all_lists:
        listed = tokens(base, path)
        visit.open(button, path)
        check(visit.rows() == listed and all(re.fullmatch(r".{5}\.\.\..{4}", token) for token in listed),
              f"{path}: the dialog lists the {len(listed)} masked keys as the API gives them")
        check(browser.offers_to_copy() == [], f"{path}: nothing offers to copy one")
        visit.close()
    made = set()
    # An app's keys, a dataset's, and the workspace's: one dialog for three routes.
    for number, (button, path) in enumerate([all_lists[1], all_lists[4], all_lists[0]]):
        made.add(create(browser, visit, button, path, pictures if number == 0 else None))
    check(not made & known and len(made) == 3, "three keys were made")
    delete(browser, visit, all_lists[1])
    browser.drain()
    for secret in made:
        seen = [request for request, body in browser.bodies if secret in body]
        check(len(seen) == 1 and seen[0].startswith("POST ") and seen[0].endswith("/api-keys"),
              f"{masked(secret)} went over the network once: {seen}")
    told = "\n".join([*browser.events, *(body for _, body in browser.bodies)])
    check(len(browser.bodies) > 20 and not any(secret in told for secret in known), "no older secret went over the network")
    check(not any(secret in event for secret in made for event in browser.events), "no address or header held a secret")
    return made


def cut_at_fixed_places(browser, base):
    """With masked values of one width, what the console makes of them by `slice(0, 3)...slice(-20)`."""
    visit = Visit(browser, base)
    rows = []
    for button, path in lists(base):
        visit.open(button, path)
        rows += visit.rows()
        visit.close()
    check(len(rows) > 5 and all(re.fullmatch(r".{3}\.{19}\w{4}", row) for row in rows),
          f"with a width of 26 the console, which cuts what it shows, shows first and last characters: {rows[0]}")


def create(browser, visit, button, path, pictures):
    visit.open(button, path)
    browser.picture(pictures and pictures / "last4.png")
    secret = visit.create()
    browser.picture(pictures and pictures / "last4-create.png")
    check(re.fullmatch(r"(app|ds|dataset)-\w{24}", secret) is not None, f"{path}: create shows the whole secret")
    copy = browser.find("#reveal .copy")
    check(len(browser.offers_to_copy()) == 1 and copy.is_displayed() and visit.copy(copy) == secret,
          f"{path}: its one copy button copies it")
    check(secret not in visit.rows(), f"{path}: the row behind it shows it masked")
    browser.find("#reveal .primary").click()
    visit.close()
    visit.open(button, path)
    check(visit.rows()[-1] == masked(secret) and secret not in visit.document(),
          f"{path}: opened again, the dialog and the page have only the masked form")
    check(browser.offers_to_copy() == [], f"{path}: and nothing offers to copy it")
    browser.picture(pictures and pictures / "last4-after.png")
    visit.close()
    return secret


def delete(browser, visit, dialog):
    visit.open(*dialog)
    before = len(visit.rows())
    browser.all("#rows .delete")[-1].click()
    browser.until("the row to go", lambda: len(visit.rows()) == before - 1)
    check(True, "a key can be deleted by its masked row")
    visit.close()
