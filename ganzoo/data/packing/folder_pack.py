"""Finding a folder's pack, or making it: once, by one process, resumed after a kill."""

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

from ganzoo.data.packing.archive import archive_of, walk_archive
from ganzoo.data.packing.decode import suffixes, unreadable_suffixes
from ganzoo.data.packing.fill import fill, strict_error
from ganzoo.data.packing.labels import FILE, labels_file, read_labels
from ganzoo.data.packing.manifest import Manifest
from ganzoo.data.packing.pack import (
    LABELS,
    MANIFEST,
    NAMED,
    PIXELS,
    UNUSABLE,
    Pack,
    PackRequest,
    Treatment,
    read_pack,
    said_reason,
    write_record,
)
from ganzoo.data.packing.walk import Fingerprint, FoundFile, shown, suffix_of, walk
from ganzoo.errors import DataError, one_line
from ganzoo.files import locked

#: Bytes hashed at a time.
BLOCK = 2**20


def find_or_make(request: PackRequest, home: Path, *, strict: bool = False) -> tuple[Path, Pack]:
    """The pack of a folder in its present state, from `home` or made there, and the pack's folder.

    Raises `DataError` if the folder has no data set, if the pack cannot be written to `home`,
    and, with `strict`, at the first file that cannot be used.
    """
    fingerprint = Fingerprint()
    for file in walked(request.root):
        fingerprint.add(file)
    if not fingerprint.count:
        raise DataError(f"{request.root} contains no images: no file name ends in .png or the like")
    if labels := labels_file(request):
        fingerprint.add(labels)
    place = home / f"{request.key}-{fingerprint}"
    pack = read_pack(place, request)
    if pack is None:
        with _disk_errors_explained(home, fingerprint.count * request.row_bytes):
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            waiting = f"another process is packing {request.root}; waiting for it"
            with locked(home / f"{request.key}.lock", waiting):
                pack = read_pack(place, request) or _make(request, place, str(fingerprint), strict)
    if strict and pack.unusable:
        with (place / UNUSABLE).open(encoding="utf-8") as lines:
            raise strict_error(request, *next(lines).rstrip("\n").split("\t"))
    return place, pack


def _make(request: PackRequest, place: Path, fingerprint: str, strict: bool) -> Pack:
    """Make the pack in a folder beside `place`, then rename that folder to `place`."""
    part = place.with_name(f"{place.name}.part")
    _sweep(place.parent, f"{request.key}-*.part", keep=part)
    with _begun(part, request) as manifest:
        if not manifest.is_listed:
            _list(request, manifest, fingerprint)
        if request.labels:
            _check_classes(request, manifest)
        _check_room(part, manifest.todo_count * request.row_bytes)
        fill(request, manifest, part / PIXELS, strict=strict)
        pack = _finish(request, part, manifest)
    write_record(part, pack, request)
    shutil.rmtree(place, ignore_errors=True)  # if it is there, it is damaged
    part.replace(place)
    _sweep(place.parent, f"{request.key}-*", keep=place)
    return pack


def _sweep(home: Path, pattern: str, keep: Path) -> None:
    """Remove the packs of the folder's earlier states."""
    for old in home.glob(pattern):
        if old != keep:
            shutil.rmtree(old, ignore_errors=True)


def _begun(part: Path, request: PackRequest) -> Manifest:
    """The manifest of an unfinished pack, or of a new one; a damaged unfinished pack is removed."""
    part.mkdir(exist_ok=True, mode=0o700)
    pixels = part / PIXELS
    pixels.touch()
    try:
        manifest = Manifest(part / MANIFEST)
        if pixels.stat().st_size >= manifest.rows * request.row_bytes:
            return manifest
        manifest.close()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        pass  # no database, or a damaged one
    shutil.rmtree(part)
    return _begun(part, request)


def _list(request: PackRequest, manifest: Manifest, fingerprint: str) -> None:
    """List the folder's files, which must still have the fingerprint that names the pack."""
    again = Fingerprint()

    def counted() -> Iterator[FoundFile]:
        for file in walked(request.root):
            again.add(file)
            yield file
        if labels := labels_file(request):
            again.add(labels)
        if str(again) != fingerprint:
            raise DataError(
                f"{request.root} changed while it was read; start again when it is complete"
            )

    manifest.list(counted())


