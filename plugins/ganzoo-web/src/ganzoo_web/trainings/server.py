"""A server of one page on the loopback: a few fixed addresses, nothing of the file system.

A browser runs strangers' pages beside ours, so each request must name this server as its host
(against DNS rebinding), nothing can be changed, and no other page may read an answer.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ganzoo import GanzooError, Run
from ganzoo_web.pages.problems import PageError
from ganzoo_web.trainings.finding import differences, found
from ganzoo_web.trainings.hearing import heard, heard_data
from ganzoo_web.trainings.page import LIVE_POLICY, live_page, script, style
from ganzoo_web.trainings.scenes import scene_data
from ganzoo_web.trainings.telling import PICTURES, Have, pictures, tell

#: Seconds after which a browser that sends nothing is let go.
PATIENCE = 60
HEADERS = {
    "Content-Security-Policy": f"{LIVE_POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_ITEM = re.compile(r"/(picture|heard|scene)/(\d{1,4})/(\d{1,18})")


class TrainingServer(ThreadingHTTPServer):
    """Serves the runs of some folders; runs that begin later in them join at the end."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # where it would share a port that is taken

    def __init__(self, folders: Sequence[Path], host: str = "127.0.0.1", port: int = 0) -> None:
        self.folders = [Path(folder) for folder in folders]
        self._runs = {run.folder: run for run in found(self.folders)}
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), Handler)
        except OverflowError:
            raise PageError(f"there is no port {port}; give 1 to 65535") from None
        except OSError as error:
            raise PageError(
                f"port {port} of {host} cannot be used: {error.strerror or error}; give another "
                "--port, or none for a free one"
            ) from None
        self.host = host
        self._fixed = {
            "/": ("text/html", live_page()),
            "/page.css": ("text/css", style()),
            "/page.js": ("text/javascript", script()),
        }

    @property
    def url(self) -> str:
        """The page's address."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.server_address[1]}/"

    @property
    def runs(self) -> list[Run]:
        """The runs in the order in which they were found, by which a page numbers them."""
        for run in found(self.folders):
            self._runs.setdefault(run.folder, run)
        return [*self._runs.values()]

    def is_asked_as(self, name: str) -> bool:
        """Whether a request's Host is a name of this server.

        A stranger's name that leads to this machine is none. Who serves others with --host is also
        reached by addresses, which no stranger's name is, and by the machine's own name.
        """
        host, port = _split(name)
        if port != self.server_address[1]:
            return False
        if host in ("127.0.0.1", "localhost", "::1", self.host):
            return True
        local = self.host in ("127.0.0.1", "localhost", "::1")
        return not local and (_is_address(host) or host == socket.gethostname().lower())

    def answer(self, target: str) -> tuple[str, bytes] | None:
        """The type and the body of an address; None where there is nothing."""
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            return None
        if parts.path in self._fixed:
            kind, text = self._fixed[parts.path]
            return f"{kind}; charset=utf-8", text.encode()
        if parts.path == "/runs.json":
            return _json(self._told(parse_qs(parts.query).get("have", [""])[0]))
        item = _ITEM.fullmatch(parts.path)
        return self._item(item[1], int(item[2]), int(item[3])) if item else None

    def _told(self, have: str) -> dict[str, object]:
        """The runs, each from where the page has it."""
        words = have.split(",") if have else []
        known = [Have.of(word) for word in words]
        runs = self.runs
        known += [Have()] * (len(runs) - len(known))
        told: dict[str, object] = {
            "runs": [tell(run, one) for run, one in zip(runs, known, strict=False)],
        }
        if len(words) != len(runs):
            told["differences"] = differences(runs)
        return told

    def _item(self, kind: str, number: int, images: int) -> tuple[str, bytes] | None:
        """A grid, what is heard of it, or a scene of a run; None where it has none there."""
        runs = [*self._runs.values()]
        if number >= len(runs):
            return None
        if kind == "picture":
            path = pictures(runs[number]).get(images)
            return None if path is None else (PICTURES[path.suffix.lower()], path.read_bytes())
        if kind == "heard":
            path = heard(runs[number]).get(images)
            return None if path is None else _json(heard_data(runs[number], path))
        scenes = {int(path.stem): path for path in runs[number].scenes}
        return _json(scene_data(scenes[images])) if images in scenes else None


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, and refuses everything else."""

    server: TrainingServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ganzoo", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Send what an address has."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not self.server.is_asked_as(hosts[0]):
            self._send(HTTPStatus.MISDIRECTED_REQUEST, *_plain("this is not that host\n"))
            return
        try:
            answer = self.server.answer(self.path)
        except (GanzooError, OSError, ValueError) as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, *_json({"problem": str(error)}))
            return
        if answer is None:
            self._send(HTTPStatus.NOT_FOUND, *_plain("there is nothing here\n"))
        else:
            self._send(HTTPStatus.OK, *answer)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _refuse(self) -> None:
        self.close_connection = True  # what it sends is not read
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, *_plain("nothing can be changed here\n"))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Print nothing for each request."""

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in {**HEADERS, "Content-Type": kind}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # the page was closed


def _json(data: object) -> tuple[str, bytes]:
    return "application/json", json.dumps(data).encode()


def _plain(text: str) -> tuple[str, bytes]:
    return "text/plain; charset=utf-8", text.encode()


def _split(name: str) -> tuple[str, int]:
    """A Host header as name and port, 80 where it has none; -1 for a port that is no number."""
    host, colon, port = name.strip().lower().rpartition(":")
    if not colon or "]" in port:
        host, port = name.strip().lower(), "80"
    return host.strip("[]"), int(port) if port.isdecimal() and len(port) < 6 else -1


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
