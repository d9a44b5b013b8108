"""The promise: lists never show a secret, creates show it once."""

import gzip
import json
import shutil
import subprocess

from harness import wire
from harness.leaks import masked, tokens_in
from support import LISTS, PREFIXES, WORKSPACE_LIST, Check, Stack


class Lists(Check):
    """Each of these must fail on the bare stack."""

    def test_lists_differ_from_the_origins_in_token_values_only(self):
        for path in LISTS:
            with self.subTest(path):
                self.create(path)
                self.assert_masked(self.front("GET", path), self.origin("GET", path).body)

    def test_lists_show_prefix_and_last_four(self):
        for path in LISTS:
            with self.subTest(path):
                tokens = {key["id"]: key["token"] for key in [self.create(path), self.create(path)]}
                listed = {key["id"]: key["token"] for key in self.front("GET", path).json()["data"]}
                for key_id, token in tokens.items():
                    self.assertEqual(len(listed[key_id]), 12, "not the masked form")
                    self.assertEqual(listed[key_id], f"{token[:5]}...{token[-4:]}")

    def test_gzipped_lists_come_back_gzipped_and_masked(self):
        for path in LISTS:
            with self.subTest(path):
                answer = self.front("GET", path, [("Accept-Encoding", "gzip, deflate, br, zstd")])
                self.assert_masked(answer, self.origin("GET", path).body)
                self.assertEqual(answer.header("Content-Encoding"), "gzip")
                self.assertEqual(gzip.decompress(answer.body), answer.decoded())

    def test_lists_are_never_stored_and_carry_no_validator(self):
        for path in LISTS:
            with self.subTest(path):
                answer = self.front("GET", path)
                self.assert_no_leak(answer)
                self.assertIn("no-store", answer.header("Cache-Control") or "")
                for name in ("ETag", "Last-Modified", "Accept-Ranges", "Content-Digest"):
                    self.assertIsNone(answer.header(name), name)
                self.assertEqual(answer.header("Content-Length"), str(len(answer.body)))

    def test_head_tells_no_length(self):
        for path in LISTS:
            with self.subTest(path):
                answer = self.front("HEAD", path)
                self.assertEqual((answer.status, answer.body), (200, b""))
                self.assertIsNone(answer.header("Content-Length"))

    def test_conditional_requests_do_not_bring_back_the_plaintext(self):
        for path in LISTS:
            etag = self.origin("GET", path).header("ETag")
            for field in [
                ("If-None-Match", etag),
                ("If-None-Match", "*"),
                ("If-Modified-Since", "Fri, 01 Jan 2038 00:00:00 GMT"),
            ]:
                with self.subTest(path, field=field):
                    self.assertEqual(self.origin("GET", path, [field]).status, 304, "the origin should take the bait")
                    self.assert_masked(self.front("GET", path, [field]), self.origin("GET", path).body)

    def test_ranges_do_not_bring_back_the_plaintext(self):
        for path in LISTS:
            plain = self.origin("GET", path)
            for fields in ([], [("If-Range", plain.header("ETag"))]):
                for wanted in ("bytes=40-", "bytes=-120", "bytes=0-400"):
                    with self.subTest(path, wanted=wanted, fields=fields):
                        self.assert_masked(self.front("GET", path, [("Range", wanted), *fields]), plain.body)

    def test_lists_after_a_create_and_a_delete_are_masked_too(self):
        for path in LISTS:
            with self.subTest(path):
                key = self.create(path)
                self.assert_masked(self.front("GET", path), self.origin("GET", path).body)
                self.assertEqual(self.front("DELETE", f"{path}/{key['id']}").status, 204)
                answer = self.front("GET", path)
                self.assert_masked(answer, self.origin("GET", path).body)
                self.assertNotIn(key["id"], [left["id"] for left in answer.json()["data"]])

    def test_long_lists_stream_masked(self):
        for path in LISTS:
            with self.subTest(path):
                self.learn_many(path)
                plain = self.origin("GET", f"{path}?as=long").body
                self.assert_masked(self.front("GET", f"{path}?as=long"), plain)

    def test_pipelined_lists_are_all_masked_and_the_create_between_is_not(self):
        with wire.Connection(Stack.front) as connection:
            create = wire.head("POST", WORKSPACE_LIST, [("Content-Length", "0")])
            connection.send(
                wire.head("GET", WORKSPACE_LIST) * 2
                + create
                + wire.head("GET", WORKSPACE_LIST, [("Connection", "close")])
            )
            first, second = connection.read_answer(), connection.read_answer()
            created, last = connection.read_answer("POST"), connection.read_answer()
        token = created.json()["token"]
        Stack.secrets.add(token)
        self.assertEqual((created.status, len(token)), (200, 32))
        self.assertEqual(first.body, second.body)
        for answer in (first, second, last):
            self.assertEqual(answer.status, 200)
            self.assert_no_leak(answer)
        self.assert_masked(last, self.origin("GET", WORKSPACE_LIST).body)

    def test_http_1_0_lists_are_masked_and_not_chunked(self):
        for path in LISTS:
            for target in (path, f"{path}?as=long"):
                with self.subTest(target), wire.Connection(Stack.front) as connection:
                    self.learn_many(path)
                    connection.send(f"GET {target} HTTP/1.0\r\nHost: console.example\r\n\r\n".encode())
                    answer = connection.read_answer()
                    self.assertIsNone(answer.header("Transfer-Encoding"))
                    self.assert_masked(answer, self.origin("GET", target).body)

    def test_an_upgrade_on_a_list_opens_no_tunnel(self):
        upgrade = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("Sec-WebSocket-Version", "13"),
        ]
        with wire.Connection(Stack.front) as connection:
            connection.send(
                wire.head("GET", WORKSPACE_LIST, upgrade) + wire.head("GET", WORKSPACE_LIST, [("Connection", "close")])
            )
            first = connection.read_answer()
            self.assertNotEqual(first.status, 101)
            self.assert_no_leak(first)
            try:
                self.assert_no_leak(connection.read_answer())
            except OSError:
                pass  # Closing instead is fine.

    def test_http_2_lists_are_masked(self):
        if Stack.direct or not curl_speaks_http_2():
            self.skipTest("needs HTTP/2 on both sides")
        for path in LISTS:
            with self.subTest(path):
                status, body = curl_http_2("GET", path)
                self.assertEqual((status, Stack.secrets.in_bytes(body)), ("2 200", set()))
                listed = [key["token"] for key in json.loads(body)["data"]]
                self.assertEqual(
                    listed, [masked(token) for token in tokens_in(self.origin("GET", path).body)]
                )
                status, body = curl_http_2("POST", path)
                self.assertEqual(status, f"2 {LISTS[path]}")
                self.assertEqual(len(json.loads(body)["token"]), len(PREFIXES[path]) + 24)

    def test_other_spellings_of_a_list_are_masked(self):
        spellings = [
            "/console/api/datasets/%61pi-keys",
            "/%63onsole/api/datasets/api%2Dkeys",
            "/console%2Fapi%2fdatasets/api-keys",
            "//console/api/datasets/api-keys",
            "/console/api//datasets/api-keys",
            "http://elsewhere.example/console/api/datasets/api-keys",
            "/console/api/x/../datasets/api-keys",
            "/console/api/datasets/api-keys?",
            "/console/api/datasets/api-keys?page=1&_method=POST",
            "/console/api/datasets/api-keys/",
        ]
        reached = 0
        for target in spellings:
            with self.subTest(target):
                answer = self.front("GET", target)
                reached += answer.status == 200
                self.assert_no_leak(answer)
        self.assertGreaterEqual(reached, 3, "hardly any spelling reached the origin")

    def test_a_script_name_header_does_not_hide_a_list(self):
        for name in ("SCRIPT_NAME", "Script-Name", "PATH_INFO", "X-Original-URL", "X-Rewrite-URL"):
            with self.subTest(name):
                self.assert_no_leak(self.front("GET", f"/hidden{WORKSPACE_LIST}", [(name, "/hidden")]))
                self.assert_no_leak(self.front("GET", "/console/api/ping", [(name, WORKSPACE_LIST)]))

    def test_a_created_key_under_a_method_override_is_masked(self):
        for fields, suffix in (
            ([("X-HTTP-Method-Override", "GET")], ""),
            ([("X_HTTP_METHOD", "GET")], ""),
            ([], "?_method=GET"),
        ):
            with self.subTest(fields=fields, suffix=suffix):
                self.origin("POST", "/test/reset")
                answer = self.front("POST", WORKSPACE_LIST + suffix, fields)
                self.learn(self.origin("GET", WORKSPACE_LIST))
                self.assert_no_leak(answer)

    def test_what_goes_upstream_cannot_bring_back_the_plaintext(self):
        dropped = {
            "Range": "bytes=0-",
            "If-Range": '"x"',
            "If-None-Match": '"x"',
            "If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT",
            "TE": "trailers",
        }
        kept = {
            "Authorization": "Bearer abc",
            "Cookie": "session=abc",
            "X-Request-Id": "42",
            "Accept": "application/json",
            "User-Agent": "suite",
        }
        self.front("GET", WORKSPACE_LIST, [*dropped.items(), *kept.items(), ("Accept-Encoding", "x-legacy, gzip, dcz")])
        headers = {name.lower(): value for name, value in self.origin("GET", "/test/seen").json()["headers"]}
        self.assertEqual([name for name in dropped if name.lower() in headers], [])
        self.assertEqual({name: headers.get(name.lower()) for name in kept}, kept)
        self.assertEqual(headers.get("host"), "console.example")
        asked = {coding.split(";")[0].strip() for coding in headers.get("accept-encoding", "").split(",")}
        self.assertLessEqual(asked, {"", "gzip", "identity"})


