#!/usr/bin/env python3
"""TLS on both sides, Unix sockets and gRPC through last4. See run.sh."""

import http.client
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import servers
from authority import Authority, self_signed
from harness import leaks
from harness.last4 import Last4
from harness.processes import PROGRAM, end_on_signals
from servers import KEYS, MASKED, SECRET

CLIENTS = 24


class Proxy(Last4):
    """A running last4 whose log must hold neither the secret nor a private key."""

    def __init__(self, text, within=()):
        # The configuration file says where to listen, or any free port is taken.
        settings = {"LAST4_LISTEN": None} if "listen =" in text else {}
        super().__init__(f'workers = 2\npresets = ["dify"]\n{text}\n', settings=settings, within=within)

    def __exit__(self, *how):
        found = self.leaks([SECRET])
        super().__exit__(*how)
        found += leaks.in_log(self.log, [SECRET])
        assert not found and "PRIVATE KEY" not in self.told(), found


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def table(name, **values):
    rows = [f"{key} = {str(value).lower() if isinstance(value, bool) else repr(str(value))}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *rows, ""])


def masked(text):
    assert MASKED in text and not SECRETS.in_bytes(text.encode()), text


SECRETS = leaks.Secrets([SECRET])


class Suite:
    def __init__(self, folder, secs):
        self.folder, self.secs = pathlib.Path(folder), secs
        self.ours, self.others = Authority(folder, "ours"), Authority(folder, "others")
        self.certificate, self.key = self.ours.sign("server")
        self.tls = table("tls", certificate=self.certificate, key=self.key)
        self.trust = ["--cacert", self.ours.roots, "--resolve"]

    def at(self, proxy, *arguments, path=KEYS):
        return curl("--cacert", self.ours.roots, "--connect-to", f"localhost:443:127.0.0.1:{proxy.port}", *arguments,
                    f"https://localhost{path}")

    def a_handshake_is_as_openssl_expects_it(self):
        with Proxy(self.tls + table("upstream", url=f"http://127.0.0.1:{servers.api()}")) as proxy:
            def handshake(*arguments):
                done = subprocess.run(
                    ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-servername", "localhost", "-CAfile",
                     str(self.ours.roots), "-verify_return_error", "-verify_hostname", "localhost", *arguments],
                    input="", capture_output=True, text=True)
                return done.returncode, done.stdout + done.stderr
            for version, protocol in [("tls1_3", "h2"), ("tls1_2", "h2"), ("tls1_3", "http/1.1"), ("tls1_2", "http/1.1")]:
                code, told = handshake(f"-{version}", "-alpn", protocol)
                assert code == 0 and "Verify return code: 0 (ok)" in told, told
                assert f"ALPN protocol: {protocol}" in told and f"TLSv{version[3:].replace('_', '.')}" in told, told
            assert handshake("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")[0] != 0
            assert handshake("-alpn", "smtp")[0] != 0
            # Sessions are resumed, whichever worker one comes back to.
            session = self.folder / "session"
            handshake("-tls1_2", "-sess_out", str(session))
            resumed = [handshake("-tls1_2", "-sess_in", str(session))[1] for _ in range(6)]
            assert all("Reused, TLSv1.2" in told for told in resumed), resumed[0]

    def a_list_is_masked_with_tls_on_both_sides(self):
        shown = self.ours.sign("client", "last4")
        for algorithm in ["ec", "rsa"]:
            api = servers.tls_api(*self.ours.sign(f"api-{algorithm}", algorithm=algorithm), client_roots=self.ours.roots)
            upstream = table("upstream", url=f"https://localhost:{api}", roots=self.ours.roots, certificate=shown[0],
                             key=shown[1])
            with Proxy(self.tls + upstream) as proxy:
                for http, version in [("--http1.1", "1.1"), ("--http2", "2")]:
                    code, told, error = self.at(proxy, http, "-w", "%{http_version}")
                    assert code == 0 and told.endswith(version), (told, error)
                    masked(told)
                    assert '"proto": "https"' in told and '"host": "localhost"' in told, told
                assert SECRET in self.at(proxy, path="/other")[1], "nothing is masked elsewhere"
                assert proxy.page("/readyz") == "ok\n"
                # Plain HTTP is not spoken there.
                assert curl(f"http://127.0.0.1:{proxy.port}/other")[0] != 0
                proxy.wait_for_metric('last4_tls_handshake_failures_total{reason="protocol"}', 1)

    def clients_show_a_certificate_where_they_must(self):
        tls = table("tls", certificate=self.certificate, key=self.key, client_roots=self.others.roots)
        with Proxy(tls + table("upstream", url=f"http://127.0.0.1:{servers.api()}")) as proxy:
            own, foreign = self.others.sign("own", "somebody"), self.ours.sign("foreign", "somebody")
            for http in ["--http1.1", "--http2"]:
                code, told, error = self.at(proxy, http, "--cert", own[0], "--key", own[1])
                assert code == 0, error
                masked(told)
                assert self.at(proxy, http)[0] != 0
                assert self.at(proxy, http, "--cert", foreign[0], "--key", foreign[1])[0] != 0
            proxy.wait_for_metric('last4_tls_handshake_failures_total{reason="certificate"}', 4)

    def an_upstream_that_cannot_be_trusted_is_not_asked(self):
        api = servers.tls_api(*self.others.sign("untrusted"))
        wrong_name = servers.tls_api(*self.ours.sign("elsewhere", "elsewhere"))
        for upstream, why in [
            (table("upstream", url=f"https://localhost:{api}", roots=self.ours.roots), "UnknownIssuer"),
            (table("upstream", url=f"https://localhost:{wrong_name}", roots=self.ours.roots), "not valid for name"),
        ]:
            with Proxy(upstream) as proxy:
                _, told, _ = curl(f"http://127.0.0.1:{proxy.port}{KEYS}")
                assert '"upstream-tls"' in told and SECRET not in told, told
                assert why in proxy.page("/readyz"), proxy.page("/readyz")
        named = table("upstream", url=f"https://localhost:{wrong_name}", roots=self.ours.roots, server_name="elsewhere")
        with Proxy(named) as proxy:
            masked(curl(f"http://127.0.0.1:{proxy.port}{KEYS}")[1])

    def a_self_signed_certificate_is_believed_where_it_is_itself_a_root(self):
        for algorithm in ["rsa", "ec"]:
            own, key = self_signed(self.folder, f"own-{algorithm}", algorithm)
            other, _ = self_signed(self.folder, f"other-{algorithm}", algorithm)
            api = servers.tls_api(own, key)
            assert curl("--cacert", own, f"https://localhost:{api}{KEYS}")[0] == 0, "curl believes it"
            with Proxy(table("upstream", url=f"https://localhost:{api}", roots=own)) as proxy:
                masked(curl(f"http://127.0.0.1:{proxy.port}{KEYS}")[1])
            with Proxy(table("upstream", url=f"https://localhost:{api}", roots=other)) as proxy:
                _, told, _ = curl(f"http://127.0.0.1:{proxy.port}{KEYS}")
                assert '"upstream-tls"' in told and SECRET not in told, told
        with Proxy(table("upstream", url=f"https://localhost:{servers.api()}", roots=own)) as proxy:
            assert "answers without TLS" in proxy.page("/readyz"), proxy.page("/readyz")

    def check_names_what_is_wrong_with_files(self):
        other = self.ours.sign("another")
        text = table("tls", certificate=self.certificate, key=other[1]) + table(
            "upstream", url="https://localhost", roots=self.folder / "no-such-file")
        file = self.folder / "wrong.toml"
        file.write_text('presets = ["dify"]\n' + text)
        done = subprocess.run([PROGRAM, "check", file], capture_output=True, text=True)
        assert done.returncode == 64, done
        assert "tls.key: is not the key of the certificate" in done.stderr, done.stderr
        assert "upstream.roots: " in done.stderr and "cannot be read" in done.stderr, done.stderr

    def unix_sockets_on_both_sides(self):
        listen, api = self.folder / "last4.sock", self.folder / "api.sock"
        servers.unix_api(api)
        text = f'listen = "unix:{listen}"\nsocket_mode = "0600"\n' + table("upstream", url=f"unix:{api}")
        with Proxy(text) as proxy:
            assert listen.stat().st_mode & 0o777 == 0o600
            for http in ["--http1.1", "--http2-prior-knowledge"]:
                code, told, error = curl(http, "--unix-socket", listen, f"http://api.example{KEYS}")
                assert code == 0 and '"host": "api.example"' in told, (told, error)
                masked(told)
            assert proxy.page("/readyz") == "ok\n"
        assert not listen.exists()

    def a_name_that_leads_elsewhere_is_followed(self):
        # A separate hosts file, in a separate mount namespace.
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.2 api.test\n")
        within = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
        if subprocess.run([*within, "true"], capture_output=True).returncode != 0:
            return "skipped: mounts are not allowed here"
        port = servers.api("127.0.0.2")
        servers.api("127.0.0.3", port)
        upstream = table("upstream", url=f"http://api.test:{port}") + "max_connection_age_secs = 0.2\n"
        with Proxy(upstream, within) as proxy:
            def server():
                time.sleep(0.3)
                return curl(f"http://127.0.0.1:{proxy.port}/other")[1]
            assert '"server": "127.0.0.2"' in server()
            with open(hosts, "w") as file:
                file.write("127.0.0.3 api.test\n")
            assert '"server": "127.0.0.3"' in server()
            # Two addresses, one without a listener.
            for lines in ["127.0.0.4 api.test\n127.0.0.3 api.test\n", "127.0.0.3 api.test\n127.0.0.4 api.test\n"]:
                with open(hosts, "w") as file:
                    file.write(lines)
                assert '"server": "127.0.0.3"' in server()
            assert proxy.page("/readyz") == "ok\n"
        return None

    def grpc_passes_with_its_trailers(self):
        route = '[[route]]\nname = "grpc"\npath = "/test.Service/ListKeys"\nfields = ["token"]\n'
        plain_port, plain = servers.grpc_service()
        tls_port, tls = servers.grpc_service(*self.ours.sign("grpc"))
        trusted = grpc.ssl_channel_credentials(self.ours.roots.read_bytes())
        for listener, upstream, channel in [
            ("", table("upstream", url=f"http://127.0.0.1:{plain_port}", http2=True), grpc.insecure_channel),
            (self.tls, table("upstream", url=f"https://localhost:{tls_port}", roots=self.ours.roots, http2=True),
             lambda target: grpc.secure_channel(target, trusted)),
        ]:
            with Proxy(listener + upstream + route) as proxy, channel(f"localhost:{proxy.port}") as channel:
                self.grpc_calls(channel)
                assert proxy.page("/readyz") == "ok\n"
                proxy.wait_for_metric("last4_upstream_connections_opened_total", 1)
        plain.stop(None), tls.stop(None)

    def grpc_calls(self, channel):
        answer, call = channel.unary_unary("/test.Service/Unary").with_call(b"hello", timeout=20)
        assert answer == b"echo hello"
        assert ("x-initial", "yes") in call.initial_metadata() and ("x-trailing", "yes") in call.trailing_metadata()
        large = os.urandom(3 << 20)
        assert channel.unary_unary("/test.Service/Unary")(large, timeout=20) == b"echo " + large
        try:
            channel.unary_unary("/test.Service/Fails")(b"", timeout=20)
            raise AssertionError("it did not fail")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION and error.details() == "not now"
            assert ("x-trailing", "failed") in error.trailing_metadata()
        counted = channel.unary_stream("/test.Service/Counts")(b"1000", timeout=20)
        assert [int(number) for number in counted] == list(range(1000))
        assert ("x-trailing", "counted") in counted.trailing_metadata()
        # Both ways at once: each answer is read before the next request is sent.
        ready = threading.Semaphore(1)

        def requests():
            for number in range(50):
                ready.acquire()
                yield b"%d" % number

        for number, answer in enumerate(channel.stream_stream("/test.Service/Echoes")(requests(), timeout=20)):
            assert answer == b"echo %d" % number
            ready.release()
        try:
            answer = channel.unary_unary("/test.Service/ListKeys")(b"", timeout=20)
            raise AssertionError(f"a masked route let {answer} pass")
        except grpc.RpcError as error:
            assert SECRET not in str(error), error

    def changed(self, proxy, told, change, by_signal):
        """Changes files, and waits for `told` in the log. Returns the serial number of the certificate that new clients get."""
        before = proxy.told().count(told)
        change()
        if by_signal:
            proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_for_log(told, before + 1)
        # The workers hear of it a moment later.
        time.sleep(0.3)
        context = ssl.create_default_context(cafile=self.ours.roots)
        with socket.create_connection(("127.0.0.1", proxy.port)) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as stream:
                return int(stream.getpeercert()["serialNumber"], 16)

    def certificates_change_under_load_and_no_request_fails(self):
        certificate, key = self.ours.sign("rotating")
        tls = table("tls", certificate=certificate, key=key)
        api = servers.tls_api(*self.ours.sign("api"))
        upstream = table("upstream", url=f"https://localhost:{api}", roots=self.ours.roots)
        context = ssl.create_default_context(cafile=self.ours.roots)
        failed, served, serials, stop = [], [0] * CLIENTS, set(), threading.Event()

        def client(number, port):
            while not stop.is_set():
                try:
                    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
                    for turn in range(5):
                        path = f"/other/{number}/{turn}" if turn % 2 else KEYS
                        connection.request("GET", path)
                        answer = connection.getresponse()
                        body = answer.read().decode()
                        assert answer.status == 200 and f'"path": "{path}"' in body, body
                        assert turn % 2 or (MASKED in body and SECRET not in body), body
                        served[number] += 1
                        serials.add(connection.sock.getpeercert()["serialNumber"])
                    connection.close()
                except Exception as error:
                    failed.append(repr(error))

        with Proxy(tls + upstream) as proxy:
            clients = [threading.Thread(target=client, args=(number, proxy.port)) for number in range(CLIENTS)]
            for thread in clients:
                thread.start()
            begun, turns, good, bad = time.monotonic(), 0, 0, 0
            while turns < 4 or time.monotonic() - begun < self.secs:
                turns += 1
                whole = key.read_bytes()
                if turns % 3 == 0:
                    # A key that belongs to no certificate here: the pair before stays in force.
                    bad, told = bad + 1, "configuration not reloaded"
                    seen = self.changed(proxy, told, lambda: key.write_bytes(self.key.read_bytes()), turns % 2)
                    assert seen == self.ours.serial, (seen, self.ours.serial)
                    self.changed(proxy, "configuration reloaded", lambda: key.write_bytes(whole), False)
                else:
                    good, told = good + 1, "configuration reloaded"
                    seen = self.changed(proxy, told, lambda: self.ours.sign("rotating"), turns % 2)
                    assert seen == self.ours.serial, (seen, self.ours.serial)
            stop.set()
            for thread in clients:
                thread.join()
            page = proxy.page("/metrics")
        assert not failed, (len(failed), failed[:3])
        assert len(serials) == good + 1, serials
        for result in ["applied", "refused"]:
            assert f'last4_config_reloads_total{{result="{result}"}} 0' not in page, page
        print(f"   {sum(served)} requests, {good} new certificates and {bad} bad ones, {len(serials)} seen: 0 failed")


def main():
    end_on_signals()
    secs = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(folder, secs)
        for check in [
            suite.a_handshake_is_as_openssl_expects_it,
            suite.a_list_is_masked_with_tls_on_both_sides,
            suite.clients_show_a_certificate_where_they_must,
            suite.an_upstream_that_cannot_be_trusted_is_not_asked,
            suite.a_self_signed_certificate_is_believed_where_it_is_itself_a_root,
            suite.check_names_what_is_wrong_with_files,
            suite.unix_sockets_on_both_sides,
            suite.a_name_that_leads_elsewhere_is_followed,
            suite.grpc_passes_with_its_trailers,
            suite.certificates_change_under_load_and_no_request_fails,
        ]:
            begun = time.monotonic()
            note = check()
            print(f"ok {check.__name__} ({note or f'{time.monotonic() - begun:.1f} s'})", flush=True)


if __name__ == "__main__":
    main()
