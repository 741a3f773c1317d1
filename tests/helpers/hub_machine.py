"""A machine of its own: the command in new processes, with its own caches, before a Hub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distributions import install
from hub_server import TOKEN, Hub
from tiny import TINY

HELPERS = Path(__file__).parent
HOOK = "@hookimpl\ndef {name}():\n    return {value!r}\n"
PLUGIN = "from ganzoo import hookimpl\n" + "".join(
    HOOK.format(name=name, value=dict(value)) for name, value in TINY.items()
)


class Machine:
    """A home with nothing in it but the plugin of the tiny parts."""

    def __init__(self, home: Path, hub: Hub, *, token: str = TOKEN) -> None:
        self.home = home
        self.hub_cache = home / "hf" / "hub"
        site = home / "site"
        install(site, "tiny", {"it": "tiny_entry"}, modules={"tiny_entry": PLUGIN})
        (home / "work").mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GANZOO", "HF_", "XDG_"))}
        path = os.pathsep.join([str(site), str(HELPERS), os.environ.get("PYTHONPATH", "")])
        self.environment = {
            **kept,
            "PYTHONPATH": path,
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(home / "hf"),
            "HF_HUB_DISABLE_XET": "1",  # a protocol of its own, which no test server speaks
            "XDG_CACHE_HOME": str(home / "cache"),
            "GANZOO_DATA": str(home / "data"),
            **({"HF_TOKEN": token} if token else {}),
        }

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a Python with these words."""
        return subprocess.Popen(
            [sys.executable, *words],
            env={**self.environment, **environment},
            cwd=self.home / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a Python to its end."""
        with self.start(*words, **environment) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def ganzoo(self, *words: Any, **environment: str) -> str:
        """Run the command, which must succeed; returns what it printed."""
        done = self.python("-m", "ganzoo", *map(str, words), **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def complaint(self, *words: Any, code: int = 1, **environment: str) -> str:
        """The one line of a command that fails with `code`; the Hub's client may speak before."""
        done = self.python("-m", "ganzoo", *map(str, words), **environment)
        return self.line_of(done, code)

    @staticmethod
    def line_of(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
        """The complaint of a command that ended."""
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("ganzoo: ")]
        assert lines == done.stderr.splitlines()[-1:], done.stderr
        assert "bug in ganzoo" not in lines[0]
        return lines[0]


def enter(patch: pytest.MonkeyPatch, url: str, home: Path) -> None:
    """Put this process before a Hub, with a cache below `home`; its client is imported already."""
    constants = "huggingface_hub.constants"
    patch.setattr(f"{constants}.ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    for module in ("constants", "file_download"):  # older clients hold a copy
        name = f"huggingface_hub.{module}.HUGGINGFACE_CO_URL_TEMPLATE"
        patch.setattr(name, template, raising=False)
    patch.setattr(f"{constants}.HF_HUB_CACHE", str(home / "hub"))
    patch.setattr(f"{constants}.HF_HUB_OFFLINE", False)
    patch.setattr(f"{constants}.HF_HUB_DISABLE_XET", True, raising=False)
    patch.setattr(f"{constants}.AGENT_HARNESSES_PATH", str(home / "agents.json"), raising=False)
    patch.setenv("HF_TOKEN", TOKEN)
    patch.delenv("GANZOO_OFFLINE", raising=False)
