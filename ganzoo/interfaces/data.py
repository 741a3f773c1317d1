"""Data sets."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganzoo.errors import DataError

#: Samples read at a time when all are gone through.
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class OwnPictures:
    """A user's pictures, which a data set turns into conditions like its own.

    `sample_shape` and `condition_shape` are the model's. `read` decodes the pictures in a shape
    [C, H, W], where 4 channels keep alpha: float32 [N, C, H, W] in [-1, 1]. `choices` are the
    user's, by the names in the data set's `condition_options`. A data set whose conditions are no
    pictures reads `path`, a file or a folder, itself; None if they were given as a tensor.
    """

    sample_shape: tuple[int, ...]
    condition_shape: tuple[int, ...]
    read: Callable[[tuple[int, ...]], Tensor]
    choices: Mapping[str, str]
    path: Path | None = None


class Dataset(ABC):
    """Samples addressed by index, so that the engine decides their order.

    With a `condition_shape` each sample comes with a condition; `paired` means that the sample is
    the right answer to it, and grids then show it beside the generated one.

    `extractor` names the extractor in whose features its models are measured, as listed by
    `ganzoo plugins`, and `control` another that is measured beside it. Both are class attributes.

    `legend` says what the numbers of a sample mean, as JSON data such as {"alphabet": "abc"}: a
    model keeps that of its training data, writers and figures read it, and samples are compared
    only with data of the same legend.
    """

    sample_shape: tuple[int, ...]
    num_classes: int | None = None
    #: The classes' names by number, by which labels can be asked for.
    class_names: tuple[str, ...] | None = None
    condition_shape: tuple[int, ...] | None = None
    #: The names of the K numbers of conditions [K], by which conditions can be asked for:
    #: "hair=long03" for each value of a thing of which one is 1, else a number's own name.
    condition_names: tuple[str, ...] | None = None
    paired: bool = True
    #: How often all samples appear, one round after the other, as with other conditions each time.
    copies: int = 1
    #: What a user may choose where pictures become conditions: names, each with a line of help.
    condition_options: ClassVar[Mapping[str, str]] = {}
    kind: str = "image"
    value_range: tuple[float, float] | None = (-1.0, 1.0)
    extractor: str | None = None
    control: str | None = None
    #: One line that is shown when a training begins, such as how its files were changed.
    summary: str = ""
    legend: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.sample_shape))
        classes = f", {self.num_classes} classes" if self.num_classes else ""
        return f"<{type(self).__name__}: {len(self):,} samples of shape {shape}{classes}>"

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices int64 [N] -> samples float32 [N, *S] and labels int64 [N], or None.

        If `condition_shape` is set, the second are conditions float32 [N, *condition_shape].
        """

    @classmethod
    def is_here(cls) -> bool:
        """Whether it can be built without fetching anything; override it if files are fetched."""
        return True

    @classmethod
    def conditions_of(cls, pictures: OwnPictures, **arguments: Any) -> Tensor:
        """A user's pictures -> conditions float32 [N, *condition_shape]; by default as they are.

        `arguments` are those with which the model's data set is built, which need not be here.
        """
        return pictures.read(pictures.condition_shape)

    def kept_conditions(self) -> Tensor | None:
        """Conditions float32 [M, *condition_shape] that its models carry along and sample with.

        None, the default, stands for those of 64 test samples. Override it where those may not be
        given away.
        """
        return None

    @classmethod
    def condition_choices(cls, **arguments: Any) -> Mapping[str, tuple[str, ...]]:
        """Values of `condition_options` that can be listed, such as the names of holes.

        Pages offer them. `arguments` are those of `conditions_of`.
        """
        return {}

    def to(self, device: torch.device) -> None:  # noqa: B027 - not every data set has tensors
        """Move its tensors to the training's device, if they fit there.

        Does nothing unless overridden. Wherever they are, `batch` takes indices of any device.
        """

    def class_counts(self) -> Tensor:
        """How many samples each class has, int64 [num_classes], if it has classes.

        By default this reads all samples; a data set that holds its labels counts those.
        """
        if self.num_classes is None:
            raise DataError(f"{type(self).__name__} has no classes to count")
        counts = torch.zeros(self.num_classes, dtype=torch.long)
        for _, labels in self._chunks():
            if labels is None:
                raise DataError(f"{type(self).__name__} gives no labels to count")
            if not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
                raise DataError(
                    f"{type(self).__name__} has labels from {int(labels.min())} to "
                    f"{int(labels.max())}, and num_classes is {self.num_classes}"
                )
            counts += labels.cpu().bincount(minlength=self.num_classes)
        return counts

    def content_hash(self) -> str:
        """Identifies the content: sha256 over all samples and labels, in order."""
        digest = hashlib.sha256()
        for chunk in self._chunks():
            for tensor in chunk:
                if tensor is not None:
                    digest.update(tensor.contiguous().cpu().numpy().tobytes())
        return digest.hexdigest()

    def _chunks(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """All samples and labels, in order."""
        for start in range(0, len(self), CHUNK):
            yield self.batch(torch.arange(start, min(start + CHUNK, len(self))))
