"""What stands behind the proxy: an API that lists keys, over TCP, TLS or a Unix socket; and a gRPC service."""

import concurrent.futures
import http.server
import json
import socketserver
import ssl
import threading

import grpc

SECRET = "app-8fK2mQ7vXz31LtPq0RbNcY5d"
MASKED = "app-8...cY5d"
KEYS = "/console/api/apps/7/api-keys"


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        told = {"token": SECRET, "proto": self.headers.get("X-Forwarded-Proto"), "host": self.headers.get("Host"),
                "path": self.path, "server": self.connection.getsockname()[0]}
        body = json.dumps([told]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def address_string(self):
        return "somebody"


class TcpServer(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, *_):
        """A client that does not trust this server, or the other way round, is expected."""


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


def api(address="127.0.0.1", port=0):
    server = TcpServer((address, port), Api)
    serve(server)
    return server.server_address[1]


def tls_api(certificate, key, client_roots=None):
    server = TcpServer(("127.0.0.1", 0), Api)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_roots:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_roots)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    serve(server)
    return server.server_address[1]


def unix_api(path):
    serve(UnixServer(str(path), Api))


def unary(request, context):
    context.send_initial_metadata([("x-initial", "yes")])
    context.set_trailing_metadata([("x-trailing", "yes")])
    return b"echo " + request


def fails(_request, context):
    context.set_trailing_metadata([("x-trailing", "failed")])
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now")


def counts(request, context):
    for number in range(int(request)):
        yield b"%d" % number
    context.set_trailing_metadata([("x-trailing", "counted")])


def echoes(requests, _context):
    for request in requests:
        yield b"echo " + request


def list_keys(_request, _context):
    return b'[{"token":"%s"}]' % SECRET.encode()


METHODS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fails": grpc.unary_unary_rpc_method_handler(fails),
    "Counts": grpc.unary_stream_rpc_method_handler(counts),
    "Echoes": grpc.stream_stream_rpc_method_handler(echoes),
    "ListKeys": grpc.unary_unary_rpc_method_handler(list_keys),
}


def grpc_service(certificate=None, key=None):
    """Its port, and itself, which ends when it is collected."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Service", METHODS)])
    if certificate:
        credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return port, server
