"""Copying a model from the Hub into a folder of one's own: whole and checked, or not at all."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import HubError, UsageError, WeightsError
from ganzoo.files import folder_written_whole
from ganzoo.hub.address import Address
from ganzoo.hub.client import listed, offline
from ganzoo.hub.contents import CONFIG, README, shown_of, weights_of
from ganzoo.hub.intact import mismatch
from ganzoo.hub.snapshot import Snapshot, find


@dataclass(frozen=True)
class Pulled:
    """What was copied: the commit, the folder, its files' names and bytes."""

    address: Address
    folder: Path
    files: tuple[str, ...]
    bytes: int


def pull(address: Address, folder: Path) -> Pulled:
    """Copy the model at an address into `folder`, which is made.

    Raises `UsageError` where the folder is there, `HubError` where the model cannot be had or
    kept, `CardError` or `WeightsError` where it is none.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; give another folder with -o, or remove it")
    found = find(address)
    sources = _sources(found)
    try:
        with folder_written_whole(folder) as beside:
            for name, source in sources.items():
                shutil.copyfile(source, beside / name)
            _check(found, beside)
    except OSError as error:
        raise HubError(
            f"{found.address} cannot be kept in {folder}: {error.strerror or error}"
        ) from None
    size = sum((folder / name).stat().st_size for name in sources)
    return Pulled(found.address, folder, tuple(sources), size)


def _sources(found: Snapshot) -> dict[str, Path]:
    """The model's own files, fetched, by name; others in the repository are left there."""
    weights = {
        name: found.weights(name, found.config.files[name]) for name in weights_of(found.config)
    }
    others = {name: found.file(name) for name in (CONFIG, *_shown(found))}
    return {**others, **weights}


def _shown(found: Snapshot) -> list[str]:
    """The names of what is there for people; where requests are forbidden, what is cached."""
    if not offline():
        return shown_of(listed(found.address))
    names = shown_of(path.name for path in found.folder.iterdir())
    return names if README in names else [README]  # to be told what is missing


def _check(found: Snapshot, folder: Path) -> None:
    """Hold the copies of the weights to config.json."""
    for name, record in found.config.files.items():
        if problem := mismatch(folder / name, record):
            raise WeightsError(
                f"{found.address}: {problem}; what the cache holds was altered or damaged, see "
                "`ganzoo cache verify`"
            )
