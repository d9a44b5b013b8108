"""Answers that are not the plain JSON one hopes for. Each of these must fail on the bare stack."""

import gzip

from harness.leaks import masked, tokens_in
from support import APP_LIST, DATASET_LIST, LISTS, WORKSPACE_LIST, Check, query

# Answers to GET that last4 must refuse, each with the reasons it may give.
REFUSED = {
    "broken": {"invalid-json"},
    "cutchunked": {"incomplete", "invalid-json"},
    "cutgzip": {"decode-failed", "incomplete"},
    "cutlength": {"incomplete", "invalid-json"},
    "html": {"not-json"},
    "htmlasjson": {"not-json", "invalid-json"},
    "multipart": {"not-json"},
    "notgzip": {"decode-failed"},
    "partial": {"partial-content"},
    "sse": {"not-json"},
    "truncated": {"incomplete", "invalid-json"},
    "twovalues": {"invalid-json"},
    "unknowncoding": {"unknown-encoding"},
    "utf16": {"charset"},
    "utf16bom": {"charset", "invalid-json", "not-json"},
}


class OddAnswers(Check):
    def test_json_under_any_label_is_masked(self):
        for name in ("text", "nocontenttype", "suffixed", "pretty", "bom", "twice"):
            for path in LISTS:
                with self.subTest(name, path=path):
                    target = path + query(**{"as": name})
                    answer, plain = self.front("GET", target), self.origin("GET", target)
                    self.assert_masked(answer, plain.body)
                    self.assertEqual(answer.header("Content-Type"), plain.header("Content-Type"))

    def test_compressed_json_is_masked_in_any_coding(self):
        plain = self.origin("GET", f"{APP_LIST}?as=text").body
        for name, coding in {
            "gzip": "gzip",
            "deflate": "deflate",
            "br": "br",
            "zstd": "zstd",
            "stacked": "gzip, br",
        }.items():
            target = f"{APP_LIST}?as={name}"
            with self.subTest(name, accepted=True):
                answer = self.front("GET", target, [("Accept-Encoding", "gzip, deflate, br, zstd")])
                self.assert_masked(answer, plain)
                self.assertIn(answer.header("Content-Encoding"), (coding, coding.replace(" ", "")))
            with self.subTest(name, accepted=False):
                answer = self.front("GET", target, [("Accept-Encoding", "identity")])
                self.assert_masked(answer, plain)
                self.assertIsNone(answer.header("Content-Encoding"))

    def test_long_compressed_lists_are_one_gzip_member(self):
        self.learn_many(WORKSPACE_LIST)
        plain = self.origin("GET", f"{WORKSPACE_LIST}?as=long").body
        answer = self.front("GET", f"{WORKSPACE_LIST}?as=longgzip", [("Accept-Encoding", "gzip")])
        self.assert_masked(answer, plain)
        if answer.header("Content-Encoding") == "gzip":
            self.assertEqual(gzip.decompress(answer.body), answer.decoded())

    def test_escaped_names_and_tokens_are_masked(self):
        for path in LISTS:
            with self.subTest(path):
                tokens = tokens_in(self.origin("GET", path).body)
                answer = self.front("GET", f"{path}?as=escaped")
                self.assert_no_leak(answer)
                self.assertNotRegex(answer.body, rb"[A-Za-z0-9]{17}", "the rest of a token shows")
                shown = [key["token"] for key in answer.json()["data"]]
                self.assertEqual(shown, [masked(token) for token in tokens])

    def test_tokens_that_are_no_strings_follow_the_rules(self):
        token = tokens_in(self.origin("GET", DATASET_LIST).body)[0]
        answer = self.front("GET", f"{DATASET_LIST}?as=kinds")
        self.assert_no_leak(answer)
        plain = '{"token":null},{"token":true},{"token":"***"},{"token":""}'
        expected = f'[{plain},{{"token":{{"value":"{masked(token)}","n":["***"]}}}}]'
        self.assert_same_bytes(answer.body, expected.encode())

    def test_what_cannot_be_read_is_refused_with_its_reason(self):
        for name, reasons in REFUSED.items():
            for path in LISTS:
                with self.subTest(name, path=path):
                    answer = self.front("GET", path + query(**{"as": name}))
                    self.assert_problem(answer, 502, reasons)
                    self.assertFalse(answer.cut)
                    self.assertIn("no-store", answer.header("Cache-Control") or "")
                    self.assertIsNone(answer.header("Content-Encoding"))

    def test_a_failure_after_the_first_bytes_cuts_the_answer(self):
        for name in ("latecut", "latebroken"):
            for path in LISTS:
                for codings in ("identity", "gzip"):
                    with self.subTest(name, path=path, codings=codings):
                        self.learn_many(path)
                        answer = self.front("GET", path + query(**{"as": name}), [("Accept-Encoding", codings)])
                        self.assert_no_leak(answer)
                        self.assertTrue(answer.cut or answer.status == 502, f"a clean end: {answer!r}")

    def test_a_write_whose_answer_cannot_be_read_keeps_its_status(self):
        for name in ("html", "broken", "unknowncoding", "notgzip", "sse"):
            for path, created in LISTS.items():
                with self.subTest(name, path=path):
                    self.origin("POST", "/test/reset")
                    answer = self.front("POST", path + query(**{"as": name}))
                    self.learn(self.origin("GET", path))
                    self.assert_no_leak(answer)
                    self.assertEqual((answer.status, answer.body), (created, b""))
                    self.assertIsNone(answer.header("Content-Encoding"))

    def test_a_list_given_to_a_post_is_masked(self):
        for path in LISTS:
            for name in ("bare", "text"):
                with self.subTest(path, name=name):
                    self.origin("POST", "/test/reset")
                    answer = self.front("POST", path + query(**{"as": name}))
                    tokens = self.learn(self.origin("GET", path))
                    self.assert_no_leak(answer)
                    document = answer.json()
                    keys = document if name == "bare" else document["data"]
                    self.assertEqual([key["token"] for key in keys], [masked(tokens[-1])])

    def test_error_pages_keep_their_status_and_lose_their_body(self):
        for name, status in {"html404": 404, "html500": 500}.items():
            for method in ("GET", "POST"):
                with self.subTest(name, method=method):
                    self.origin("POST", "/test/reset")
                    answer = self.front(method, APP_LIST + query(**{"as": name}))
                    self.learn(self.origin("GET", APP_LIST))
                    self.assert_problem(answer, status)
                    self.assertEqual(len(answer.values("Set-Cookie")), 2)

    def test_json_errors_are_masked_and_keep_their_status(self):
        for method in ("GET", "POST"):
            with self.subTest(method):
                self.origin("POST", "/test/reset")
                answer = self.front(method, f"{APP_LIST}?as=json500")
                self.learn(self.origin("GET", APP_LIST))
                self.assert_no_leak(answer)
                self.assertEqual((answer.status, answer.json()["code"]), (500, "unexpected"))

    def test_redirects_keep_their_place_and_lose_their_note(self):
        answer = self.front("GET", f"{APP_LIST}?as=redirect")
        self.assert_no_leak(answer)
        self.assertEqual((answer.status, answer.header("Location"), answer.body), (302, "/signin?next=%2F", b""))


class EmptyAnswers(Check):
    """Each of these must pass on the bare stack."""

    def test_answers_without_a_body_stay_as_they_are(self):
        for name, status in {"empty": 200, "nocontent": 204}.items():
            with self.subTest(name):
                answer = self.front("GET", APP_LIST + query(**{"as": name}))
                self.assertEqual((answer.status, answer.body, answer.cut), (status, b"", False))
                if status == 200:
                    self.assertEqual(answer.header("Content-Length"), "0")

    def test_lists_that_are_masked_already_stay_as_they_are(self):
        for path in LISTS:
            with self.subTest(path):
                target = f"{path}?as=masked"
                self.assert_same_bytes(self.front("GET", target).body, self.origin("GET", target).body)
