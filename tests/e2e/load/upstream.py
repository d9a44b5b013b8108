#!/usr/bin/env python3
"""An upstream whose every answer says which request it belongs to, and that misbehaves where it is asked to.

    upstream.py PORT...
"""

import asyncio
import sys

LIST = b'{"data":[{"id":"%s","type":"app","token":"app-Zk8QwN3xRv7LmP2sTy9BcD4f","created_at":1}]}'


class Connection(asyncio.Protocol):
    def __init__(self):
        self.data = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, rest = self.data.split(b"\r\n\r\n", 1)
            length = head.lower().split(b"content-length: ")
            length = int(length[1].split(b"\r\n")[0]) if len(length) > 1 else 0
            if len(rest) < length:
                return
            self.data = rest[length:]
            self.answer(head.split(b" ", 2)[1])

    def answer(self, target):
        name = target.rsplit(b"/", 2)
        if target.endswith(b"/api-keys"):
            self.write(b"application/json", LIST % name[-2])
        elif target == b"/reset":
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            asyncio.get_running_loop().call_later(0.05, self.transport.abort)
        elif target == b"/headers":
            self.transport.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20) + b"\r\nContent-Length: 0\r\n\r\n")
        elif target != b"/never":
            self.write(b"text/plain", name[-1])

    def write(self, media_type, body):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (media_type, len(body))
        self.transport.write(head + body)


async def main():
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Connection, "127.0.0.1", int(port), backlog=4096) for port in sys.argv[1:]]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