def walked(root: Path) -> Iterator[FoundFile]:
    """The image files below a folder; `DataError` if it cannot be read.

    Those of a format that cannot be decoded have a problem.
    """
    unreadable = unreadable_suffixes()
    try:
        archive, every = archive_of(root), suffixes() | unreadable.keys()
        for file in walk(root, every) if archive is None else walk_archive(archive, every):
            reason = unreadable.get(suffix_of(os.fsdecode(file.path)))
            yield file._replace(problem=reason) if reason and not file.problem else file
    except FileNotFoundError:
        raise DataError(f"there is no folder {root}") from None
    except NotADirectoryError:
        raise DataError(
            f"{root} is a file; give the folder that holds the images, or a zip"
        ) from None
    except OSError as error:
        raise DataError(f"{root} cannot be read ({error.strerror})") from error


def _check_classes(request: PackRequest, manifest: Manifest) -> None:
    """Refuse images without a class: those outside the sub-folders, or not in dataset.json."""
    classes = read_labels(request) if labels_file(request) else None
    for path in manifest.readable():
        if classes is not None and path not in classes:
            raise DataError(f"{request.root / os.fsdecode(FILE)} gives {shown(path)} no class")
        if classes is None and b"/" not in path:
            raise DataError(
                f"{request.root / shown(path)} is not in a sub-folder: with labels, the "
                "first sub-folder is an image's class"
            )


def _finish(request: PackRequest, part: Path, manifest: Manifest) -> Pack:
    """Write the files beside the pixels, and describe the pack."""
    rows, missing = manifest.rows, manifest.unusable
    named = tuple((shown(path), why, n) for path, why, n in islice(manifest.reasons(), NAMED))
    if rows < 2:
        reasons = "".join(f"; {reason}" for reason in map(said_reason, named))
        raise DataError(
            f"{request.root} holds {'only one' if rows else 'no'} usable image, and a data set "
            f"needs at least two{reasons}"
        )
    if missing:
        with (part / UNUSABLE).open("w", encoding="utf-8") as file:
            file.writelines(f"{shown(path)}\t{why}\n" for path, why in manifest.problems())
    names = _write_labels(part / LABELS, request, manifest) if request.labels else None
    files = [part / PIXELS, *([part / LABELS] if request.labels else [])]
    treatment = Treatment.of(manifest.sizes(), request.form) if manifest.is_measured else None
    return Pack(rows + missing, rows, _hash(files), names, named, treatment)


def _write_labels(file: Path, request: PackRequest, manifest: Manifest) -> tuple[str, ...]:
    """Write each row's class, of dataset.json or the first folder; return the classes' names."""
    if labels_file(request):
        of_path = read_labels(request)
        names = tuple(str(number) for number in range(max(of_path.values(), default=0) + 1))
        labels = (of_path[path] for path in manifest.usable())
    else:
        classes = sorted({path.partition(b"/")[0] for path in manifest.usable()})
        names = tuple(shown(name) for name in classes)
        number = {name: index for index, name in enumerate(classes)}
        labels = (number[path.partition(b"/")[0]] for path in manifest.usable())
    with file.open("wb") as opened:
        np.fromiter(labels, np.int32, manifest.rows).tofile(opened)
        os.fsync(opened.fileno())
    return names


def _hash(files: list[Path]) -> str:
    """Sha256 over the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _check_room(part: Path, needed: int) -> None:
    """Refuse to begin a pack that the disk cannot hold."""
    free = shutil.disk_usage(part).free
    if needed > free:
        raise _no_room(part.parent, needed, f"{free:,} are free")


@contextmanager
def _disk_errors_explained(home: Path, needed: int) -> Iterator[None]:
    """Turn an error of the disk into a `DataError`; what was packed so far is kept and resumed."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        code = error.errno if isinstance(error, OSError) else None
        if code in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error):
            raise _no_room(home, needed, "the disk is full") from error
        raise DataError(
            f"the images cannot be packed into {home} ({one_line(error)}); set XDG_CACHE_HOME to "
            "a folder that can be written"
        ) from error


def _no_room(home: Path, needed: int, room: str) -> DataError:
    return DataError(
        f"packing the images takes {needed:,} bytes in {home}, where {room}; make room and start "
        "again, or set XDG_CACHE_HOME to a folder on a larger disk"
    )
