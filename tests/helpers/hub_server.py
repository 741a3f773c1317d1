"""A Hub on the loopback, over real HTTP, as huggingface_hub calls it.

It speaks: files by `resolve` (large ones through a redirect to another port, as the Hub does to its
CDN), ranges, the file tree, a repository's info, making repositories and branches, and commits with
files inline or by LFS's basic transfer. Private repositories want a token, which must not reach the
CDN. It does not speak Xet, pagination, multipart uploads, pull requests or anything else.

`faults` makes it fail: each fits some requests, and is used up by as many as it says.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from hub_api import Api
from hub_http import TOKEN, Fault, Hub

__all__ = ["TOKEN", "Fault", "Hub", "serving"]


@contextmanager
def serving() -> Iterator[Hub]:
    """Run a Hub and its CDN while the block lasts."""
    hub = Hub()
    handler = type("ApiOfOne", (Api,), {"hub": hub})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    hub.url, hub.cdn = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
