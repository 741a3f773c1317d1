"""Filling a pack with pixels: decoded by threads, written in order, committed bit by bit."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import BinaryIO, TypeAlias

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ganzoo.data.packing.decode import Picture, UnusableError, decode
from ganzoo.data.packing.manifest import Manifest, Note
from ganzoo.data.packing.pack import Wanted
from ganzoo.data.packing.walk import shown
from ganzoo.errors import DataError
from ganzoo.terminal import LOG_SECONDS, moves, stderr_console

log = logging.getLogger("ganzoo")

#: Images between two commits, at most, and their bytes; as many again are decoded ahead.
COMMIT_IMAGES, COMMIT_BYTES = 512, 16 * 2**20
WORKERS = min(8, os.cpu_count() or 1)

#: A file's pixels, or why there are none.
Decoded: TypeAlias = Picture | str


def fill(wanted: Wanted, manifest: Manifest, file: Path, *, strict: bool) -> None:
    """Decode what is still to be done, onto the end of the pixel file.

    A kill at any moment loses what was decoded since the last commit, and nothing else. With
    `strict`, the first unusable file is a `DataError`.
    """
    if strict:
        for path, reason in manifest.problems():
            raise strict_error(wanted, shown(path), reason)
    row, left = manifest.rows, manifest.todo_count
    count = max(1, min(COMMIT_IMAGES, COMMIT_BYTES // wanted.row_bytes))
    with file.open("ab") as pixels, _progress(wanted, left) as advance, _decoders() as pool:
        pixels.truncate(row * wanted.row_bytes)  # whatever lies beyond was not committed
        results = _in_order(pool, partial(_decoded, wanted), manifest.todo(), count)
        while chunk := list(islice(results, count)):
            taken = list(takewhile(_is_usable, chunk)) if strict else chunk
            row += _commit(pixels, manifest, taken, row)
            if len(taken) < len(chunk):
                path, problem = chunk[len(taken)]
                raise strict_error(wanted, shown(path), str(problem))
            advance(len(chunk))


def _decoded(wanted: Wanted, path: bytes) -> Decoded:
    try:
        return decode(wanted.root / os.fsdecode(path), wanted.form)
    except UnusableError as error:
        return str(error)


def _is_usable(result: tuple[bytes, Decoded]) -> bool:
    return isinstance(result[1], Picture)


def _commit(
    pixels: BinaryIO, manifest: Manifest, results: list[tuple[bytes, Decoded]], row: int
) -> int:
    """Write pixels from `row` on, and note them once they are safe; returns how many rows."""
    notes: list[Note] = []
    first = row
    for path, decoded in results:
        if isinstance(decoded, Picture):
            pixels.write(decoded.pixels)
            notes.append(Note(path, row, None, decoded.width, decoded.height))
            row += 1
        else:
            notes.append(Note(path, problem=decoded))
    pixels.flush()
    os.fsync(pixels.fileno())
    manifest.note(notes)
    return row - first


def _in_order(
    pool: ThreadPoolExecutor,
    function: Callable[[bytes], Decoded],
    paths: Iterable[bytes],
    ahead: int,
) -> Iterator[tuple[bytes, Decoded]]:
    """Each path with its result, in order, while at most `ahead` others are worked on."""
    waiting: deque[tuple[bytes, Future[Decoded]]] = deque()
    for path in paths:
        waiting.append((path, pool.submit(function, path)))
        if len(waiting) > ahead:
            first, result = waiting.popleft()
            yield first, result.result()
    for last, result in waiting:
        yield last, result.result()


@contextmanager
def _decoders() -> Iterator[ThreadPoolExecutor]:
    """Threads that decode, without PIL's warnings on odd files; none goes on afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pool = ThreadPoolExecutor(WORKERS)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _progress(wanted: Wanted, total: int) -> Iterator[Callable[[int], object]]:
    """Show how far the packing is: a bar on a terminal, else a line now and then."""
    console = stderr_console()
    live = moves(console)
    said = log.debug if live else log.info
    said("packing %s images of %s", f"{total:,}", wanted.root)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not live) as bar:
        task = bar.add_task(f"packing {wanted.root.name}", total=total)
        yield partial(bar.advance, task) if live else _logged(total)
    said("packed %s", wanted.root)


def _logged(total: int) -> Callable[[int], object]:
    """Count images, and say every now and then how many there were."""
    done, said = 0, time.monotonic()

    def advance(images: int) -> None:
        nonlocal done, said
        done += images
        if time.monotonic() - said >= LOG_SECONDS:
            said = time.monotonic()
            log.info("packed %s of %s images", f"{done:,}", f"{total:,}")

    return advance


def strict_error(wanted: Wanted, path: str, reason: str) -> DataError:
    """What --strict says of an unusable file."""
    return DataError(
        f"{wanted.root / path} cannot be used ({reason}); mend or remove it, or leave --strict "
        "out and it is skipped"
    )
