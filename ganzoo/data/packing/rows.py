"""Rows of a file that stays on disk, read when they are needed."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.devices import beside, has_room
from ganzoo.errors import DataError

#: Rows copied to a device at a time.
BLOCK = 1024


class FileRows:
    """A file of uint8 [rows, *shape]; memory holds only the rows of the last batch.

    Rows are read by position, and the file is not mapped: mapped pages count as the process's
    memory, and Linux maps large folios of a megabyte and more for a row of 3 KB. Giving them back
    (MADV_DONTNEED) costs more than reading.
    """

    def __init__(self, file: Path, shape: tuple[int, ...]) -> None:
        self._file = file.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._path, self._shape = file, shape
        self._row_bytes = int(np.prod(shape))
        self._length = os.fstat(self._file.fileno()).st_size // self._row_bytes
        self._moved: Tensor | None = None

    def __len__(self) -> int:
        return self._length

    def take(self, indices: Tensor) -> Tensor:
        """Row numbers [N] -> bytes [N, *shape], on the CPU unless all rows were moved."""
        if self._moved is not None:
            return self._moved.index_select(0, beside(indices, self._moved))
        return self._read(indices.tolist())

    def to(self, device: torch.device) -> None:
        """Copy all rows to a GPU if they fit there; on the CPU they stay in their file."""
        if device.type != "cpu" and has_room(device, len(self) * self._row_bytes):
            self._moved = self._copied(device)

    def _copied(self, device: torch.device) -> Tensor:
        """All rows on a device, copied block by block."""
        moved = torch.empty((len(self), *self._shape), dtype=torch.uint8, device=device)
        for first in range(0, len(self), BLOCK):
            last = min(first + BLOCK, len(self))
            moved[first:last] = self._read(range(first, last))
        return moved

    def _read(self, rows: Sequence[int]) -> Tensor:
        if len(rows) and not 0 <= min(rows) <= max(rows) < len(self):
            raise IndexError(f"rows are 0 to {len(self) - 1}, found {min(rows)} to {max(rows)}")
        if sys.platform == "linux":  # all rows at once: three to five times faster from a disk
            for row in rows:
                os.posix_fadvise(
                    self._file.fileno(),
                    row * self._row_bytes,
                    self._row_bytes,
                    os.POSIX_FADV_WILLNEED,
                )
        pixels = np.empty((len(rows), self._row_bytes), np.uint8)
        for into, row in zip(pixels, rows, strict=True):
            if self._read_at(row * self._row_bytes, into.data) != self._row_bytes:
                raise DataError(f"{self._path} was truncated; start again to pack the images anew")
        return torch.from_numpy(pixels).view(-1, *self._shape)

    def _read_at(self, position: int, into: memoryview) -> int:
        """Fill `into` from the file without a shared position: safe across threads and forks."""
        if sys.platform == "win32":  # which has no such call
            data = np.fromfile(self._path, np.uint8, len(into), offset=position).tobytes()
            into[: len(data)] = data
            return len(data)
        return os.preadv(self._file.fileno(), [into], position)
