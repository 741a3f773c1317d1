"""Finding a folder's pack, or making it: once, by one process, and going on after a kill."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from ganzoo.data.packing.decode import suffixes
from ganzoo.data.packing.fill import fill, strict_error
from ganzoo.data.packing.lock import locked
from ganzoo.data.packing.manifest import Manifest
from ganzoo.data.packing.pack import (
    LABELS,
    MANIFEST,
    NAMED,
    PIXELS,
    UNUSABLE,
    Pack,
    Wanted,
    read_pack,
    write_record,
)
from ganzoo.data.packing.treatment import treatment_of
from ganzoo.data.packing.walk import Fingerprint, Found, shown, walk
from ganzoo.errors import DataError, one_line

#: Bytes that are hashed at a time.
BLOCK = 2**20


def find_or_make(wanted: Wanted, home: Path, *, strict: bool = False) -> tuple[Path, Pack]:
    """The pack of a folder as it is now, from `home` or made there; returns its folder too.

    Raises `DataError` where the folder gives no data set, where `home` cannot take the pack, and,
    if `strict`, at the first file that cannot be used.
    """
    fingerprint = Fingerprint()
    for found in _walked(wanted.root):
        fingerprint.add(found)
    if not fingerprint.count:
        raise DataError(f"{wanted.root} holds no images; they are known by endings such as .png")
    place = home / f"{wanted.key}-{fingerprint}"
    pack = read_pack(place, wanted)
    if pack is None:
        with _told_of_trouble(home, fingerprint.count * wanted.row_bytes):
            home.mkdir(parents=True, exist_ok=True)
            with locked(
                home / f"{wanted.key}.lock",
                f"another process is packing {wanted.root}; waiting for it",
            ):
                pack = read_pack(place, wanted) or _make(wanted, place, str(fingerprint), strict)
    if strict and pack.unusable:
        raise strict_error(wanted, *pack.unusable[0])
    return place, pack


def _make(wanted: Wanted, place: Path, fingerprint: str, strict: bool) -> Pack:
    """Make the pack in a folder beside `place`, which then takes that name."""
    part = place.with_name(f"{place.name}.part")
    _sweep(place.parent, f"{wanted.key}-*.part", keep=part)
    with _begun(part, wanted) as manifest:
        if not manifest.is_listed:
            _list(wanted.root, manifest, fingerprint)
        if wanted.labels:
            _check_classes(wanted.root, manifest)
        _check_room(part, manifest.todo_count * wanted.row_bytes)
        fill(wanted, manifest, part / PIXELS, strict=strict)
        pack = _finish(wanted, part, manifest)
    write_record(part, pack, wanted)
    shutil.rmtree(place, ignore_errors=True)  # where it is, it was damaged
    part.replace(place)
    _sweep(place.parent, f"{wanted.key}-*", keep=place)
    return pack


def _sweep(home: Path, pattern: str, keep: Path) -> None:
    """Remove the packs of the folder as it was before."""
    for old in home.glob(pattern):
        if old != keep:
            shutil.rmtree(old, ignore_errors=True)


def _begun(part: Path, wanted: Wanted) -> Manifest:
    """The manifest of a pack that was begun, or of a new one; a damaged beginning is dropped."""
    part.mkdir(exist_ok=True)
    pixels = part / PIXELS
    pixels.touch()
    try:
        manifest = Manifest(part / MANIFEST)
        if pixels.stat().st_size >= manifest.rows * wanted.row_bytes:
            return manifest
        manifest.close()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        pass  # no database, or a torn one
    shutil.rmtree(part)
    return _begun(part, wanted)


def _list(root: Path, manifest: Manifest, fingerprint: str) -> None:
    """List the folder's files, which must be those that the pack is named after."""
    again = Fingerprint()

    def counted() -> Iterator[Found]:
        for found in _walked(root):
            again.add(found)
            yield found
        if str(again) != fingerprint:
            raise DataError(f"{root} changes while it is read; start when it is complete")

    manifest.list(counted())


def _walked(root: Path) -> Iterator[Found]:
    """The image files below a folder; `DataError` where it cannot be read."""
    try:
        yield from walk(root, suffixes())
    except FileNotFoundError:
        raise DataError(f"there is no folder {root}") from None
    except NotADirectoryError:
        raise DataError(f"{root} is a file; give the folder that holds the images") from None
    except OSError as error:
        raise DataError(f"{root} cannot be read ({error.strerror})") from error


def _check_classes(root: Path, manifest: Manifest) -> None:
    """Every image must lie in a sub-folder, which is its class."""
    for path in manifest.paths():
        if b"/" not in path:
            raise DataError(
                f"{root / shown(path)} lies in no sub-folder: with labels, the first sub-folder "
                "is an image's class"
            )


def _finish(wanted: Wanted, part: Path, manifest: Manifest) -> Pack:
    """Write what stands beside the pixels, and say what the pack holds."""
    rows, missing = manifest.rows, manifest.unusable
    named = tuple((shown(path), why) for path, why in islice(manifest.problems(), NAMED))
    if rows < 2:
        reasons = "".join(f"; {path} ({why})" for path, why in named)
        raise DataError(
            f"{wanted.root} holds {'only one' if rows else 'no'} usable image, and a data set "
            f"needs at least two{reasons}"
        )
    if missing:
        with (part / UNUSABLE).open("w", encoding="utf-8") as file:
            file.writelines(f"{shown(path)}\t{why}\n" for path, why in manifest.problems())
    names = _write_labels(part / LABELS, manifest, rows) if wanted.labels else None
    files = [part / PIXELS, *([part / LABELS] if wanted.labels else [])]
    treatment = treatment_of(manifest.sizes(), wanted.form) if manifest.is_measured else None
    return Pack(rows + missing, rows, _hash(files), names, named, treatment)


def _write_labels(file: Path, manifest: Manifest, rows: int) -> tuple[str, ...]:
    """Write each row's class, the first folder of its path; returns the classes' names."""
    classes = sorted({path.partition(b"/")[0] for path in manifest.paths()})
    number = {name: index for index, name in enumerate(classes)}
    labels = (number[path.partition(b"/")[0]] for path in manifest.usable())
    with file.open("wb") as opened:
        np.fromiter(labels, np.int32, rows).tofile(opened)
        os.fsync(opened.fileno())
    return tuple(shown(name) for name in classes)


def _hash(files: list[Path]) -> str:
    """Sha256 over the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _check_room(part: Path, needed: int) -> None:
    """Refuse to begin what the disk cannot hold."""
    free = shutil.disk_usage(part).free
    if needed > free:
        raise _no_room(part.parent, needed, f"{free:,} are free")


@contextmanager
def _told_of_trouble(home: Path, needed: int) -> Iterator[None]:
    """Turn what a disk says into one line; what was packed stays, and is gone on from."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        code = error.errno if isinstance(error, OSError) else None
        if code in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error):
            raise _no_room(home, needed, "the disk is full") from error
        raise DataError(
            f"the images cannot be packed into {home} ({one_line(error)}); set GANZOO_DATA to a "
            "folder that can be written"
        ) from error


def _no_room(home: Path, needed: int, found: str) -> DataError:
    return DataError(
        f"packing the images takes {needed:,} bytes in {home}, where {found}; make room and start "
        "again, or set GANZOO_DATA to a folder on a larger disk"
    )
