"""Running `ganzoo`: in this process, which is quick, and in another, as a shell does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.cli import main


def ganzoo(*words: object) -> int:
    """Run the command in this process; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code or 0


def python(*words: str, path: Path | str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run this Python with `path` first on its import path, outside of any test's settings."""
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("GANZOO")}
    return subprocess.run(
        [sys.executable, *words],
        env={**environment, "PYTHONPATH": str(path)},
        cwd=cwd,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
