"""Pages that are hard to rewrite, and what a browser makes of them."""

import http.server
import threading
import time
import urllib.request

import brotli

from checks import check

HEAD = '<!doctype html><html><head><meta charset="{charset}">{meta}<title>untouched</title><style>.own{{display:none}}</style></head>'
BODY = (
    '<body><button class="copy">Copy</button><p class="gone">gone</p><p class="own">own</p><p class="kept">{text}</p>'
    '<script>document.title = "ran"</script></body></html>'
)
LARGE_MIB = 50
# Comments are read by whoever rewrites a page, and cost a browser little.
FILLING = b"<!-- " + b"x" * 1000 + b" <p class=gone> -->\n"

# By path: the policies in the head, the policy in the page, whether the page's own inline style and script may act.
POLICIES = {
    "/strict": (["default-src 'none'"], None, False, False),
    "/strict-style": (["default-src 'self'; style-src 'self'; script-src 'unsafe-inline'"], None, False, True),
    "/strict-meta": ([], "default-src 'self'", False, False),
    "/strict-both": (["img-src *, default-src 'none'; script-src 'unsafe-inline'"], "style-src-elem 'none'", False, True),
    "/several": (["style-src 'self'", "default-src 'unsafe-inline'"], None, False, True),
    "/unsafe-inline": (["default-src 'unsafe-inline'"], None, True, True),
    "/nonce": (["style-src 'nonce-abc' 'unsafe-inline'; script-src 'none'"], None, False, False),
    "/open": ([], None, True, True),
}


def page(meta="", charset="utf-8", text="kept"):
    return (HEAD.format(charset=charset, meta=meta) + BODY.format(text=text)).encode(charset)


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path in POLICIES:
            policies, meta, _, _ = POLICIES[path]
            meta = f'<meta http-equiv="Content-Security-Policy" content="{meta}">' if meta else ""
            self.whole(page(meta), [("Content-Security-Policy", policy) for policy in policies])
        elif path == "/br":
            self.whole(brotli.compress(page()), [("Content-Encoding", "br")])
        elif path == "/shift_jis":
            # Every one of these characters has a byte that is a letter, a bracket or a backslash in ASCII.
            self.whole(page(charset="shift_jis", text="表示ソ能"), charset="shift_jis")
        elif path == "/utf-16":
            self.whole(page(charset="utf-16"), charset="utf-16")
        elif path == "/bytes":
            self.pieces(bytes([byte]) for byte in page())
        elif path == "/large":
            opening, end = page().split(b'<p class="kept">')
            times = (LARGE_MIB << 20) // len(FILLING)
            self.pieces([opening, *[FILLING * 64] * (times // 64), b'<p class="kept">' + end])
        else:
            self.send_error(404)

    def whole(self, body, headers=(), charset="utf-8"):
        self.send_response(200)
        for name, value in [("Content-Type", f"text/html; charset={charset}"), ("Content-Length", len(body)), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def pieces(self, pieces):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


def origin():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def seen(browser, url):
    """What is to be seen of a page, and what its own style and script did."""
    browser.open(url)
    return browser.run("""
        const shown = (name) => Boolean(document.querySelector(name)?.checkVisibility());
        return { copy: shown(".copy"), gone: Boolean(document.querySelector(".gone")), styled: !shown(".own"),
                 ran: document.title === "ran", kept: document.querySelector(".kept")?.textContent };
    """)


def fetched(url):
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def pages(browser, direct, last4):
    """Every page, at its origin and through last4."""
    for path, (_, _, styled, ran) in POLICIES.items():
        before = seen(browser, direct + path)
        check(before == dict(copy=True, gone=True, styled=styled, ran=ran, kept="kept"), f"{path}: the page as it is")
        after = seen(browser, last4.url + path)
        check(after == dict(copy=False, gone=False, styled=styled, ran=ran, kept="kept"),
              f"{path}: the rules hold, and the page's own style and script may do as much as before")
    for path, text in [("/br", "kept"), ("/bytes", "kept"), ("/shift_jis", "表示ソ能")]:
        after = seen(browser, last4.url + path)
        check(after == dict(copy=False, gone=False, styled=True, ran=True, kept=text), f"{path}: the rules hold")
    before = seen(browser, direct + "/utf-16")
    check(seen(browser, last4.url + "/utf-16") == before and before["copy"], "/utf-16: passes as it came")
    check(last4.metric('last4_pages_total{result="charset"}') == 1, "/utf-16: and is counted")
    large(browser, direct, last4)


def large(browser, direct, last4):
    before, began = last4.peak_mib(), time.monotonic()
    body, plain = fetched(last4.url + "/large"), fetched(direct + "/large")
    style = b"<style>.copy{display:none!important}</style>"
    expected = plain.replace(b"</head>", style + b"</head>", 1).replace(b'<p class="gone">gone</p>', b"", 1)
    check(body == expected, f"/large: {len(body) >> 20} MiB, of which all but the style and what is removed is the same")
    after = seen(browser, last4.url + "/large")
    check(after == dict(copy=False, gone=False, styled=True, ran=True, kept="kept"), "/large: the rules hold in the browser")
    grown = last4.peak_mib() - before
    # What connections and the allocator keep, and no more for a page of 300 MiB.
    check(grown < 16, f"/large: last4's peak memory grew by {grown:.1f} MiB, in {time.monotonic() - began:.1f} s")
