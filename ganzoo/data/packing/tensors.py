"""Tensors that a data set is slow to make, kept in the user's cache."""

from __future__ import annotations

import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from torch import Tensor

from ganzoo.cache.places import packs
from ganzoo.errors import UsageError, WeightsError, brief
from ganzoo.files import locked, written_whole
from ganzoo.weights import tensor_bytes
from ganzoo.weights.tensorfile import metadata, parse, read_buffer

log = logging.getLogger("ganzoo")

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SUFFIX = ".safetensors"


def packed_tensors(
    name: str, make: Callable[[], Mapping[str, Tensor]], saying: str
) -> dict[str, Tensor]:
    """Tensors from the cache, else made and kept there; see `ganzoo.datasets.packed`."""
    if not NAME.fullmatch(name):
        raise UsageError(f"a pack has a name such as chorales-1, found {brief(name)}")
    path = packs() / f"{name}{SUFFIX}"
    with ExitStack() as held:
        with suppress(OSError, sqlite3.Error):  # a cache that cannot be written
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting = f"another process is making {name}; waiting"
            held.enter_context(locked(path.with_suffix(".lock"), waiting))
        kept = read_pack(path)
        if kept is None:
            if saying:
                log.warning("%s", saying)
            kept = dict(make())
            _keep(path, kept)
    return kept


def _keep(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors with their digest; a warning says if they cannot be written."""
    data = tensor_bytes(tensors, {"format": 1, "sha256": digest_of(tensors)})
    try:
        with written_whole(path) as beside:
            beside.write_bytes(data)
    except OSError as error:
        log.warning("%s cannot be kept: %s", path, error.strerror or error)


def read_pack(path: Path) -> dict[str, Tensor] | None:
    """The tensors in a file, if it is there and whole."""
    try:
        buffer = read_buffer(path)
        tensors, about = parse(buffer, path), metadata(buffer, path)
    except WeightsError:
        return None
    whole = isinstance(about, dict) and about.get("sha256") == digest_of(tensors)
    return tensors if whole else None


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """Sha256 over names, shapes and contents."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {list(tensor.shape)} {tensor.dtype}\0".encode())
        digest.update(tensor.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()
