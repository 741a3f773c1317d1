"""Filling a pack: threads decode files, pixels are written in order and committed in steps."""

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

from ganzoo.data.packing.archive import file_below
from ganzoo.data.packing.decode import Picture, UnusableError, decode
from ganzoo.data.packing.manifest import Manifest, Outcome
from ganzoo.data.packing.pack import PackRequest
from ganzoo.data.packing.walk import shown
from ganzoo.errors import DataError
from ganzoo.terminal import LOG_SECONDS, moves, stderr_console

log = logging.getLogger("ganzoo")

#: The most images, and bytes, between two commits; as many again are decoded ahead.
COMMIT_IMAGES, COMMIT_BYTES = 512, 16 * 2**20
WORKERS = min(8, os.cpu_count() or 1)

#: A file's pixels, or the reason why there are none.
Decoded: TypeAlias = Picture | str


def fill(request: PackRequest, manifest: Manifest, file: Path, *, strict: bool) -> None:
    """Decode the remaining files, and append them to the pixel file.

    A kill loses only the images decoded since the last commit. With `strict`, the first unusable
    file is a `DataError`.
    """
    if strict:
        for path, reason in manifest.problems():
            raise strict_error(request, shown(path), reason)
    row, remaining = manifest.rows, manifest.todo_count
    count = max(1, min(COMMIT_IMAGES, COMMIT_BYTES // request.row_bytes))
    with file.open("ab") as pixels, _progress(request, remaining) as advance, _decoders() as pool:
        pixels.truncate(row * request.row_bytes)  # the rest was not committed
        results = _in_order(pool, partial(_decoded, request), manifest.todo(), count)
        while chunk := list(islice(results, count)):
            accepted = list(takewhile(_is_usable, chunk)) if strict else chunk
            row += _commit(pixels, manifest, accepted, row)
            if len(accepted) < len(chunk):
                path, problem = chunk[len(accepted)]
                raise strict_error(request, shown(path), str(problem))
            advance(len(chunk))


def _decoded(request: PackRequest, path: bytes) -> Decoded:
    try:
        return decode(file_below(request.root, path), request.form)
    except UnusableError as error:
        return str(error)


def _is_usable(result: tuple[bytes, Decoded]) -> bool:
    return isinstance(result[1], Picture)


def _commit(
    pixels: BinaryIO, manifest: Manifest, results: list[tuple[bytes, Decoded]], row: int
) -> int:
    """Write pixels from `row` on, and note them once they are on disk; return how many rows."""
    outcomes: list[Outcome] = []
    first = row
    for path, decoded in results:
        if isinstance(decoded, Picture):
            pixels.write(decoded.pixels)
            outcomes.append(Outcome(path, row, None, decoded.width, decoded.height))
            row += 1
        else:
            outcomes.append(Outcome(path, problem=decoded))
    pixels.flush()
    os.fsync(pixels.fileno())
    manifest.note(outcomes)
    return row - first


def _in_order(
    pool: ThreadPoolExecutor,
    function: Callable[[bytes], Decoded],
    paths: Iterable[bytes],
    ahead: int,
) -> Iterator[tuple[bytes, Decoded]]:
    """Each path with its result, in order, while at most `ahead` others are in work."""
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
    """Threads that decode, without PIL's warnings about odd files; all end with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pool = ThreadPoolExecutor(WORKERS)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _progress(request: PackRequest, total: int) -> Iterator[Callable[[int], object]]:
    """Show how far the packing is: a bar on a terminal, else a line every 30 seconds."""
    from rich import progress

    console = stderr_console()
    live = moves(console)
    tell = log.debug if live else log.info
    tell("packing %s images of %s", f"{total:,}", request.root)
    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, disable=not live) as bar:
        task = bar.add_task(f"packing {request.root.name}", total=total)
        yield partial(bar.advance, task) if live else _logged(total)
    tell("packed %s", request.root)


def _logged(total: int) -> Callable[[int], object]:
    """Count images, and log the count every 30 seconds."""
    done, logged = 0, time.monotonic()

    def advance(images: int) -> None:
        nonlocal done, logged
        done += images
        if time.monotonic() - logged >= LOG_SECONDS:
            logged = time.monotonic()
            log.info("packed %s of %s images", f"{done:,}", f"{total:,}")

    return advance


def strict_error(request: PackRequest, path: str, reason: str) -> DataError:
    """The error with which `strict` stops at an unusable file."""
    return DataError(
        f"{request.root / path} cannot be used ({reason}); repair or remove it, or leave out "
        "--strict to skip it"
    )
