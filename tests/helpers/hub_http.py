"""What the Hub of the tests holds and was asked, and how it answers, fails and notes requests."""

from __future__ import annotations

import json
import re
import threading
from abc import abstractmethod
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from hub_repos import Repository

TOKEN = "hf_loopback"


@dataclass
class Fault:
    """What to do to requests of `method` whose path ends so, `times` times."""

    method: str
    ending: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None  # bytes of the body after which the connection drops
    alter: bool = False  # one bit of the body
    stall: threading.Event | None = None  # waited for where the body is cut


@dataclass
class Hub:
    """The state of the server, and what was asked of it."""

    url: str = ""
    cdn: str = ""
    repos: dict[str, Repository] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)  # what LFS took, by sha256
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, range

    def repo(self, name: str, **how: Any) -> Repository:
        """A new repository."""
        return self.repos.setdefault(name, Repository(**how))

    def count(self, method: str = "", ending: str = "") -> int:
        """How many requests of this kind came."""
        return sum(m.startswith(method) and path.endswith(ending) for m, path, _ in self.asked)


class Talk(BaseHTTPRequestHandler):
    """One request, noted and answered; who knows the answer is a subclass."""

    hub: Hub
    fault: Fault | None = None

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.answer()

    do_GET = do_POST = do_PUT = do_HEAD  # noqa: N815 (names of the server's base)

    def answer(self) -> None:
        """Note the request, fail if that is due, else find who knows."""
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path, self.headers.get("Range", "")))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.fault = self._due(path)
        if self.fault and self.fault.status:
            self.send(self.fault.status, b"", self.fault.headers)
            return
        self.route(path)

    @abstractmethod
    def route(self, path: str) -> None:
        """Answer as the Hub does."""

    def _due(self, path: str) -> Fault | None:
        for fault in self.hub.faults:
            if fault.times and fault.method == self.command and path.endswith(fault.ending):
                fault.times -= 1
                return fault
        return None

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Answer, in the way that the fault wants it."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault and self.fault.alter:
            body = body[:-1] + bytes([body[-1] ^ 1])
        if self.fault and self.fault.cut is not None:
            self.wfile.write(body[: self.fault.cut])
            self.wfile.flush()
            if self.fault.stall:
                self.fault.stall.wait(60)
            return
        self.wfile.write(body)

    def send_json(self, data: Any, status: int = 200) -> None:
        self.send(status, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def send_file(self, body: bytes, headers: dict[str, str]) -> None:
        """A file, or the rest of it that is asked for."""
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not wanted:
            self.send(200, body, headers)
            return
        first = int(wanted[1])
        place = {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}
        self.send(206, body[first:], {**headers, **place})

    def refused(self, code: str, status: int = 404, **headers: str) -> None:
        self.send(status, b"", {"X-Error-Code": code, "X-Error-Message": code, **headers})
