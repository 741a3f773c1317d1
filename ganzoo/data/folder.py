"""The user's own images: any folder of them, packed once and then read from one file."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.cache.places import packs
from ganzoo.data.devices import as_floats, beside, moved_if_room
from ganzoo.data.packing.folder_pack import find_or_make
from ganzoo.data.packing.manifest import Manifest
from ganzoo.data.packing.pack import LABELS, MANIFEST, PIXELS, Pack, PackRequest
from ganzoo.data.packing.rows import FileRows
from ganzoo.data.picture_form import Form, Size, said_size
from ganzoo.interfaces import Dataset

log = logging.getLogger("ganzoo")


class FolderImages(Dataset):
    """The images below a folder or in a zip, ordered by path, all made the same size.

    `size` is a side or [height, width]; `channels` is 3, or 1 for grey. Images of another shape are
    cropped in the middle; `fit="pad"` keeps them whole on `background`, and `fit="stretch"`
    distorts them. `background`, #rrggbb or a colour's name, shows where an image is transparent;
    `keep` makes alpha a fourth channel. With `labels`, an image's class is that of the
    root's dataset.json (`{"labels": [["00000/a.png", 3], ...]}`), else its first sub-folder, and
    those are numbered in the order of their names (`class_names`). Files that cannot be used are
    named and skipped; with `strict` the first of them is a `DataError`. The pack is stored in
    the user's cache, private to the user, and made again when the folder's files change. Memory
    holds one batch of images, and four bytes an image for its class.
    """

    extractor = "colours-and-edges"

    def __init__(
        self,
        path: str,
        size: Size,
        channels: int,
        labels: bool = False,
        strict: bool = False,
        fit: str = "crop",
        background: str = "white",
    ) -> None:
        form = Form.of(size, channels, fit, background)
        request = PackRequest(Path(path).expanduser().absolute(), form, labels)
        place, pack = find_or_make(request, packs(), strict=strict)
        self.request, self.place, self.pack = request, place, pack
        if pack.unusable:
            log.warning("%s", pack.summary(place))
        if pack.treatment is not None and pack.treatment.enlarged:
            log.warning("%s", _enlarged(pack.treatment.enlarged, pack.rows, form))
        self.sample_shape = (channels, form.height, form.width)
        self.summary = _summary(request, pack)
        self.class_names = pack.class_names
        self.num_classes = None if pack.class_names is None else len(pack.class_names)
        self._content_hash = pack.content_hash
        self._pixels = FileRows(place / PIXELS, self.sample_shape)
        self._labels = torch.from_numpy(np.fromfile(place / LABELS, np.int32)) if labels else None

    def _repr_png_(self) -> bytes:
        """The pictures as a network sees them, for notebooks."""
        from ganzoo.data.preview import sheet_png

        return sheet_png(self)

    def __repr__(self) -> str:
        return f"<{self.summary}>"

    def __len__(self) -> int:
        return len(self._pixels)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices [N] -> images float32 [N, C, H, W] in [-1, 1], classes int64 [N] or None."""
        images = as_floats(self._pixels.take(indices))
        if self._labels is None:
            return images, None
        return images, self._labels.index_select(0, beside(indices, self._labels)).long()

    def paths(self) -> list[str]:
        """The path of each image below the folder or in the zip, in their order."""
        with Manifest(self.place / MANIFEST) as manifest:
            return [os.fsdecode(path) for path in manifest.usable()]

    def class_counts(self) -> Tensor:
        """Images of each class, int64 [num_classes]."""
        if self._labels is None or self.num_classes is None:
            return super().class_counts()
        return self._labels.cpu().long().bincount(minlength=self.num_classes)

    def to(self, device: torch.device) -> None:
        """Move the images and classes to the device if they fit there."""
        self._pixels.to(device)
        if self._labels is not None:
            (self._labels,) = moved_if_room(device, self._labels)

    def content_hash(self) -> str:
        """Sha256 over all pixels and classes, taken when they were packed."""
        return self._content_hash


def _summary(request: PackRequest, pack: Pack) -> str:
    """One line: how many images there are, and how many were changed in which way."""
    images = f"{request.root.name}: {pack.rows:,} images made {request.form.size}"
    if pack.treatment is None:
        return f"{images} (packed by an earlier version, which did not count what it changed)"
    return f"{images}: {pack.treatment.described(request.form)}"


def _enlarged(count: int, rows: int, form: Form) -> str:
    """A warning about images with too few pixels."""
    return (
        f"{count:,} of {rows:,} images are smaller than {said_size((form.width, form.height))} "
        "and were enlarged, which blurs them; choose a smaller size, or remove them"
    )
