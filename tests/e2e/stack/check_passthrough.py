"""Everything that is not a list passes as it came. Each of these must pass on the bare stack."""

import hashlib
import threading
import time
import unittest
import uuid

import websocket

from harness import wire
from support import APP_LIST, Check, Stack

CHAT = APP_LIST.replace("api-keys", "chat-messages/stream")
UPLOAD = "/console/api/files/upload"
MIB = 1024 * 1024
PATTERN = bytes(range(251)) * 256


class PassThrough(Check):
    def test_other_routes_answer_as_the_origin_does(self):
        for target in ("/console/api/ping", "/console/api/none", "/", "/console/api/files/1000/download"):
            with self.subTest(target):
                self.assert_same_answer(self.front("GET", target), self.origin("GET", target))

    def test_head_on_other_routes_keeps_its_length(self):
        answer = self.front("HEAD", "/console/api/files/1000/download")
        self.assertEqual((answer.status, answer.header("Content-Length"), answer.body), (200, "1000", b""))

    def test_targets_arrive_byte_for_byte(self):
        targets = [
            "/echo?",
            "/echo?a=1&&b==&c",
            "/echo?q=%E4%B8%AD+%2B%20;x",
            "/echo?filter[name]=x&next=//a/../b?c",
            "/echo/%7Euser/%7euser/~user",
            "/echo/a%2Fb%2fc",
            "/echo//double///triple/",
            "/echo/./a/../b/..",
            "/echo/a;b=c,d/!$&'()*+:@=",
            "/echo/%E4%B8%AD%F0%9F%94%91",
            "/echo/a%20b%25c",
            "/echo/" + "long/" * 400,
        ]
        for target in targets:
            with self.subTest(target[:60]):
                answer = self.front("GET", target)
                self.assertEqual((answer.status, answer.json()["target"]), (200, target))

    def test_methods_arrive_as_sent(self):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"):
            with self.subTest(method):
                self.assertEqual(self.front(method, "/echo").json()["method"], method)

    def test_headers_pass_in_both_directions(self):
        sent = {
            "Range": "bytes=0-",
            "If-None-Match": '"x"',
            "Accept-Encoding": "x-legacy, br",
            "Cookie": "a=b; c=d",
            "X-Custom": "a , b",
            "Traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        }
        answer = self.front("GET", "/echo", sent.items())
        headers = answer.json()["headers"]
        self.assertEqual({name: headers.get(name.lower()) for name in sent}, sent)
        self.assertEqual(headers["host"], "console.example")
        self.assertEqual(answer.values("X-Echo"), ["one", "two"])

    def test_bodies_arrive_under_either_framing(self):
        self.assertEqual(self.front("PUT", "/echo", body=b"x" * 1000).json()["length"], 1000)
        with wire.Connection(Stack.front) as connection:
            connection.send(wire.head("POST", "/echo", [("Transfer-Encoding", "chunked"), ("Connection", "close")]))
            connection.send(b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n")
            self.assertEqual(connection.read_answer("POST").json()["length"], 12)

    def test_connections_are_kept_for_the_next_request(self):
        with wire.Connection(Stack.front) as connection:
            for target in ("/echo?1", "/console/api/none", "/echo?2"):
                connection.send(wire.head("GET", target))
                self.assertFalse(connection.read_answer().cut)
            connection.send(wire.head("GET", "/echo?last"))
            self.assertEqual(connection.read_answer().json()["target"], "/echo?last")

    def test_http_1_0_requests_are_answered(self):
        with wire.Connection(Stack.front) as connection:
            connection.send(b"GET /console/api/ping HTTP/1.0\r\nHost: console.example\r\n\r\n")
            answer = connection.read_answer()
        self.assertEqual((answer.status, answer.json()), (200, {"result": "pong"}))
        self.assertIsNone(answer.header("Transfer-Encoding"))


class Streams(Check):
    def test_events_arrive_one_by_one(self):
        """The server holds each event back until the one before has been read here."""
        name, count = str(uuid.uuid4()), 5
        with wire.Connection(Stack.front) as connection:
            self.origin("POST", f"/test/streams/{name}/go")
            connection.send(
                wire.head(
                    "GET", f"{CHAT}?id={name}&n={count}", [("Accept-Encoding", "gzip, br"), ("Connection", "close")]
                )
            )
            answer = connection.read_head()
            pieces = connection.read_body(answer, "GET")
            self.assertEqual((answer.status, answer.header("Content-Type").split(";")[0]), (200, "text/event-stream"))
            got = b""
            for number in range(1, count + 1):
                while f"word {number}".encode() not in got:
                    got += next(pieces)
                self.assertEqual(self.progress(name)["sent"], number, "an event was sent before its turn")
                if number < count:
                    self.origin("POST", f"/test/streams/{name}/go")
            for piece in pieces:
                got += piece
        self.assertEqual(got.count(b"data: "), count)

    def test_a_client_that_leaves_ends_the_stream(self):
        name = str(uuid.uuid4())
        with wire.Connection(Stack.front) as connection:
            self.origin("POST", f"/test/streams/{name}/go")
            connection.send(wire.head("GET", f"{CHAT}?id={name}&n=1000"))
            next(connection.read_body(connection.read_head(), "GET"))
        deadline = time.monotonic() + 10
        while not self.progress(name)["closed"]:
            self.assertLess(time.monotonic(), deadline, "the origin still streams to nobody")
            self.origin("POST", f"/test/streams/{name}/go")
            time.sleep(0.05)

    def test_uploads_reach_the_origin_while_they_last(self):
        name, half = str(uuid.uuid4()), b"u" * MIB
        with wire.Connection(Stack.front) as connection:
            connection.send(
                wire.head("POST", f"{UPLOAD}?id={name}", [("Content-Length", 2 * MIB), ("Connection", "close")]) + half
            )
            deadline = time.monotonic() + 10
            # The application reads in blocks, so the last one of the half may still be open.
            while self.progress(name)["received"] < MIB // 2:
                self.assertLess(time.monotonic(), deadline, "the first half is held back")
                time.sleep(0.02)
            connection.send(half)
            self.assertEqual(connection.read_answer("POST").json()["size"], 2 * MIB)

    def test_64_mib_up_byte_for_byte(self):
        size = 64 * MIB
        for framing in ("Content-Length", "chunked"):
            with self.subTest(framing), wire.Connection(Stack.front) as connection:
                fields = [("Content-Length", size)] if framing != "chunked" else [("Transfer-Encoding", "chunked")]
                connection.send(wire.head("POST", UPLOAD, [*fields, ("Connection", "close")]))
                digest = hashlib.sha256()
                for piece in pattern(size):
                    digest.update(piece)
                    connection.send(piece if framing != "chunked" else b"%x\r\n%b\r\n" % (len(piece), piece))
                if framing == "chunked":
                    connection.send(b"0\r\n\r\n")
                answer = connection.read_answer("POST")
                self.assertEqual((answer.status, answer.json()), (201, {"size": size, "sha256": digest.hexdigest()}))

    def test_64_mib_down_byte_for_byte(self):
        size = 64 * MIB
        expected = hashlib.sha256()
        for piece in pattern(size):
            expected.update(piece)
        for suffix in ("", "?chunked"):
            with self.subTest(suffix), wire.Connection(Stack.front) as connection:
                connection.send(
                    wire.head("GET", f"/console/api/files/{size}/download{suffix}", [("Connection", "close")])
                )
                answer, digest, length = connection.read_head(), hashlib.sha256(), 0
                for piece in connection.read_body(answer, "GET"):
                    digest.update(piece)
                    length += len(piece)
                self.assertEqual((answer.status, length, digest.hexdigest()), (200, size, expected.hexdigest()))
                self.assertEqual(answer.header("Content-Length"), None if suffix else str(size))

    def test_uploads_wait_for_100_continue(self):
        with wire.Connection(Stack.front) as connection:
            connection.send(
                wire.head("POST", UPLOAD, [("Content-Length", 5), ("Expect", "100-continue"), ("Connection", "close")])
            )
            self.assertEqual(connection.read_head().status, 100)
            connection.send(b"hello")
            answer = connection.read_answer("POST")
        self.assertEqual((answer.status, answer.json()["size"]), (201, 5))

    def test_lists_and_events_run_side_by_side(self):
        """Eight streams stay open while lists are asked for."""
        names = [str(uuid.uuid4()) for _ in range(8)]
        connections = [wire.Connection(Stack.front) for _ in names]
        try:
            for name, connection in zip(names, connections):
                connection.send(wire.head("GET", f"{CHAT}?id={name}&n=1", [("Connection", "close")]))
            statuses = []
            threads = [
                threading.Thread(target=lambda: statuses.append(self.front("GET", APP_LIST).status)) for _ in range(6)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=wire.TIMEOUT_SECS)
            self.assertEqual(statuses, [200] * len(threads))
            for name, connection in zip(names, connections):
                self.origin("POST", f"/test/streams/{name}/go")
                self.assertIn(b"word 1", connection.read_answer().body)
                # At once: gunicorn serves nobody else while it waits for a client to close.
                connection.close()
        finally:
            for connection in connections:
                connection.close()

    def progress(self, name):
        return self.origin("GET", f"/test/streams/{name}").json()


class WebSockets(unittest.TestCase):
    def test_messages_come_back(self):
        socket = websocket.create_connection("ws://{}:{}/ws/echo".format(*Stack.front), timeout=wire.TIMEOUT_SECS)
        try:
            for message in ("hello", "é🔑", "x" * 100_000):
                socket.send(message)
                self.assertEqual(socket.recv(), message)
            socket.send_binary(bytes(range(256)))
            self.assertEqual(socket.recv(), bytes(range(256)))
        finally:
            socket.close()


def pattern(size):
    """The bytes that the origin's downloads have."""
    while size > 0:
        yield PATTERN[:size]
        size -= len(PATTERN)
