"""Looks at what a proxy answers before it is timed."""

import http.client
import json
import re

TOKEN = re.compile(rb"(app-.)[A-Za-z0-9]{19}([A-Za-z0-9]{4})")


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise ValueError(f"{path}: status {response.status}")
        return body
    finally:
        connection.close()


def check(peer, port, upstream, cells):
    """What the row does to the bodies, in words. Fails where it does not do its work."""
    exact = True
    for cell in cells:
        sent, got = fetch(upstream, cell.path), fetch(port, cell.path)
        if not (peer.masks and cell.masked):
            if got != sent:
                raise ValueError(f"{peer.name} changes {cell.name}")
            continue
        if TOKEN.search(got):
            raise ValueError(f"{peer.name} leaks tokens in {cell.name}")
        masked = TOKEN.sub(rb"\1...\2", sent)
        if got != masked:
            exact = False
            if json.loads(got) != json.loads(masked):
                raise ValueError(f"{peer.name} changes the values of {cell.name}")
    if not peer.masks:
        return "every byte as it came"
    return "masked, every other byte as it came" if exact else "masked, other bytes rewritten, the JSON value the same"
