"""Model folders on the disk: copies of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from ganzoo.cards import Card
from ganzoo.errors import CardError, UsageError
from ganzoo.files import folder_written_whole
from ganzoo.hub.contents import files_of


def copy_model(card: Card, folder: Path) -> Path:
    """Copy a model folder's own files into a new folder, whole or not at all; returns it."""
    folder = folder.expanduser()
    if folder.exists():
        raise UsageError(f"{folder} exists; give another folder")
    config = card.require_config()
    if not config.files:
        raise CardError(f"{card.name} has no weights yet; nothing was saved")
    with folder_written_whole(folder) as beside:
        for name in files_of(card.folder, config):
            shutil.copyfile(card.folder / name, beside / name)
    return folder
