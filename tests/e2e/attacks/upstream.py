"""An upstream that answers exactly as a case says, bytes, framing and all."""

import pathlib
import re
import socketserver
import threading
import time

from harness import wire

HERE = pathlib.Path(__file__).parent
# No status has it.
REASON = "Scripted"


class Upstream(socketserver.ThreadingTCPServer):
    """Serves the case that the query of a request names: `?case=ID`."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, cases):
        super().__init__(("127.0.0.1", 0), Talk)
        # Made before the first request, since some take longer than a case may.
        self.answers = {case["id"]: (case, list(pieces(case))) for case in cases}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(5)
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                piece = self.request.recv(65536)
                if not piece:
                    return
                head += piece
            named = re.search(rb"[?&]case=([\w.-]+)", head)
            case, out = self.server.answers[named[1].decode()] if named else ({}, [NOT_FOUND])
            for piece in out:
                self.request.sendall(piece)
                time.sleep(case.get("wire", {}).get("delay", 0))
        except OSError:  # last4 closed, which is its right.
            pass


def body_of(case):
    """The body before any coding and framing; a whole response for `raw_http`."""
    if "make" in case:
        return MADE[case["make"]]()
    if "file" in case:
        return (HERE / "bodies" / case["file"]).read_bytes()
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    return case.get("body", "").encode(case.get("charset", "utf-8"), "surrogatepass")


def coded(case):
    body = body_of(case)
    for coding in case.get("coded", []):
        body = wire.encode(coding, body)
    return body + bytes.fromhex(case.get("then_hex", "")) if not case.get("cut_end") else body[: -case["cut_end"]]


def pieces(case):
    """What goes out, one write a piece."""
    how, body = case.get("wire", {}), coded(case)
    if how.get("raw_http"):
        yield body
        return
    framing = how.get("framing", "cl")
    fields = [("Content-Type", case["content_type"])] if case.get("content_type") else []
    fields += [("Content-Encoding", value) for value in case.get("content_encoding", [])]
    fields += [tuple(field) for field in case.get("headers", [])]
    fields += [("Connection", "close")]
    if framing == "cl":
        fields.append(("Content-Length", len(body) + how.get("cl_delta", 0)))
    elif framing == "chunked":
        fields.append(("Transfer-Encoding", "chunked"))
    lines = [f"HTTP/1.1 {case.get('status', 200)} {REASON}", *(f"{name}: {value}" for name, value in fields), "", ""]
    yield "\r\n".join(lines).encode("latin-1")
    size = how.get("piece") or max(len(body), 1)
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        if framing == "chunked":
            piece = b"%x%s\r\n%s\r\n" % (len(piece), how.get("ext", "").encode(), piece)
        yield piece
    if framing == "chunked" and not how.get("no_end"):
        yield b"0\r\n" + "".join(how.get("trailers", [])).encode() + b"\r\n"


NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


# What is too large to keep as a file.


def _bomb():
    """100 MiB of spaces around a list."""
    return b'{"data":[{"token":"' + SECRET + b'"}],"x":"' + b" " * (100 << 20) + b'"}'


def _long_list():
    return b'{"data":[' + b",".join(b'{"id":%d,"token":"%s"}' % (at, SECRET) for at in range(5000)) + b"]}"


def _long_token():
    """One token of 4 MiB."""
    return b'{"data":[{"token":"' + SECRET * (4 * 1024 * 1024 // len(SECRET)) + b'"}]}'


SECRET = b"app-Zk8QwN3xRv7LmP2sTy9BcD4f"
MADE = {
    "bomb": _bomb,
    "long": _long_list,
    "long-broken": lambda: _long_list()[:-2] + b",']}",
    "long-cut": lambda: _long_list()[:-40],
    "long-token": _long_token,
    "deep-500": lambda: b"[" * 500 + b'{"token":"' + SECRET + b'"}' + b"]" * 500,
    "deep-100000": lambda: b"[" * 100_000 + b'{"token":"' + SECRET + b'"}' + b"]" * 100_000,
}
