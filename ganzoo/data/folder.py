"""Images of one's own: any folder of them, packed once and then read from one file."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.mnist import data_root
from ganzoo.data.packing import find_or_make
from ganzoo.data.packs import LABELS, PIXELS, Wanted
from ganzoo.data.placing import beside, has_room
from ganzoo.data.rows import FileRows
from ganzoo.errors import DataError
from ganzoo.interfaces import Dataset

log = logging.getLogger("ganzoo")


class FolderImages(Dataset):
    """The images below a folder, centre-cropped and resized to `size`, ordered by path.

    `channels` is 3, or 1 for grey. With `labels`, the first sub-folder is an image's class, the
    classes numbered in the order of their names (`class_names`). Files that cannot be used are
    named and skipped; `strict` makes the first of them a `DataError`. The pack lies below
    $GANZOO_DATA and is made again when the folder's files change. However many images there are,
    memory holds a batch of them, and four bytes for each class.
    """

    def __init__(
        self, path: str, size: int, channels: int, labels: bool = False, strict: bool = False
    ) -> None:
        if size < 1:
            raise DataError(f"size must be 1 or more, found {size}")
        if channels not in (1, 3):
            raise DataError(f"channels is 1 or 3, found {channels}")
        wanted = Wanted(Path(path).expanduser().absolute(), size, channels, labels)
        place, pack = find_or_make(wanted, data_root() / "packed", strict=strict)
        if pack.unusable:
            log.warning("%s", pack.summary(place))
        self.sample_shape = (channels, size, size)
        self.class_names = pack.class_names
        self.num_classes = None if pack.class_names is None else len(pack.class_names)
        self._content_hash = pack.content_hash
        self._pixels = FileRows(place / PIXELS, self.sample_shape)
        self._labels = _read_labels(place / LABELS) if labels else None

    def __len__(self) -> int:
        return len(self._pixels)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices [N] -> images float32 [N, C, H, W] in [-1, 1], classes int64 [N] or None."""
        images = self._pixels.take(indices).float().div_(127.5).sub_(1.0)
        if self._labels is None:
            return images, None
        return images, self._labels.index_select(0, beside(indices, self._labels)).long()

    def to(self, device: torch.device) -> None:
        """Move the images and classes to the device, if they fit there."""
        self._pixels.to(device)
        if self._labels is not None and has_room(device, self._labels.nbytes):
            self._labels = self._labels.to(device)

    def content_hash(self) -> str:
        """Sha256 over all pixels and classes, taken when they were packed."""
        return self._content_hash


def _read_labels(file: Path) -> Tensor:
    """The classes int32 [rows]."""
    return torch.from_numpy(np.fromfile(file, np.int32))
