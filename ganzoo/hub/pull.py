"""Copying a model from the Hub into a new folder: complete and checked, or not at all."""

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
    """A copied model: the commit, the folder, its files' names and bytes."""

    address: Address
    folder: Path
    files: tuple[str, ...]
    bytes: int


def pull(address: Address, folder: Path) -> Pulled:
    """Copy the model at an address into `folder`, which must not exist.

    Raises `UsageError` where it exists, `HubError` where the model cannot be fetched or written,
    `CardError` or `WeightsError` where it is not a valid model.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists already; give another folder with -o, or remove it")
    snapshot = find(address)
    sources = _sources(snapshot)
    try:
        with folder_written_whole(folder) as beside:
            for name, source in sources.items():
                shutil.copyfile(source, beside / name)
            _check(snapshot, beside)
    except OSError as error:
        raise HubError(
            f"{snapshot.address} cannot be written to {folder}: {error.strerror or error}"
        ) from None
    size = sum((folder / name).stat().st_size for name in sources)
    return Pulled(snapshot.address, folder, tuple(sources), size)


def _sources(snapshot: Snapshot) -> dict[str, Path]:
    """The model's own files, fetched, by name; other files in the repository are ignored."""
    weights = {
        name: snapshot.weights(name, snapshot.config.files[name])
        for name in weights_of(snapshot.config)
    }
    others = {name: snapshot.file(name) for name in (CONFIG, *_shown(snapshot))}
    return {**others, **weights}


def _shown(snapshot: Snapshot) -> list[str]:
    """The names of README and samples; where requests are forbidden, the cached ones."""
    if not offline():
        return shown_of(listed(snapshot.address))
    names = shown_of(path.name for path in snapshot.folder.iterdir())
    return names if README in names else [README]  # whose absence is reported


def _check(snapshot: Snapshot, folder: Path) -> None:
    """Check the copied weights against config.json."""
    for name, record in snapshot.config.files.items():
        if problem := mismatch(folder / name, record):
            raise WeightsError(
                f"{snapshot.address}: {problem}; the cached file was altered or damaged, run "
                "`ganzoo cache verify`"
            )
