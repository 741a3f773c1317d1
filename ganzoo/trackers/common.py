"""What the trackers share: importing their libraries, reading pictures, knowing a run again."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from ganzoo.errors import PluginError, one_line
from ganzoo.files import write_text


def library(module: str, tracker: str) -> Any:
    """Import a tracker's library; `PluginError` says how to install it.

    The tracker, its extra of ganzoo-core and the package that the extra installs share a name.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PluginError(
            f"the tracker {tracker!r} cannot import its library ({one_line(error)}); install it: "
            f"pip install 'ganzoo-core[{tracker}]', or from a checkout: pip install {tracker}"
        ) from error


def picture(path: Path) -> Image.Image | None:
    """The picture in a file of samples, in RGB; None where it holds something else."""
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (IsADirectoryError, UnidentifiedImageError):
        return None


def known_id(file: Path) -> str | None:
    """The id under which the tracker's service knows this training, where it does."""
    return file.read_text(encoding="utf-8").strip() or None if file.is_file() else None


def remember_id(file: Path, run_id: str) -> None:
    """Keep that id in the run's folder, so that a resumed training goes on under it."""
    write_text(file, f"{run_id}\n")
