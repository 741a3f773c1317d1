"""A browser for all tests of pages, and a server of the plugin's own modules."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ganzoo_web.pages.bundle import BROWSER

from chromium import Visitor, started


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[object]:
    chromium = started(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.quit()


@pytest.fixture
def visitor(browser) -> Visitor:
    visitor = Visitor(browser)
    visitor.complaints()
    return visitor


@pytest.fixture
def served() -> Iterator[object]:
    """Serve a folder on the loopback: `served(folder)` returns its address."""
    servers = []

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def modules(served) -> str:
    return served(BROWSER / "page")