class Creates(Check):
    """Each of these must pass on the bare stack."""

    def test_create_shows_the_whole_secret_once(self):
        for path, created in LISTS.items():
            with self.subTest(path):
                answer = self.front("POST", path)
                token = answer.json()["token"]
                self.assertEqual(answer.status, created)
                self.assertRegex(token, f"^{PREFIXES[path]}[A-Za-z0-9]{{24}}$")
                listed = next(key for key in self.origin("GET", path).json()["data"] if key["token"] == token)
                self.assert_same_bytes(answer.body, json.dumps(listed).encode() + b"\n")

    def test_a_created_answer_has_the_headers_of_the_origin(self):
        for path in LISTS:
            with self.subTest(path):
                through, direct = self.front("POST", path), self.origin("POST", path)
                for name in ("Content-Type", "Content-Length", "Set-Cookie"):
                    self.assertEqual(through.values(name), direct.values(name), name)

    def test_create_waits_for_100_continue(self):
        body = b'{"name": "key"}'
        with wire.Connection(Stack.front) as connection:
            connection.send(
                wire.head(
                    "POST",
                    WORKSPACE_LIST,
                    [("Content-Length", len(body)), ("Expect", "100-continue"), ("Connection", "close")],
                )
            )
            self.assertEqual(connection.read_head().status, 100)
            connection.send(body)
            answer = connection.read_answer("POST")
        self.assertEqual((answer.status, len(answer.json()["token"])), (200, 32))

    def test_deleted_keys_leave_the_list(self):
        for path in LISTS:
            with self.subTest(path):
                key = self.create(path)
                answer = self.front("DELETE", f"{path}/{key['id']}")
                self.assertEqual((answer.status, answer.body), (204, b""))
                self.assertNotIn(key["id"], [left["id"] for left in self.front("GET", path).json()["data"]])

    def test_errors_keep_their_status_and_their_json(self):
        unknown = "00000000-0000-4000-8000-000000000000"
        wrong = [
            ("GET", f"/console/api/apps/{unknown}/api-keys", 404),
            ("POST", f"/console/api/datasets/{unknown}/api-keys", 404),
            ("DELETE", f"{WORKSPACE_LIST}/{unknown}", 404),
            ("PUT", WORKSPACE_LIST, 405),
            ("PATCH", WORKSPACE_LIST, 405),
        ]
        for method, target, status in wrong:
            with self.subTest(method=method, target=target):
                through, direct = self.front(method, target), self.origin(method, target)
                self.assertEqual((through.status, direct.status), (status, status))
                self.assert_same_bytes(through.body, direct.body)
                allowed = [set((answer.header("Allow") or "").split(", ")) for answer in (through, direct)]
                self.assertEqual(*allowed)
                self.assertEqual(through.json()["status"], status)

    def test_the_eleventh_key_is_refused_in_the_words_of_the_origin(self):
        for _ in range(8):
            self.assertEqual(self.front("POST", WORKSPACE_LIST).status, 200)
        answer = self.front("POST", WORKSPACE_LIST)
        self.assertEqual((answer.status, answer.json()["code"]), (400, "max_keys_exceeded"))

    def test_cookies_and_cors_survive_on_a_list(self):
        answer = self.front("GET", WORKSPACE_LIST, [("Origin", "https://console.example")])
        self.assertEqual(answer.values("Set-Cookie"), ["session=abc; Path=/; HttpOnly", "csrf_token=def; Path=/"])
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), "https://console.example")
        self.assertEqual(answer.header("Access-Control-Allow-Credentials"), "true")


def curl_speaks_http_2():
    curl = shutil.which("curl")
    return curl and "HTTP2" in subprocess.run([curl, "--version"], capture_output=True, text=True, timeout=10).stdout


def curl_http_2(method, path):
    """Version and status as `2 200`, and the body."""
    url = "http://{}:{}{}".format(*Stack.front, path)
    command = [
        "curl",
        "-sS",
        "-m",
        "20",
        "--http2-prior-knowledge",
        "-X",
        method,
        "-w",
        "\n%{http_version} %{http_code}",
        url,
    ]
    output = subprocess.run(command, capture_output=True, timeout=30).stdout
    body, _, status = output.rpartition(b"\n")
    return status.decode(), body
