"""Environments that borrow the outer one's packages, to install an example in."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*words: object, cwd: Path, **more: str) -> str:
    """Run a command with nothing of the outer ganzoo in its way; returns what it wrote."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GANZOO", "PYTHONPATH"))}
    ended = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**clean, **more},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def fresh_environment(folder: Path) -> Path:
    """An empty environment that sees the outer packages but ganzoo's; returns its bin folder."""
    venv.create(folder, with_pip=False, symlinks=True)
    borrowed = folder / "borrowed"
    borrowed.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        ours = path.name.lower().startswith(("ganzoo", "_ganzoo", "__editable__"))
        if not ours and path.suffix != ".pth":
            (borrowed / path.name).symlink_to(path)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder / "bin"


def install(binaries: Path, *what: object) -> None:
    """Install into such an environment, with nothing fetched."""
    words = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    run(binaries / "python", "-m", "pip", *words, *what, cwd=binaries)
