"""Shared by the trackers: importing a library, reading a picture, and a run's id at the service."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from ganzoo.errors import PluginError, one_line
from ganzoo.files import write_text


def library(module: str, tracker: str) -> Any:
    """Import a tracker's library; `PluginError` says how to install it.

    The tracker, its extra of ganzoo-core and the extra's package have the same name.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PluginError(
            f"the tracker {tracker!r} cannot import its library ({one_line(error)}); install it: "
            f"pip install 'ganzoo-core[{tracker}]', or from a checkout: pip install {tracker}"
        ) from error


def picture(path: Path) -> Image.Image | None:
    """The picture in a file of samples, in RGB; None if it holds something else."""
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (IsADirectoryError, UnidentifiedImageError):
        return None


def known_id(file: Path) -> str | None:
    """The id of this training at the tracker's service, if it has one."""
    return file.read_text(encoding="utf-8").strip() or None if file.is_file() else None


def remember_id(file: Path, run_id: str) -> None:
    """Store that id in the run's folder, so that a resumed training continues under it."""
    write_text(file, f"{run_id}\n")
