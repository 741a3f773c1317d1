"""Pairs of any data set: its pictures are the targets, and a transform makes the inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganzoo import Dataset, OwnPictures
from ganzoo.layers import Size
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.naming import Named, transform_named
from ganzoo_translate.splits import extractors_for, part_of
from ganzoo_translate.transforms import GIVEN


class Pairs(Dataset):
    """Pictures of the data set `of` as targets; the `transform` of each is its condition.

    Both are names, or `{"name": ..., "arguments": {...}}`. `path` takes the pictures of a folder in
    place of `of`, whatever that is; `size` and `channels` are passed on. In training each picture
    appears `variants` times, with other draws of the transform each time (other holes of a mask);
    among the test samples it appears once. The split is the set's own; of a set without one, a
    tenth of the pictures, chosen at random, is held out for the test.
    """

    condition_options: ClassVar[Mapping[str, str]] = {
        "given": "what the pictures are: inputs, or targets, of which inputs are made",
        "mask": "what is filled: a hole by name, a box top,left,bottom,right, or a black and white "
        "picture; transparent pixels are filled too",
    }

    def __init__(
        self,
        of: Named | None = None,
        transform: Named = "mask",
        split: str = "train",
        variants: int = 1,
        size: Size | None = None,
        channels: int | None = None,
        path: str | None = None,
    ) -> None:
        if type(variants) is not int or variants < 1:
            raise TranslateError(f"variants is a whole number of 1 or more, found {variants!r}")
        if path is not None:
            of = {"name": "folder", "arguments": {"path": path}}
        if of is None:
            raise TranslateError("pairs are made of a data set or of a folder: give of, or path")
        self.whole, self.rows = part_of(of, split, size, channels)
        self.transform = transform_named(transform)
        self.variants = self.copies = variants if split == "train" else 1
        self.sample_shape = tuple(self.whole.sample_shape)
        if len(self.sample_shape) != 3:
            raise TranslateError(f"pairs are made of pictures; {of!r} has {self.whole.kind}")
        self.condition_shape = self.transform.shape(self.sample_shape)
        self.value_range = self.whole.value_range
        self.kind, self.legend = self.whole.kind, self.whole.legend
        self.summary = self.whole.summary
        self._identity = json.dumps([transform, self.variants], sort_keys=True)

    @classmethod
    def conditions_of(cls, pictures: OwnPictures, **arguments: Any) -> Tensor:
        """Conditions of a user's pictures, by the transform of the model's own pairs."""
        return transform_named(arguments.get("transform", "mask")).of_own(pictures)

    @classmethod
    def condition_choices(cls, **arguments: Any) -> Mapping[str, tuple[str, ...]]:
        """What pictures can be, and the holes that the model was trained on."""
        holes = getattr(transform_named(arguments.get("transform", "mask")), "holes", ())
        return {"given": GIVEN, "mask": tuple(holes)}

    @property
    def extractor(self) -> str | None:  # type: ignore[override]
        """The extractor of the pictures' own data set."""
        return extractors_for(self.whole, self.rows)[0]

    @property
    def control(self) -> str | None:  # type: ignore[override]
        """The control of the pictures' own data set."""
        return extractors_for(self.whole, self.rows)[1]

    def __len__(self) -> int:
        return self.variants * len(self.rows)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> targets float32 [N, C, H, W], conditions float32 [N, *condition_shape]."""
        rows = self.rows[indices.cpu() % len(self.rows)]
        pictures, _ = self.whole.batch(rows)
        return pictures, self.transform(pictures, indices.to(pictures.device))

    def to(self, device: torch.device) -> None:
        """Move the pictures to the device if they fit there."""
        self.whole.to(device)

    def content_hash(self) -> str:
        """Of the pictures, their rows and the transform."""
        digest = hashlib.sha256(self.whole.content_hash().encode())
        digest.update(self.rows.numpy().data)
        digest.update(self._identity.encode())
        return digest.hexdigest()
